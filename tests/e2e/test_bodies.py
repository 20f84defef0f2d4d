"""Request bodies over a real connection: framing, limits, forms and files arrive as they were sent, or are refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import httpx
import pytest
from servers import Served
from wire import Connection, chunked, connected, request_bytes

MIB = 1024 * 1024
LIMIT = MIB
"""`max_body_size` of the application."""

CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "sizes",
    [[], [1], [1] * 50, [3, 1, 4, 1, 5, 9, 2, 6], [4096], [65_535, 1, 65_536], [100_000]],
    ids=["one", "byte-and-rest", "bytes", "odd", "page", "around-64k", "all"],
)
@pytest.mark.parametrize("target", ["/echo", "/upload/stream"])
def test_chunked_body(server: Served, target: str, sizes: list[int]) -> None:
    """The sizes of chunks do not matter."""
    body = bytes(index % 251 for index in range(100_000))
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", target, [CHUNKED]) + chunked(body, sizes))
        answer = connection.answer("POST")
        if target == "/echo":
            assert answer.body == body
        else:
            assert json.loads(answer.body) == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        still_open(connection)


def still_open(connection: Connection) -> None:
    """Check that the connection serves the next request."""
    connection.send(request_bytes("GET", "/plain"))
    assert connection.answer().body == b"plain text\n"


def open_or_closed(server: Served, connection: Connection) -> None:
    """Check that the next request on a connection gets its own answer, or that the connection was closed."""
    if server.leaves_clients_waiting:
        return
    if not connection.send_unless_closed(request_bytes("GET", "/plain")):
        return
    answer = connection.answer_or_end()
    assert answer is None or answer.body == b"plain text\n"


def test_chunk_extensions_and_trailers(server: Served) -> None:
    """They are legal (RFC 9112 section 7.1) and nobody's business."""
    body = b'6;name="v"\r\n{"name\r\n6\r\n":"a"}\r\n0\r\nX-Trailer: 1\r\n\r\n'
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", "/items", [CHUNKED]) + body)
        assert connection.answer("POST").status == 201
        still_open(connection)


@pytest.mark.parametrize("target", ["/echo", "/items", "/upload/stream", "/form"])
def test_declared_too_large(server: Served, alive: None, target: str) -> None:
    """A length beyond the limit is refused before the body is sent."""
    with connected(server.address) as connection:
        connection.send(
            request_bytes("POST", target, [f"Content-Length: {LIMIT + 1}", FORM if target == "/form" else "X: y"])
        )
        answer = connection.answer("POST")
        assert answer.status == 413
        assert json.loads(answer.body)["status"] == 413
        connection.send_unless_closed(b"x" * (LIMIT + 1))
        open_or_closed(server, connection)


@pytest.mark.parametrize("target", ["/echo", "/items", "/upload/stream"])
def test_chunked_too_large(server: Served, alive: None, target: str) -> None:
    """A body that turns out too large is refused; it is never answered as if it were whole."""
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", target, [CHUNKED]))
        connection.send_unless_closed(chunked(b" " * (LIMIT + 1), [65_536] * 16))
        answer = connection.answer("POST")
        assert answer.status == 413
        open_or_closed(server, connection)


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT], ids=["below", "at"])
@pytest.mark.parametrize("frame", ["length", "chunks"])
def test_as_large_as_allowed(server: Served, size: int, frame: str) -> None:
    """Exactly as many bytes as allowed are fine, however they are framed."""
    body = b"y" * size
    with connected(server.address) as connection:
        if frame == "length":
            connection.send(request_bytes("POST", "/echo", body=body))
        else:
            connection.send(request_bytes("POST", "/echo", [CHUNKED]) + chunked(body, [100_000] * 10))
        assert connection.answer("POST").body == body
        still_open(connection)


def test_expect_continue(server: Served) -> None:
    """The client is told to go on once somebody reads the body."""
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", "/echo", ["Expect: 100-continue", "Content-Length: 5"]))
        assert connection.read(25) == b"HTTP/1.1 100 Continue\r\n\r\n"[:25]
        connection.send(b"hello")
        assert connection.answer("POST").body == b"hello"
        still_open(connection)


def test_expect_continue_of_too_much(server: Served, alive: None) -> None:
    """A body that is refused is not asked for."""
    with connected(server.address) as connection:
        fields = ["Expect: 100-continue", f"Content-Length: {LIMIT + 1}"]
        connection.send(request_bytes("POST", "/echo", fields))
        answer = connection.answer("POST")
        assert (answer.status, answer.interim) == (413, ())


def test_expect_continue_with_the_body_at_once(server: Served) -> None:
    """A client that does not wait is served too."""
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", "/echo", ["Expect: 100-continue"], b"hello"))
        assert connection.answer("POST").body == b"hello"
        still_open(connection)


@pytest.mark.parametrize("target", ["/ignore", "/nothing", "/plain"])
@pytest.mark.parametrize("size", [1, 100_000])
def test_body_that_nobody_reads(server: Served, alive: None, target: str, size: int) -> None:
    """The next request gets its own answer, or the connection ends; the body is never taken for a request."""
    with connected(server.address) as connection:
        connection.send(request_bytes("POST", target, body=b"GET /crash HTTP/1.1\r\n\r\n".ljust(size, b"x")[:size]))
        assert connection.answer("POST").status in {201, 404, 405}
        open_or_closed(server, connection)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("application/json", b'{"name":', id="truncated-json"),
        pytest.param("application/json", b'{"name":"\xff"}', id="not-utf-8"),
        pytest.param("application/json", b"[" * 100_000, id="deep-json"),
        pytest.param("application/json", b'{"name":"a","price":1e999}', id="infinite"),
        pytest.param("application/json", b'{"name":"a","price":' + b"9" * 10_000 + b"}", id="many-digits"),
        pytest.param("application/json", b"", id="empty"),
        pytest.param("application/msgpack", b"\xdd\xff\xff\xff\xff", id="huge-msgpack-array"),
        pytest.param("application/msgpack", b"\x91" * 100_000, id="deep-msgpack"),
        pytest.param("application/msgpack", b"\xc6\xff\xff\xff\xff", id="huge-msgpack-binary"),
    ],
)
def test_bad_body(client: httpx.Client, kind: str, body: bytes) -> None:
    """It is the client's fault."""
    answer = client.post("/items", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def multipart(*parts: bytes, boundary: bytes = b"frontier") -> bytes:
    """Return parts, each with its header, between boundaries."""
    return b"".join([b"--%b\r\n%b\r\n" % (boundary, part) for part in parts] + [b"--%b--\r\n" % boundary])


TEXT = b'Content-Disposition: form-data; name="note"\r\n\r\nhello'
FILE = b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: image/png\r\n\r\n'
FORM = "Content-Type: multipart/form-data; boundary=frontier"
CONTENT = b"\r\n--frontie\r\n--frontier-not\r\n\x00\xff" * 1000


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1_000_000])
def test_multipart_in_pieces(server: Served, size: int) -> None:
    """A file that is full of near-boundaries survives any cutting of the body into chunks."""
    body = multipart(TEXT, FILE + CONTENT)
    expected = {
        "name": "a.bin",
        "type": "image/png",
        "size": len(CONTENT),
        "sha256": hashlib.sha256(CONTENT).hexdigest(),
    }
    with connected(server.address) as connection:
        pieces = [size] * (min(len(body), 4000) // size)
        connection.send(request_bytes("POST", "/upload/file", [FORM, CHUNKED]) + chunked(body, pieces))
        answer = connection.answer("POST")
        assert (answer.status, json.loads(answer.body)) == (200, expected)


@pytest.mark.parametrize(
    ("field", "body"),
    [
        pytest.param("multipart/form-data", multipart(TEXT), id="no-boundary"),
        pytest.param("multipart/form-data; boundary=", multipart(TEXT), id="empty-boundary"),
        pytest.param("multipart/form-data; boundary=frontier", multipart(TEXT)[:-10], id="cut-off"),
        pytest.param(
            "multipart/form-data; boundary=frontier", multipart(b"no header at all"), id="part-without-header"
        ),
        pytest.param("multipart/form-data; boundary=frontier", b"", id="empty"),
        pytest.param("multipart/form-data; boundary=frontier", multipart(TEXT + b"\xff\xfe"), id="field-not-utf-8"),
    ],
)
def test_bad_form(client: httpx.Client, field: str, body: bytes) -> None:
    """A form that cannot be read is the client's fault."""
    answer = client.post("/form", content=body, headers={"content-type": field})
    assert answer.status_code in {400, 413, 415}


def test_forms(client: httpx.Client) -> None:
    """Both codings of a form keep all values."""
    expected = {"a": ["1", "ü"], "b": [""]}
    answer = client.post("/form", data={"a": ["1", "ü"], "b": [""]})
    assert answer.json() == expected
    parts = [("a", (None, "1")), ("a", (None, "ü")), ("b", (None, ""))]
    assert client.post("/form", files=parts).json() == expected


def noise(size: int) -> Iterator[bytes]:
    """Yield a body of so many bytes in pieces."""
    piece = hashlib.sha256(b"noise").digest() * 2048
    while size > 0:
        yield piece[:size]
        size -= len(piece)


def upload(client: httpx.Client, target: str, size: int) -> dict[str, object]:
    """Upload a file of so many bytes and return the answer."""
    digest = hashlib.sha256()
    for piece in noise(size):
        digest.update(piece)
    if target.endswith("stream"):
        answer = client.post(target, content=noise(size))
    else:
        answer = client.post(target, content=form_of(size), headers={"content-type": FORM.partition(": ")[2]})
    assert answer.status_code == 200, answer.text
    result: dict[str, object] = answer.json()
    assert (result["size"], result["sha256"]) == (size, digest.hexdigest())
    return result


def form_of(size: int) -> Iterator[bytes]:
    """Yield a form with one file of so many bytes."""
    yield b"--frontier\r\n" + FILE
    yield from noise(size)
    yield b"\r\n--frontier--\r\n"


@pytest.mark.parametrize("target", ["/roomy/upload/stream", "/roomy/upload/file"])
def test_upload(client: httpx.Client, target: str) -> None:
    """32 MiB arrive unchanged."""
    upload(client, target, 32 * MIB)


@pytest.mark.e2e_long
@pytest.mark.parametrize("target", ["/roomy/upload/stream", "/roomy/upload/file"])
def test_large_upload_in_constant_memory(server: Served, client: httpx.Client, target: str) -> None:
    """200 MiB pass through a server that at no time has 30 MiB more than after a small one."""
    upload(client, target, 4 * MIB)
    before = server.peak_bytes()
    upload(client, target, 200 * MIB)
    assert server.peak_bytes() - before < 30 * MIB
