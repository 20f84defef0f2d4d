"""`hawkapi doctor`: what is risky in an application; with `--threads`, in its sources, with file and line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Final

from hawkapi.app import HawkAPI
from hawkapi.cli._application import describe, load
from hawkapi.cli._arguments import add_target
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL, watch
from hawkapi.cli._output import write
from hawkapi.doctor import (
    ALL_RULES,
    THREAD_RULES,
    Finding,
    Rule,
    Severity,
    exit_code,
    format_human,
    format_json,
    run,
)

DESCRIPTION: Final = (
    "Look for what is risky in an application: security, observability, performance, correctness, versions. With "
    "--threads: for what does not bear many event loops and threads, with file and line. Exits with 2 when an error "
    "is found, with 1 for a warning, else with 0."
)
SEVERITIES: Final = {"info": Severity.INFO, "warn": Severity.WARN, "error": Severity.ERROR}
"""The least first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument(
        "--threads", action="store_true", help="look for what many event loops and threads break instead"
    )
    parser.add_argument("--format", choices=("human", "json"), default="human", help="default human")
    parser.add_argument(
        "--severity", "--min-severity", choices=SEVERITIES, default="info", help="the least that counts, default info"
    )
    parser.add_argument("--offline", action="store_true", help="ask no package index for a newer hawkapi")
    parser.add_argument("--fix", action="store_true", help="mends nothing yet: each finding says how to")


def execute(options: argparse.Namespace) -> int:
    """Print what is found; 2 for an error, 1 for a warning, else 0.

    Raises:
        CommandError: there is no such application, or it is none of hawkapi's.
    """
    # The interpreter's own warning about the GIL is a finding here. What modules print is not part of the report.
    with watch(), redirect_stdout(sys.stderr):
        loaded = load(options.app, factory=options.factory)
    if not isinstance(loaded.app, HawkAPI):
        raise CommandError(f"{loaded.reference} is {describe(loaded.app)}, whose parts hawkapi does not know")
    rules: Sequence[Rule] = THREAD_RULES
    if not options.threads:
        rules = [rule for rule in ALL_RULES if not (options.offline and rule.requires_network)]
    findings = run(loaded.app, rules, min_severity=SEVERITIES[options.severity])
    _print(findings, loaded.reference, options)
    return exit_code(findings)


def _print(findings: list[Finding], reference: str, options: argparse.Namespace) -> None:
    """Print the report, and on stderr what it is not about: stdout stays JSON where that was asked for."""
    if options.fix:
        print("hawkapi: nothing was mended; each finding says how to", file=sys.stderr)  # noqa: T201
    if options.format == "json":
        write(format_json(findings, reference) + "\n", None)
        return
    # A terminal or a pipe that is not UTF-8 has no such markers; "?" for one is better than no report.
    encoding = sys.stdout.encoding or "utf-8"
    write(format_human(findings, reference).encode(encoding, "replace").decode(encoding) + "\n", None)
    if options.threads and not BUILT_WITHOUT_GIL:
        note = "this interpreter always has the GIL, so imports that switch it on were not looked for (DOC070)"
        print(f"hawkapi: {note}", file=sys.stderr)  # noqa: T201
