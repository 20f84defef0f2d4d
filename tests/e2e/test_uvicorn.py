"""The example application, served by uvicorn over real connections."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from subprocesses import environment

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TIMEOUT_S = 30


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Serve the example on a free loopback port; the server must stop cleanly and have nothing to complain about."""
    # The socket listens before the server runs, so a client that comes early waits in its queue.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = ["--app-dir", str(EXAMPLES), "--fd", str(listening.fileno()), "--lifespan", "on"]
        command = [
            sys.executable,
            "-P",
            "-W",
            "error",
            "-m",
            "uvicorn",
            "hello:app",
            "--log-level",
            "warning",
            *options,
        ]
        with subprocess.Popen(
            command, env=environment(), pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True
        ) as server:
            yield listening.getsockname()
            server.terminate()
            _, complaints = server.communicate(timeout=TIMEOUT_S)
    assert complaints == ""


def ask(address: tuple[str, int], method: str, target: str, body: bytes | None = None) -> tuple[int, Any, bytes]:
    """Send one request on a connection of its own; return status, header fields and body."""
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "answer"),
    [
        pytest.param("GET", "/hello/world", None, 200, {"message": "Hello, world."}, id="path"),
        pytest.param("GET", "/hello/w%C3%B6rld/?excited=yes", None, 200, {"message": "Hello, wörld!"}, id="query"),
        pytest.param("GET", "/items/7?q=a+b", None, 200, {"item_id": 7, "q": "a b"}, id="worker-thread"),
        pytest.param(
            "POST", "/items", b'{"name":"x","price":1}', 201, {"name": "x", "price": 1.0, "tags": None}, id="body"
        ),
    ],
)
def test_answer(
    address: tuple[str, int], method: str, target: str, body: bytes | None, status: int, answer: object
) -> None:
    """Path, query and body reach the handler, and its result the client."""
    got, headers, data = ask(address, method, target, body)
    assert (got, json.loads(data)) == (status, answer)
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "kind"),
    [
        pytest.param("GET", "/nothing", None, 404, "not-found", id="no-route"),
        pytest.param("GET", "/items/x", None, 404, "not-found", id="path-of-the-wrong-type"),
        pytest.param("PUT", "/items", None, 405, "method-not-allowed", id="wrong-method"),
        pytest.param("GET", "/hello/x?excited=banana", None, 400, "validation", id="query-of-the-wrong-type"),
        pytest.param("POST", "/items", b'{"name":1}', 400, "validation", id="body-of-the-wrong-type"),
        pytest.param("POST", "/items", b'{"name":', 400, "validation", id="malformed-json"),
        pytest.param("POST", "/items", b'{"name":"\xff"}', 400, "validation", id="not-utf-8"),
        pytest.param("POST", "/items", None, 400, "validation", id="no-body"),
        pytest.param("POST", "/items", b" " * (10 * 1024 * 1024 + 1), 413, "payload-too-large", id="too-large"),
    ],
)
def test_problem(
    address: tuple[str, int], method: str, target: str, body: bytes | None, status: int, kind: str
) -> None:
    """What is wrong with a request is told in a problem document."""
    got, headers, data = ask(address, method, target, body)
    document = json.loads(data)
    assert (got, document["status"], document["type"].rpartition("/")[2]) == (status, status, kind)
    assert headers["content-type"] == "application/problem+json"


def test_head(address: tuple[str, int]) -> None:
    """HEAD has the fields of GET and no body."""
    _, get, body = ask(address, "GET", "/hello/world")
    status, head, nothing = ask(address, "HEAD", "/hello/world")
    assert (status, nothing) == (200, b"")
    assert head["content-length"] == get["content-length"] == str(len(body))


def read_response(stream: Any) -> tuple[bytes, bytes]:
    """Read one response from a connection: its status line and its body."""
    status = stream.readline()
    size = 0
    while (line := stream.readline()) not in {b"\r\n", b""}:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    return status.rstrip(), stream.read(size)


def test_connection_is_kept_after_an_error(address: tuple[str, int]) -> None:
    """Requests on one connection, errors and HEAD among them, each get their own response."""
    host = f"Host: {address[0]}\r\n".encode()
    with socket.create_connection(address, timeout=TIMEOUT_S) as connection, connection.makefile("rb") as stream:
        for request, line, body in (
            (b"GET /nothing HTTP/1.1\r\n" + host + b"\r\n", b"HTTP/1.1 404 Not Found", b'"status":404'),
            (
                b"POST /items HTTP/1.1\r\n" + host + b"Content-Length: 1\r\n\r\n{",
                b"HTTP/1.1 400 Bad Request",
                b"malformed",
            ),
            (b"OPTIONS /items HTTP/1.1\r\n" + host + b"\r\n", b"HTTP/1.1 204 No Content", b""),
            (b"GET /hello/you HTTP/1.1\r\n" + host + b"\r\n", b"HTTP/1.1 200 OK", b"Hello, you."),
        ):
            connection.sendall(request)
            status, content = read_response(stream)
            assert status == line
            assert body in content
