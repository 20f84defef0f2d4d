"""The one moment that every archive of a build carries: the last commit's, or `SOURCE_DATE_EPOCH`.

https://reproducible-builds.org/specs/source-date-epoch/ defines the variable: seconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import os
from pathlib import Path

from console import CIError, run


def from_environment() -> int | None:
    """Read `SOURCE_DATE_EPOCH`; None when it is unset or empty.

    Raises:
        CIError: it is not a whole number of seconds that is at least 0.
    """
    text = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise CIError(f"SOURCE_DATE_EPOCH is {text!r}; set it to whole seconds since 1970, or unset it")
    return int(text)


def of_checkout(checkout: Path) -> int:
    """Return `SOURCE_DATE_EPOCH` when it is set, else the committer time of the checkout's last commit.

    Raises:
        CIError: the directory is not a git checkout with at least one commit.
    """
    given = from_environment()
    if given is not None:
        return given
    try:
        return int(run(["git", "-C", checkout, "log", "-1", "--format=%ct"]).stdout)
    except CIError as exc:
        raise CIError(
            f"no commit gives {checkout} a date; build from a git clone with a commit, or set SOURCE_DATE_EPOCH\n{exc}"
        ) from exc
