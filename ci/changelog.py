"""The version: one number in the tag, in the package and at the top of the changelog.

An entry of `docs/changelog.md` opens with `## 1.2.3 (2031-05-04)`, the newest first; the one being written says
`(unreleased)` instead of a date. A rehearsal accepts that word, a tag does not.
"""

from __future__ import annotations

import argparse
import datetime
import re
from pathlib import Path
from typing import Final, NamedTuple

from console import CIError, exit_with
from project import PROJECT, project_version

UNRELEASED: Final = "unreleased"
HEADING: Final = re.compile(r"## (?P<version>\S+) \((?P<date>unreleased|\d{4}-\d{2}-\d{2})\)")


class Entry(NamedTuple):
    """One version of the changelog."""

    version: str
    date: str
    """`YYYY-MM-DD` or `unreleased`."""
    notes: str


def parse_changelog(text: str) -> list[Entry]:
    """Split a changelog into its entries, newest first.

    Raises:
        CIError: a heading of the second level has another form or an impossible date.
    """
    _title, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return [_parse_entry(section) for section in sections]


def _parse_entry(section: str) -> Entry:
    title, _, notes = section.partition("\n")
    found = HEADING.fullmatch(title.rstrip())
    if found is None or not _is_date(found["date"]):
        raise CIError(f"changelog heading {title!r}: write it as '## 1.2.3 (2031-05-04)' or '## 1.2.3 (unreleased)'")
    return Entry(found["version"], found["date"], notes.strip())


def _is_date(text: str) -> bool:
    if text == UNRELEASED:
        return True
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def version_problems(tag: str, version: str, entries: list[Entry], *, rehearsal: bool = False) -> list[str]:
    """Compare tag, package and changelog; return one sentence per disagreement.

    Args:
        tag: name of the Git tag, for example `v1.2.3`.
        version: what the package says of itself.
        entries: the changelog, newest first.
        rehearsal: accept an entry that is still `unreleased`.
    """
    problems = []
    if tag != f"v{version}":
        problems.append(f"the tag is {tag}, but hawkapi.__version__ is {version}; the tag must be v{version}")
    if not entries:
        return [*problems, f"the changelog has no entry; add '## {version} ({UNRELEASED})' and what changed"]
    newest = entries[0]
    if newest.version != version:
        problems.append(f"the newest changelog entry is {newest.version}, but hawkapi.__version__ is {version}")
    if newest.date == UNRELEASED and not rehearsal:
        problems.append(f"the changelog entry of {newest.version} is {UNRELEASED}; write the day of the release")
    if not newest.notes:
        problems.append(f"the changelog entry of {newest.version} says nothing; write what changed")
    return problems


def check_versions(tag: str | None, project: Path) -> str:
    """Check a tag against the files of a checkout; without a tag, rehearse the one that fits.

    Returns:
        What agrees, in a few words.

    Raises:
        CIError: they do not agree.
    """
    version = project_version(project)
    changelog = project / "docs" / "changelog.md"
    try:
        entries = parse_changelog(changelog.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise CIError(f"{changelog} is missing; a release is described there") from exc
    problems = version_problems(tag or f"v{version}", version, entries, rehearsal=tag is None)
    if problems:
        raise CIError("; ".join(problems))
    return f"{tag or f'v{version} (no tag yet)'} = {version} = changelog ({entries[0].date})"


def main() -> int:
    """Check the tag that the command line names."""
    parser = argparse.ArgumentParser(description="Check that tag, version and changelog agree.")
    parser.add_argument("--tag", help="the tag of the release; without it an unreleased entry is accepted")
    parser.add_argument("--project", type=Path, default=PROJECT, help="checkout to read (default: this one)")
    options = parser.parse_args()
    print(check_versions(options.tag, options.project))
    return 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))
