"""`hawkapi diff`: whether clients of one version of an API can use another."""

from __future__ import annotations

import argparse
from typing import Any, Final

from hawkapi.cli._arguments import add_documents
from hawkapi.cli._documents import load_documents
from hawkapi.cli._output import as_json, write
from hawkapi.openapi import Change, Severity, detect_breaking_changes, format_report

DESCRIPTION: Final = (
    "Compare two versions of an API, and report what a client of the old one may notice. Exits with 1 when there is a "
    "breaking change. Additions are not reported."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_documents(parser)
    parser.add_argument("--format", choices=("human", "json"), default="human", help="default human")


def execute(options: argparse.Namespace) -> int:
    """Print the report; 1 when a change is breaking.

    Raises:
        CommandError: one of the documents cannot be had.
    """
    changes = detect_breaking_changes(*load_documents(options.old, options.new))
    if options.format == "json":
        write(as_json([row(change) for change in changes]), None)
    else:
        write((format_report(changes) if changes else "No API changes detected.") + "\n", None)
    return 1 if any(change.severity is Severity.BREAKING for change in changes) else 0


def row(change: Change) -> dict[str, Any]:
    """Return a change as a JSON object."""
    return {
        "type": change.type.value,
        "severity": change.severity.value,
        "path": change.path,
        "method": change.method,
        "description": change.description,
        "old_value": change.old_value,
        "new_value": change.new_value,
    }
