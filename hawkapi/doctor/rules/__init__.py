"""The rules, one module for each category."""

from __future__ import annotations

from hawkapi.doctor.rules.threads import THREAD_RULES

__all__ = ["THREAD_RULES"]
