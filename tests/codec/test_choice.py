"""Which codec is in use."""

from __future__ import annotations

import importlib.util

import pytest
from subprocesses import output_of, run_python

HAS_MSGSPEC = importlib.util.find_spec("msgspec") is not None
CHOICE = "import sys, hawkapi.codec as c; print(c.CODEC, 'msgspec' in sys.modules)"
HIDE = "import sys; sys.modules['msgspec'] = None; "
needs_msgspec = pytest.mark.skipif(not HAS_MSGSPEC, reason="msgspec is not installed")


def test_portable_when_asked_for() -> None:
    """`HAWKAPI_CODEC=portable` uses the portable codec and does not even load msgspec."""
    assert output_of(CHOICE, HAWKAPI_CODEC="portable") == "portable False"


@needs_msgspec
@pytest.mark.parametrize("wanted", ["msgspec", ""])
def test_msgspec_when_it_is_there(wanted: str) -> None:
    """msgspec is used when it can be imported, asked for or not."""
    assert output_of(CHOICE, HAWKAPI_CODEC=wanted) == "msgspec True"


def test_portable_without_msgspec() -> None:
    """Where msgspec cannot be imported, the portable codec is used."""
    assert output_of(HIDE + "import hawkapi.codec as c; print(c.CODEC)", HAWKAPI_CODEC="") == "portable"


def test_msgspec_asked_for_but_absent() -> None:
    """Asking for a codec that cannot be imported fails with what to do."""
    done = run_python("-c", HIDE + "import hawkapi", HAWKAPI_CODEC="msgspec")
    assert done.returncode == 1
    assert "HAWKAPI_CODEC=msgspec, but msgspec cannot be imported: pip install msgspec" in done.stderr


def test_unknown_codec() -> None:
    """A codec that does not exist is refused with the names of those that do."""
    done = run_python("-c", "import hawkapi", HAWKAPI_CODEC="orjson")
    assert done.returncode == 1
    assert "HAWKAPI_CODEC is 'orjson': set it to portable or msgspec, or unset it" in done.stderr
