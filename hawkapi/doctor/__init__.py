"""Looks for what is risky in an application; `hawkapi doctor` on the command line."""

from __future__ import annotations

from hawkapi.doctor._report import format_human, format_json
from hawkapi.doctor._run import exit_code, load_app, run
from hawkapi.doctor.findings import Finding, Rule, Severity
from hawkapi.doctor.rules import ALL_RULES, THREAD_RULES

__all__ = [
    "ALL_RULES",
    "THREAD_RULES",
    "Finding",
    "Rule",
    "Severity",
    "exit_code",
    "format_human",
    "format_json",
    "load_app",
    "run",
]
