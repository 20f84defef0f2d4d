"""Runs rules, and says how a program that did so exits."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NoReturn

from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import Finding, Rule, Severity, SurveyRule
from hawkapi.doctor.rules import ALL_RULES
from hawkapi.doctor.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["exit_code", "load_app", "run"]

REPORT: Final = "Report it, with the code that it was run on."
"""What to do about a failure of the doctor's own."""


def run(app: HawkAPI, rules: Iterable[Rule] | None = None, *, min_severity: Severity = Severity.INFO) -> list[Finding]:
    """Return what rules find in an application, in the order of the rules.

    A rule that raises yields one finding of severity INFO that names it, and the others still run. An application that
    cannot be read is one finding of severity ERROR, instead of all rules that would look at what was read.

    Args:
        app: the application, with everything registered that it will have.
        rules: default `ALL_RULES`, one of which asks a package index; `THREAD_RULES` are those about threads.
        min_severity: the least that is reported, default everything.
    """
    chosen = [*(ALL_RULES if rules is None else rules)]
    survey: Survey | None = None
    findings: list[Finding] = []
    reading = [rule for rule in chosen if isinstance(rule, SurveyRule)]
    if reading:
        try:
            survey = Survey(app)
        except Exception as exc:  # noqa: BLE001 - it reads what anybody has written
            findings.append(_unread(reading, exc))
    for rule in chosen:
        try:
            if not isinstance(rule, SurveyRule):
                findings += rule.check(app)
            elif survey is not None:
                findings += rule.check_survey(survey)
        except Exception as exc:  # noqa: BLE001 - rules may be anybody's
            findings.append(_failure(rule, exc))
    return [finding for finding in findings if finding.severity >= min_severity]


def _unread(rules: Sequence[SurveyRule], exc: Exception) -> Finding:
    names = ", ".join(rule.id for rule in rules)
    message = f"The application could not be read, so nothing was checked by {names}: {exc!r}"
    return Finding(rules[0].id, Severity.ERROR, message, REPORT)


def _failure(rule: Rule, exc: Exception) -> Finding:
    message = f"Rule {rule.id} raised an exception: {exc!r}"
    return Finding(rule.id, Severity.INFO, message, REPORT)


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
