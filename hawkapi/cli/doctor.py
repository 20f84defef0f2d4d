"""`hawkapi doctor`: what is risky in an application, with file and line."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from typing import Final

from hawkapi.app import HawkAPI
from hawkapi.cli._application import describe, load
from hawkapi.cli._arguments import add_target
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL, watch
from hawkapi.cli._output import write
from hawkapi.doctor import THREAD_RULES, Severity, exit_code, format_human, format_json, run

DESCRIPTION: Final = (
    "Look for what is risky in an application. With --threads: what does not bear many event loops and threads, with "
    "file and line. Exits with 2 when an error is found, with 1 for a warning, else with 0."
)
SEVERITIES: Final = {"info": Severity.INFO, "warn": Severity.WARN, "error": Severity.ERROR}
"""The least first."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument("--threads", action="store_true", help="look for what many event loops and threads break")
    parser.add_argument("--format", choices=("human", "json"), default="human", help="default human")
    parser.add_argument(
        "--severity", "--min-severity", choices=SEVERITIES, default="info", help="the least that counts, default info"
    )
    parser.add_argument(
        "--offline", action="store_true", help="leave out rules that need a network; none of those of --threads does"
    )


def execute(options: argparse.Namespace) -> int:
    """Print what is found; 2 for an error, 1 for a warning, else 0.

    Raises:
        CommandError: there is no such application, it is none of hawkapi's, or nothing to look for was named.
    """
    if not options.threads:
        raise CommandError("the doctor's rules are about threads and event loops so far; add --threads", status=2)
    # The interpreter's own warning about the GIL is a finding here. What modules print is not part of the report.
    with watch(), redirect_stdout(sys.stderr):
        loaded = load(options.app, factory=options.factory)
    if not isinstance(loaded.app, HawkAPI):
        raise CommandError(f"{loaded.reference} is {describe(loaded.app)}, whose parts hawkapi does not know")
    findings = run(loaded.app, THREAD_RULES, min_severity=SEVERITIES[options.severity])
    if options.format == "json":
        write(format_json(findings, loaded.reference) + "\n", None)
        return exit_code(findings)
    # A terminal or a pipe that is not UTF-8 has no such markers; "?" for one is better than no report.
    encoding = sys.stdout.encoding or "utf-8"
    write(format_human(findings, loaded.reference).encode(encoding, "replace").decode(encoding) + "\n", None)
    if not BUILT_WITHOUT_GIL:
        note = "this interpreter always has the GIL, so imports that switch it on were not looked for (DOC070)"
        print(f"hawkapi: {note}", file=sys.stderr)  # noqa: T201
    return exit_code(findings)
