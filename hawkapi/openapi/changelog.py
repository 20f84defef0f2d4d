"""Changes of an API as a page for its users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hawkapi.openapi._walk import one_line
from hawkapi.openapi.breaking_changes import Change, Severity

__all__ = ["generate_changelog"]

HEADINGS: Final = ((Severity.BREAKING, "Breaking"), (Severity.WARNING, "Changed"), (Severity.INFO, "Info"))


def generate_changelog(changes: Sequence[Change], *, title: str = "API Changelog") -> str:
    """Return changes as Markdown, the breaking ones first.

    Args:
        changes: what `detect_breaking_changes` returns.
        title: the heading, default "API Changelog".
    """
    lines = [f"# {title}", ""]
    for severity, heading in HEADINGS:
        found = [change for change in changes if change.severity is severity]
        if found:
            lines += [f"## {heading}", ""]
            lines += [
                one_line(f"- **{change.method.upper()} {change.path}**: {change.description}") for change in found
            ]
            lines.append("")
    return "\n".join(lines) if changes else f"# {title}\n\nNo changes detected.\n"
