"""`hawkapi check`: what a document lacks that readers and generators of clients need."""

from __future__ import annotations

import argparse
from typing import Any, Final

from hawkapi.cli._arguments import add_target
from hawkapi.cli._documents import load_document
from hawkapi.cli._output import as_json, write
from hawkapi.openapi.linter import LintIssue, Severity, format_lint_report, lint

DESCRIPTION: Final = (
    "Look for gaps in an OpenAPI document, of an application or of a .json or .yaml file or URL. Exits with 1 when "
    "there are any."
)
SEVERITIES: Final = {severity.value: severity for severity in (Severity.INFO, Severity.WARNING, Severity.ERROR)}
"""The least first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument(
        "--severity",
        choices=SEVERITIES,
        default="info",
        help="the least that counts, default info: every issue; error leaves out handlers without a docstring",
    )
    parser.add_argument("--format", choices=("human", "json"), default="human", help="default human")


def execute(options: argparse.Namespace) -> int:
    """Print the report; 1 when there is anything in it.

    Raises:
        CommandError: there is no such document.
    """
    document = load_document(options.app, factory=options.factory)
    order = list(SEVERITIES.values())
    counted = order[order.index(SEVERITIES[options.severity]) :]
    issues = [issue for issue in lint(document) if issue.severity in counted]
    report = (
        as_json([row(issue) for issue in issues]) if options.format == "json" else format_lint_report(issues) + "\n"
    )
    write(report, None)
    return 1 if issues else 0


def row(issue: LintIssue) -> dict[str, Any]:
    """Return an issue as a JSON object."""
    return {
        "rule": issue.rule,
        "severity": issue.severity.value,
        "path": issue.path,
        "method": issue.method,
        "message": issue.message,
    }
