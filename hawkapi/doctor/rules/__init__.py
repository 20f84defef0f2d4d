"""The rules, one module for each category."""

from __future__ import annotations

from typing import Final

from hawkapi.doctor.findings import AppRule
from hawkapi.doctor.rules.correctness import CORRECTNESS_RULES
from hawkapi.doctor.rules.deps import DEPS_RULES
from hawkapi.doctor.rules.observability import OBSERVABILITY_RULES
from hawkapi.doctor.rules.performance import PERFORMANCE_RULES
from hawkapi.doctor.rules.security import SECURITY_RULES
from hawkapi.doctor.rules.threads import THREAD_RULES

__all__ = ["ALL_RULES", "THREAD_RULES"]

ALL_RULES: Final[tuple[AppRule, ...]] = (
    *SECURITY_RULES,
    *OBSERVABILITY_RULES,
    *PERFORMANCE_RULES,
    *CORRECTNESS_RULES,
    *DEPS_RULES,
)
"""What `hawkapi doctor` looks for without `--threads`: `DOC010` to `DOC051`."""
