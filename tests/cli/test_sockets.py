"""The sockets that `hawkapi run` listens on."""

from __future__ import annotations

import dataclasses
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_settings import SETTINGS

from hawkapi.cli._admission import admit_again, admit_nobody_new
from hawkapi.cli._errors import CommandError
from hawkapi.cli._sockets import bound_sockets

needs_unix_sockets = pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux filters connection requests")


@pytest.fixture
def path() -> Iterator[Path]:
    """Give a path short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="hawkapi-") as directory:
        yield Path(directory, "s")


@pytest.mark.parametrize("count", [1, 3])
def test_port(count: int) -> None:
    """Each loop has a socket of its own, all for one port, and none listens yet."""
    with bound_sockets(SETTINGS, count) as sockets:
        addresses = {each.getsockname() for each in sockets}
        assert (len(sockets), len({each.fileno() for each in sockets}), len(addresses)) == (count, count, 1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(addresses.pop(), timeout=5)


@pytest.mark.parametrize("count", [1, 2])
def test_port_that_is_taken(count: int) -> None:
    """A port that anyone listens on is refused, also when several sockets share one."""
    with bound_sockets(SETTINGS, 2) as sockets:
        sockets[0].listen()
        port = sockets[0].getsockname()[1]
        with (
            pytest.raises(CommandError) as caught,
            bound_sockets(dataclasses.replace(SETTINGS, port=port), count),
        ):
            raise AssertionError("it was given out")
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1 port {port}: Address already in use; another program uses it, choose a different "
        "--port"
    )


def test_host_that_is_unknown() -> None:
    """A host that does not exist is named."""
    settings = dataclasses.replace(SETTINGS, host="nowhere.invalid")
    with pytest.raises(CommandError, match=r"^cannot listen on nowhere\.invalid port 0: "), bound_sockets(settings, 1):
        raise AssertionError("it was found")


@needs_unix_sockets
def test_unix_socket(path: Path) -> None:
    """The file appears, everyone who may enter its directory may connect, and it is removed at the end."""
    with bound_sockets(dataclasses.replace(SETTINGS, unix_socket=path), 2) as sockets:
        mode = path.stat().st_mode
        assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o666)
        assert {each.getsockname() for each in sockets} == {str(path)}
    assert not path.exists()
    assert {each.fileno() for each in sockets} == {-1}


@needs_unix_sockets
def test_unix_socket_that_was_left_behind(path: Path) -> None:
    """The file of a server that was killed is replaced."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with bound_sockets(dataclasses.replace(SETTINGS, unix_socket=path), 1) as sockets:
        assert sockets[0].getsockname() == str(path)


@needs_unix_sockets
@pytest.mark.parametrize("what", ["server", "file"])
def test_unix_socket_that_is_taken(what: str, path: Path) -> None:
    """Neither a server's socket nor a file is replaced."""
    with socket.socket(socket.AF_UNIX) as alive:
        if what == "server":
            alive.bind(str(path))
            alive.listen()
        else:
            path.write_text("kept")
        with (
            pytest.raises(CommandError) as caught,
            bound_sockets(dataclasses.replace(SETTINGS, unix_socket=path), 1),
        ):
            raise AssertionError("it was given out")
    assert str(caught.value) == f"cannot listen on {path}: Address already in use"
    assert path.exists()


@needs_linux
def test_nobody_new_is_admitted() -> None:
    """Who has connected can be accepted; a new client waits, until the socket is open to newcomers again."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        early = socket.create_connection(listening.getsockname(), timeout=5)
        assert admit_nobody_new(listening) is True
        with pytest.raises(TimeoutError):
            socket.create_connection(listening.getsockname(), timeout=0.2)
        early.sendall(b"hello")
        accepted, _ = listening.accept()
        assert accepted.recv(5) == b"hello"
        admit_again(listening)
        socket.create_connection(listening.getsockname(), timeout=5).close()
        accepted.close()
        early.close()


@needs_unix_sockets
def test_unix_socket_cannot_be_filtered() -> None:
    """A Unix socket has no connection requests to drop; opening it again does nothing."""
    with socket.socket(socket.AF_UNIX) as listening:
        assert admit_nobody_new(listening) is False
        admit_again(listening)
