"""Runs rules, and says how a program that did so exits."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import Finding, Rule, Severity, SurveyRule
from hawkapi.doctor.rules import ALL_RULES
from hawkapi.doctor.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["exit_code", "load_app", "run"]


def run(app: HawkAPI, rules: Iterable[Rule] | None = None, *, min_severity: Severity = Severity.INFO) -> list[Finding]:
    """Return what rules find in an application, in the order of the rules.

    A rule that raises yields one finding of severity INFO that names it, and the others still run.

    Args:
        app: the application, with everything registered that it will have.
        rules: default `ALL_RULES`, one of which asks a package index; `THREAD_RULES` are those about threads.
        min_severity: the least that is reported, default everything.
    """
    survey: Survey | None = None
    findings: list[Finding] = []
    for rule in ALL_RULES if rules is None else rules:
        try:
            if isinstance(rule, SurveyRule):
                survey = survey or Survey(app)
                findings += rule.check_survey(survey)
            else:
                findings += rule.check(app)
        except Exception as exc:  # noqa: BLE001 - rules may be anybody's
            findings.append(_failure(rule, exc))
    return [finding for finding in findings if finding.severity >= min_severity]


def _failure(rule: Rule, exc: Exception) -> Finding:
    message = f"Rule {rule.id} raised an exception: {exc!r}"
    return Finding(rule.id, Severity.INFO, message, "Report it, with the code that it was run on.")


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 2 when there is an error among findings, 1 when there is a warning, else 0."""
    worst = max((finding.severity for finding in findings), default=Severity.INFO)
    return {Severity.INFO: 0, Severity.WARN: 1, Severity.ERROR: 2}[worst]


def load_app(module: str, attr: str) -> HawkAPI:
    """Import an application.

    Raises:
        SystemExit: with 1, after a line on stderr: the module cannot be imported, or has no such application.
    """
    try:
        app = getattr(importlib.import_module(module), attr)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - a user's module may raise anything
        _give_up(f"could not load {module}:{attr}: {type(exc).__name__}: {exc}")
    if not isinstance(app, HawkAPI):
        _give_up(f"{module}:{attr} is no HawkAPI application, but {type(app).__name__}")
    return app


def _give_up(reason: str) -> NoReturn:
    print(f"hawkapi doctor: {reason}", file=sys.stderr)  # noqa: T201 - a tool's function, by contract
    raise SystemExit(1)
