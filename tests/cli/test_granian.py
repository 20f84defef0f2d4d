"""What `hawkapi run` finds out before granian starts, which needs no granian."""

from __future__ import annotations

import dataclasses
import socket
import sys
from pathlib import Path

import pytest
from run_settings import SETTINGS

from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL
from hawkapi.cli._granian import resolve


def test_address_is_resolved() -> None:
    """granian takes no names, and says nowhere which port it has got."""
    resolved = resolve(dataclasses.replace(SETTINGS, host="localhost"))
    assert resolved.host in {"127.0.0.1", "::1"}
    assert resolved.port


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
def test_path_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of a Unix socket is free again afterwards."""
    monkeypatch.chdir(tmp_path)  # Full paths of temporary directories may be too long for one.
    settings = dataclasses.replace(SETTINGS, unix_socket=Path("s"))
    assert resolve(settings) == settings
    assert list(tmp_path.iterdir()) == []


def test_address_that_is_taken() -> None:
    """One line says so, where granian has a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"cannot listen on 127.0.0.1 port {port}: .*choose a different --port"):
            resolve(dataclasses.replace(SETTINGS, port=port))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ssl_certfile": Path("c.pem")}, "granian needs the key in a file of its own: give --ssl-keyfile"),
        (
            {"workers": 2} if BUILT_WITHOUT_GIL else {"threads": 2},
            "granian's workers are threads on free-threaded builds; use --threads, or --server uvicorn"
            if BUILT_WITHOUT_GIL
            else "granian has no threads on builds with the GIL; use --workers, or --server uvicorn",
        ),
    ],
    ids=["key", "shape"],
)
def test_options_that_granian_does_not_have(options: dict[str, object], message: str) -> None:
    """They are wrong usage."""
    with pytest.raises(CommandError) as caught:
        resolve(dataclasses.replace(SETTINGS, **options))  # type: ignore[arg-type] # the options of `Settings`
    assert (str(caught.value), caught.value.status) == (message, 2)
