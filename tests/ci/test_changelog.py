"""The tag, the package and the changelog must name one version."""

from __future__ import annotations

from pathlib import Path

import changelog
import pytest
from changelog import Entry
from console import CIError
from project import PROJECT, project_version

RELEASED = Entry("1.2.3", "2031-05-04", "- Something.")


def make_project(directory: Path, version: str, text: str) -> Path:
    """Make a checkout with a package and a changelog."""
    (directory / "hawkapi").mkdir()
    (directory / "hawkapi" / "__init__.py").write_text(f'"""hawkapi."""\n\n__version__ = "{version}"\n')
    (directory / "docs").mkdir()
    (directory / "docs" / "changelog.md").write_text(text)
    return directory


def test_parse_changelog_reads_every_entry() -> None:
    """Entries come newest first with version, date and notes; what stands above them is skipped."""
    newer = "## 1.3.0 (unreleased)\n\n- New.\n\n### Fixed\n\n- Old.\n"
    older = "## 1.2.3 (2031-05-04)\n\n- Something.\n"
    assert changelog.parse_changelog(f"# Changelog\n\nAbout.\n\n{newer}\n{older}") == [
        Entry("1.3.0", "unreleased", "- New.\n\n### Fixed\n\n- Old."),
        RELEASED,
    ]


@pytest.mark.parametrize(
    "heading",
    ["## 1.2.3", "## 1.2.3 - 2031-05-04", "## [1.2.3] (soon)", "## 1.2.3 (2031-13-04)", "## 1.2.3 (2031-05-04) yanked"],
    ids=["no date", "dash", "word", "no such month", "something after"],
)
def test_parse_changelog_refuses_other_headings(heading: str) -> None:
    """A heading in another form is refused with the heading and the right form."""
    with pytest.raises(CIError, match=r"changelog heading .*write it as '## 1\.2\.3 \(2031-05-04\)'"):
        changelog.parse_changelog(f"{heading}\n\n- Something.\n")


def test_version_problems_is_empty_when_all_agree() -> None:
    """Tag, package and newest entry agree: there is nothing to say."""
    assert changelog.version_problems("v1.2.3", "1.2.3", [RELEASED]) == []


@pytest.mark.parametrize(
    ("tag", "entries", "problem"),
    [
        ("v1.2.4", [RELEASED], "the tag is v1.2.4"),
        ("1.2.3", [RELEASED], "the tag must be v1.2.3"),
        ("v1.2.3", [Entry("1.2.2", "2031-05-04", "- X."), RELEASED], "the newest changelog entry is 1.2.2"),
        ("v1.2.3", [], "the changelog has no entry"),
        ("v1.2.3", [Entry("1.2.3", "unreleased", "- X.")], "write the day of the release"),
        ("v1.2.3", [Entry("1.2.3", "2031-05-04", "")], "says nothing"),
    ],
    ids=["other tag", "tag without v", "other entry on top", "no entry", "unreleased", "empty entry"],
)
def test_version_problems_names_each_disagreement(tag: str, entries: list[Entry], problem: str) -> None:
    """One disagreement gives one sentence that says what to change."""
    (found,) = changelog.version_problems(tag, "1.2.3", entries)
    assert problem in found


def test_check_versions_accepts_unreleased_only_in_a_rehearsal(tmp_path: Path) -> None:
    """Without a tag the entry may still be unreleased; with one it may not."""
    project = make_project(tmp_path, "1.2.3", "## 1.2.3 (unreleased)\n\n- Something.\n")
    assert changelog.check_versions(None, project) == "v1.2.3 (no tag yet) = 1.2.3 = changelog (unreleased)"
    with pytest.raises(CIError, match="write the day of the release"):
        changelog.check_versions("v1.2.3", project)


def test_check_versions_without_a_changelog_says_so(tmp_path: Path) -> None:
    """A missing changelog is a failure with a sentence, not a traceback."""
    project = make_project(tmp_path, "1.2.3", "")
    (project / "docs" / "changelog.md").unlink()
    with pytest.raises(CIError, match=r"changelog\.md is missing"):
        changelog.check_versions(None, project)


def test_project_version_without_the_line_says_so(tmp_path: Path) -> None:
    """A package without __version__ is a failure with a sentence."""
    checkout = make_project(tmp_path, "1.2.3", "")
    (checkout / "hawkapi" / "__init__.py").write_text("")
    with pytest.raises(CIError, match="has no line __version__"):
        project_version(checkout)


def test_changelog_of_this_checkout_agrees_with_the_package() -> None:
    """The rehearsal passes on the files that are committed."""
    assert changelog.check_versions(None, PROJECT).startswith("v")
