"""Findings as text for a person, and as JSON for a program."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Final

from hawkapi.doctor._run import exit_code
from hawkapi.doctor.findings import Finding, Severity

__all__ = ["format_human", "format_json"]

MARKERS: Final = {Severity.ERROR: "✖", Severity.WARN: "⚠", Severity.INFO: "\u2139"}
COLOURS: Final = {Severity.ERROR: "31", Severity.WARN: "33", Severity.INFO: "36"}
"""ANSI (ECMA-48, SGR): red, yellow, cyan."""
NAMES: Final = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.INFO: "info"}


def format_human(findings: Sequence[Finding], app_spec: str) -> str:
    """Return findings as text, the worst first.

    In colours when stdout is a terminal, and nobody asked for none: `NO_COLOR` is set to something (no-color.org).
    """
    colourful = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    blocks = [f"hawkapi doctor — {app_spec}"]
    # `sorted` is stable: findings of one severity stay in the order of the rules.
    blocks += [_block(finding, colourful) for finding in sorted(findings, key=lambda finding: -finding.severity)]
    if not findings:
        blocks.append("No findings. All checks passed.")
    counts = _counts(findings)
    blocks.append(
        f"Summary: {counts[Severity.ERROR]} errors, {counts[Severity.WARN]} warnings, {counts[Severity.INFO]} info"
        f" · exit {exit_code(findings)}"
    )
    return "\n\n".join(blocks)


def _block(finding: Finding, colourful: bool) -> str:
    marker = MARKERS[finding.severity]
    if colourful:
        marker = f"\x1b[{COLOURS[finding.severity]}m{marker}\x1b[0m"
    lines = [f"{marker}  {finding.rule_id}  {finding.location or finding.rule_id}", f"   {finding.message}"]
    if finding.fix is not None:
        lines.append(f"   Fix: {finding.fix}")
    if finding.docs_url is not None:
        lines.append(f"   {finding.docs_url}")
    return "\n".join(lines)


def _counts(findings: Sequence[Finding]) -> dict[Severity, int]:
    return {severity: sum(finding.severity is severity for finding in findings) for severity in Severity}


def format_json(findings: Sequence[Finding], app_spec: str) -> str:
    """Return findings as a JSON object, in the order they have; what a finding lacks is `null`."""
    counts = _counts(findings)
    report = {
        "app": app_spec,
        "summary": {
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARN],
            "info": counts[Severity.INFO],
            "total": len(findings),
        },
        "findings": [
            {
                "rule_id": finding.rule_id,
                "severity": NAMES[finding.severity],
                "message": finding.message,
                "fix": finding.fix,
                "location": finding.location,
                "docs_url": finding.docs_url,
            }
            for finding in findings
        ],
    }
    return json.dumps(report, indent=2)
