"""Versions of what is installed: `DOC050` and `DOC051`."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import AppRule, Found, Severity

__all__ = ["DEPS_RULES"]

REQUEST_TIMEOUT_S: Final = 2
PROGRAM_TIMEOUT_S: Final = 5
"""An installer needs a second before it asks."""
OLDEST_MSGSPEC: Final = (0, 19)


def _rule(
    rule_id: str,
    severity: Severity,
    title: str,
    look: Callable[[HawkAPI], Iterable[Found]],
    *,
    requires_network: bool = False,
) -> AppRule:
    return AppRule(rule_id, "deps", severity, title, look, requires_network)


def newest_release(timeout_s: float = PROGRAM_TIMEOUT_S) -> str | None:
    """Ask the installer, pip or else uv, for the newest release of hawkapi in the index that it is configured for.

    SECURITY: an address of our own would tell a host that the user never chose that the application exists, and would
    be wrong behind a mirror.
    """
    if importlib.util.find_spec("pip") is not None:
        options = ["--disable-pip-version-check", "--no-input", "--retries=0", f"--timeout={REQUEST_TIMEOUT_S}"]
        command = [sys.executable, "-m", "pip", "index", "versions", *options, "hawkapi"]
        pattern, given = r"^hawkapi \(([^)]+)\)", ""
    elif (uv := shutil.which("uv")) is not None:
        options = ["--quiet", "--no-deps", "--no-header", "--no-annotate", f"--python={sys.executable}"]
        command = [uv, "pip", "compile", *options, "-"]
        pattern, given = r"^hawkapi==(\S+)", "hawkapi"
    else:
        return None
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=timeout_s)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(pattern, done.stdout, re.MULTILINE)
    return found[1] if found is not None else None


def outdated(own: str, newest: str | None) -> Iterator[Found]:
    """Find that a release is newer than what is installed."""
    if newest is not None and _release(newest) > _release(own):
        message = f"hawkapi {newest} has been released, and {own} is installed."
        yield Found(message, "Read its changelog, and update: pip install --upgrade hawkapi.")


def _old_hawkapi(_app: HawkAPI) -> Iterator[Found]:
    # Not from the metadata of a distribution, which a checkout does not have.
    own: str = importlib.import_module("hawkapi").__version__
    return outdated(own, newest_release())


def _old_msgspec(_app: HawkAPI) -> Iterator[Found]:
    try:
        version = importlib.metadata.version("msgspec")
    except importlib.metadata.PackageNotFoundError:
        return
    if _release(version) < OLDEST_MSGSPEC:
        message = f"msgspec {version} is installed; hawkapi needs 0.19 or newer to use it."
        yield Found(message, "Update it: pip install --upgrade msgspec.")


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version (PEP 440) without zeros at the end; what follows them does not count."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    numbers = [int(number) for number in found[1].split(".")] if found is not None else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


DOC050: Final = _rule("DOC050", Severity.INFO, "a newer hawkapi", _old_hawkapi, requires_network=True)
DOC051: Final = _rule("DOC051", Severity.WARN, "a msgspec that is too old", _old_msgspec)

DEPS_RULES: Final = (DOC050, DOC051)
