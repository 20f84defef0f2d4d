"""Connections: after every error the next answer belongs to the next request, and no bytes at all stop the server.

What a server itself refuses (framing, lengths, characters) is its matter; here it is only shown that such input never
reaches the application as something else, and that afterwards the server serves on.
"""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from servers import Served
from wire import Answer, Connection, WireError, connected, request_bytes

PLAIN = b"plain text\n"


def next_answer_is_its_own(connection: Connection) -> None:
    """Send a good request; its answer comes, or the connection was closed after the answer before it."""
    if connection.send_unless_closed(request_bytes("GET", "/plain")):
        answer = connection.answer_or_end()
        assert answer is None or (answer.status, answer.body) == (200, PLAIN)


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        pytest.param("GET", "/nothing", None, 404, id="404"),
        pytest.param("PUT", "/plain", None, 405, id="405"),
        pytest.param("PUT", "/plain", b"some body", 405, id="405-with-body"),
        pytest.param("OPTIONS", "/plain", None, 204, id="options"),
        pytest.param("POST", "/items", b"{", 400, id="400"),
        pytest.param("POST", "/nothing", b"{}", 404, id="404-with-body"),
        pytest.param("GET", "/crash", None, 500, id="500"),
        pytest.param("HEAD", "/crash", None, 500, id="head-500"),
        pytest.param("GET", "/refuse/401", None, 401, id="http-exception"),
        pytest.param("GET", "/refuse/304", None, 304, id="http-exception-without-body"),
        pytest.param("BREW", "/plain", None, 405, id="unknown-method"),
    ],
)
def test_connection_is_kept_after(server: Served, method: str, target: str, body: bytes | None, status: int) -> None:
    """The connection serves the next request, as HTTP/1.1 expects; all of the answer before was read."""
    with connected(server.address) as connection:
        for _ in range(2):
            connection.send(request_bytes(method, target, body=body))
            answer = connection.answer_or_end(method)
            if answer is None and method == "BREW":
                return  # Some parsers know a fixed list of methods.
            assert answer is not None
            assert answer.complete
            if method == "BREW" and answer.status == 400:
                return
            assert answer.status == status
            connection.send(request_bytes("GET", "/plain"))
            assert connection.answer().body == PLAIN


def test_connection_is_closed_when_the_client_wants_it(server: Served) -> None:
    """`Connection: close` is obeyed after an answer, good or bad."""
    for target, status in (("/plain", 200), ("/nothing", 404), ("/crash", 500)):
        with connected(server.address) as connection:
            connection.send(request_bytes("GET", target, ["Connection: close"]))
            assert connection.answer().status == status
            assert connection.is_closed()


def test_pipelined_requests(server: Served) -> None:
    """They are answered in order, each with its own answer."""
    wanted: list[tuple[str, str, bytes | None, int]] = [
        ("GET", "/plain", None, 200),
        ("POST", "/echo", b"first", 201),
        ("GET", "/nothing", None, 404),
        ("HEAD", "/plain", None, 200),
        ("GET", "/crash", None, 500),
        ("POST", "/echo", b"", 201),
        ("DELETE", "/items/a", None, 204),
        ("GET", "/stream/3", None, 200),
        ("POST", "/echo", b"second", 201),
    ]
    with connected(server.address) as connection:
        connection.send(b"".join(request_bytes(method, target, body=body) for method, target, body, _ in wanted))
        for method, target, body, status in wanted:
            answer = connection.answer(method)
            # A response of the handler's own has its own status.
            assert answer.status == (200 if target == "/echo" else status), (method, target)
            assert target != "/echo" or answer.body == body


@pytest.mark.parametrize("count", [200])
def test_pipeline_is_answered_in_full(server: Served, count: int) -> None:
    """A long pipeline is answered in order, without loss."""
    with connected(server.address) as connection:
        connection.send(b"".join(request_bytes("GET", f"/hello/{number}") for number in range(count)))
        for number in range(count):
            assert json.loads(connection.answer().body) == {"message": f"Hello, {number}."}


@pytest.mark.parametrize("split", range(1, 60, 7))
def test_request_in_two_pieces(server: Served, split: int) -> None:
    """It does not matter where the network cuts a request."""
    data = request_bytes("POST", "/echo", body=b"0123456789")
    with connected(server.address) as connection:
        connection.send(data[:split])
        connection.send(data[split:])
        assert connection.answer("POST").body == b"0123456789"


MALFORMED = {
    "rubbish": b"\x00\x01\x02\xff\xfe\r\n\r\n",
    "tls-hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "http-2-preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no-version": b"GET /plain\r\n\r\n",
    "bad-version": b"GET /plain HTTP/9.9\r\nHost: x\r\n\r\n",
    "no-colon": b"GET /plain HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "space-before-colon": b"GET /plain HTTP/1.1\r\nHost : x\r\n\r\n",
    "folded": b"GET /plain HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "nul-in-a-value": b"GET /plain HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
    "bare-cr": b"GET /plain HTTP/1.1\r\nHost: x\r\nX: a\rY: b\r\n\r\n",
    "bare-lf": b"GET /plain HTTP/1.1\nHost: x\n\n",
    "control-in-the-target": b"GET /pla\x01in HTTP/1.1\r\nHost: x\r\n\r\n",
    "space-in-the-target": b"GET /pla in HTTP/1.1\r\nHost: x\r\n\r\n",
    "no-host": b"GET /plain HTTP/1.1\r\n\r\n",
    "two-hosts": b"GET /plain HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "absolute-target": b"GET http://other/plain HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority-target": b"CONNECT other:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk-target": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "relative-target": b"GET plain HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty-target": b"GET  HTTP/1.1\r\nHost: x\r\n\r\n",
    "double-slash-target": b"GET //plain HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /plain#x HTTP/1.1\r\nHost: x\r\n\r\n",
    "negative-length": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "signed-length": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\nx",
    "length-is-no-number": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    "length-with-underscore": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n0123456789",
    "enormous-length": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 100 + b"\r\n\r\n",
    "long-line": b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long-field": b"GET /fields HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 500_000 + b"\r\n\r\n",
    "many-fields": b"GET /fields HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 20_000 + b"\r\n",
    "bad-chunk-size": b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "negative-chunk-size": b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "enormous-chunk": b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "chunk-without-end": b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
    "unknown-coding": b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_request(server: Served, alive: None, data: bytes) -> None:
    """Each is answered or cut off, never with a failure of the server, and other connections do not notice."""
    if b"chunked" in data:
        server.has_to_end_connections()
    with connected(server.address) as connection:
        if connection.send_unless_closed(data):
            half_closed(connection)
            for answer in answers(connection):
                assert answer.status < 500 or answer.status in {501, 505} or gave_up(server, answer)


def half_closed(connection: Connection) -> None:
    """Say that nothing more comes, if the server is still there."""
    with suppress(OSError):
        connection.end()


def answers(connection: Connection) -> list[Answer]:
    """Return all answers up to the end of the connection."""
    found: list[Answer] = []
    while (answer := connection.answer_or_end()) is not None:
        found.append(answer)
    return found


def gave_up(server: Served, answer: Answer) -> bool:
    """Whether an answer is granian's own: 500 for a body that broke off, which an application leaves unanswered."""
    bodies = {"granian": b"Internal server error", "granian-rsgi": b""}
    return answer.status == 500 and answer.body == bodies.get(server.kind)


@pytest.mark.parametrize("name", ["rubbish", "no-colon", "nul-in-a-value", "negative-length", "bad-chunk-size"])
def test_malformed_request_in_a_pipeline(server: Served, alive: None, name: str) -> None:
    """What came before it is answered; what comes after it is not taken for a request."""
    if name == "bad-chunk-size":
        server.has_to_end_connections()
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/plain") + MALFORMED[name] + request_bytes("GET", "/crash"))
        before = connection.answer()
        # uvicorn with httptools looks at all that has arrived before it answers any of it.
        assert before.body == PLAIN or (server.kind, before.status) == ("httptools", 400)
        for answer in answers(connection):
            assert answer.status == 400 or gave_up(server, answer)


SMUGGLED = b"GET /crash HTTP/1.1\r\nHost: x\r\n\r\n"
SMUGGLING = {
    "length-and-chunked": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked-and-length": b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two-lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "listed-lengths": b"Content-Length: 0, %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "length-with-space": b"Content-Length : %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED,
    "two-codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "vertical-tab-coding": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked-not-last": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "xchunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "hexadecimal-length": b"Content-Length: 0x6\r\n\r\n0\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("rest", SMUGGLING.values(), ids=SMUGGLING)
def test_smuggling(server: Served, alive: None, rest: bytes) -> None:
    """Contradictory framing is the server's to refuse; what it makes of it does not break the application.

    `/crash` is a request of its own only where RFC 9112 section 6.3 allows to read it so: with chunked framing that
    overrules a length, and the server then must close the connection afterwards or have refused the request.
    """
    with connected(server.address) as connection:
        connection.send_unless_closed(b"POST /echo HTTP/1.1\r\nHost: x\r\n" + rest)
        half_closed(connection)
        try:
            statuses = [answer.status for answer in answers(connection)]
        except WireError as exc:
            pytest.fail(f"the answer is no HTTP: {exc}")
        assert all(status in {200, 400, 411, 413, 501, 500} for status in statuses)
        assert len(statuses) <= 2


@pytest.mark.parametrize(
    ("target", "rest"),
    [
        pytest.param(b"/path/a%20b", "a b", id="space"),
        pytest.param(b"/path/a%2Fb", "a/b", id="slash"),
        pytest.param("/path/ü".encode(), "ü", id="raw-utf-8"),
        pytest.param(b"/path/%C3%BC", "ü", id="utf-8"),
        pytest.param(b"/path/%f0%9f%90%a6", "🐦", id="four-bytes"),
        pytest.param(b"/path/%00", "\x00", id="nul"),
        pytest.param(b"/path/%0d%0aX:%20y", "\r\nX: y", id="line-break"),
        pytest.param(b"/path/%25", "%", id="percent"),
        pytest.param(b"/path/%zz", "%zz", id="no-digits"),
        pytest.param(b"/path/a+b", "a+b", id="plus"),
        pytest.param(b"/path/a//b", "a//b", id="empty-segment"),
        pytest.param(b"/path/a/../b", None, id="dots"),
        pytest.param(b"/path/%FF", None, id="not-utf-8"),
        pytest.param(b"/path/\xff\xfe", None, id="raw-not-utf-8"),
        pytest.param(b"/path/%C3", None, id="half-a-character"),
        pytest.param(b"/path/%ED%A0%80", None, id="surrogate"),
        pytest.param(b"/path/x?\xff=%FF&%=&=&&a=%ZZ", "x", id="odd-query"),
    ],
)
def test_target_of_any_bytes(server: Served, alive: None, target: bytes, rest: str | None) -> None:
    """The path arrives decoded; one that is no text is answered somehow, never with a failure."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", target))
        answer = connection.answer_or_end()
        if answer is None:
            assert rest is None or not target.isascii()
            return
        assert answer.status in ({200} if rest is not None and target.isascii() else {200, 400, 404})
        if answer.status == 200:
            document = json.loads(answer.body)
            assert rest is None or document["rest"] == rest
            assert document["url"].isascii()
        next_answer_is_its_own(connection)


@pytest.mark.parametrize("size", [1000, 8000, 30_000])
def test_long_target_and_field(server: Served, size: int) -> None:
    """What a server lets through, the application takes."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/path/" + "a" * size + "?q=" + "b" * size))
        answer = connection.answer()
        assert answer.status in {200, 414, 400, 431}
        assert answer.status != 200 or json.loads(answer.body)["rest"] == "a" * size
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", "/fields", ["X: " + "a" * size]))
        answer = connection.answer()
        assert answer.status in {200, 400, 431}
        assert answer.status != 200 or json.loads(answer.body)["x"] == ["a" * size]


@pytest.mark.parametrize(
    "line",
    [
        b"Cookie: " + b"a=b; " * 1000,
        b'Cookie: \xff=\xfe; =; ;; a; =b; "="',
        b"Accept: " + b"text/html;q=0.1," * 500,
        b"Accept: \xff/\xff;q=\xff",
        b"Range: bytes=" + b"0-1," * 1000,
        b"If-None-Match: " + b'W/"a",' * 1000,
        b"If-Modified-Since: Mon, 99 Xyz 99999 99:99:99 GMT",
        b"Content-Type: " + b";a=b" * 1000,
        b"Content-Length-: 1",
        b"Host: \xff",
        b"X-Forwarded-For: " + b"1.2.3.4, " * 500,
        b"Authorization: Basic \xff\xff",
        b"X-Trace: \xff\xfe",
    ],
)
@pytest.mark.parametrize("target", ["/fields", "/typed?limit=1", "/static/style.css", "/either", "/path/x"])
def test_odd_field(server: Served, line: bytes, target: str) -> None:
    """No header field of a request makes the server fail."""
    with connected(server.address) as connection:
        connection.send(request_bytes("GET", target, [line], host=None if line.startswith(b"Host") else "test"))
        answer = connection.answer_or_end()
        assert answer is None or answer.status in {200, 304, 400, 406, 416, 431}
        assert answer is None or answer.complete
