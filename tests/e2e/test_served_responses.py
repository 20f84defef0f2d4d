"""Responses of every kind, served by uvicorn over real connections."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from subprocesses import environment

SUPPORT = Path(__file__).parents[1] / "support"
TIMEOUT_S = 30


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Serve the responses on a free loopback port."""
    # The socket listens before the server runs, so a client that comes early waits in its queue.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = ["--app-dir", str(SUPPORT), "--fd", str(listening.fileno()), "--lifespan", "off"]
        command = [sys.executable, "-P", "-m", "uvicorn", "served_responses:app", "--log-level", "critical", *options]
        with subprocess.Popen(command, env=environment(), pass_fds=[listening.fileno()]) as server:
            yield listening.getsockname()
            server.terminate()
            server.wait(timeout=TIMEOUT_S)


@pytest.fixture
def connection(address: tuple[str, int]) -> Iterator[http.client.HTTPConnection]:
    """Return a connection; a test that uses it twice proves that the server has kept it."""
    client = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    yield client
    client.close()


def test_responses_on_one_connection(connection: http.client.HTTPConnection) -> None:
    """Every framing is one that leaves the connection usable."""
    source = (SUPPORT / "served_responses.py").read_bytes()
    for method, path, headers, status, body in (
        ("GET", "/numbers", {}, 200, b"one two three"),
        ("HEAD", "/numbers", {}, 200, b""),
        ("GET", "/nothing", {}, 204, b""),
        ("GET", "/reset", {}, 205, b""),
        ("GET", "/moved", {}, 307, b""),
        ("HEAD", "/file", {}, 200, b""),
        ("GET", "/file", {}, 200, source),
        ("GET", "/file", {"Range": "bytes=3-9"}, 206, source[3:10]),
        ("GET", "/file", {"If-None-Match": "*"}, 304, b""),
    ):
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        assert (path, response.status, response.read()) == (path, status, body)


def test_broken_stream_is_seen_as_broken(connection: http.client.HTTPConnection) -> None:
    """The client learns that something is missing."""
    connection.request("GET", "/broken")
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()


@pytest.mark.parametrize("path", ["/quiet", "/quiet-events"])
def test_client_that_goes(address: tuple[str, int], connection: http.client.HTTPConnection, path: str) -> None:
    """A stream that has nothing to send is closed when its client goes."""
    with socket.create_connection(address, timeout=TIMEOUT_S) as leaving:
        leaving.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        received = b""
        while b"first" not in received:
            received += leaving.recv(4096)
    connection.request("GET", f"/closed{path}")
    assert connection.getresponse().read() == b"closed"
