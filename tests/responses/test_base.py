"""`Response` and its kinds: what they send."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from asgi import http_scope

from hawkapi import JSONResponse, PlainTextResponse, Response
from hawkapi.middleware import TrustedHostMiddleware
from hawkapi.responses.base import has_body

TEXT = "text/plain; charset=utf-8"


@dataclass
class Item:
    name: str


def sent(response: Response, method: str = "GET") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, header pairs and body as they are sent."""
    start, body = response.messages(method)
    assert start["type"] == "http.response.start"
    assert body["type"] == "http.response.body"
    return start["status"], start["headers"], body["body"]


@pytest.mark.parametrize(
    ("response", "content_type", "body"),
    [
        pytest.param(Response(), TEXT, b"", id="empty"),
        pytest.param(Response(b"\xff"), TEXT, b"\xff", id="bytes"),
        pytest.param(Response("é"), TEXT, b"\xc3\xa9", id="text"),
        pytest.param(Response("a,b", content_type="text/csv"), "text/csv", b"a,b", id="other-type"),
        pytest.param(PlainTextResponse("hi"), TEXT, b"hi", id="plain-text"),
        pytest.param(JSONResponse(), "application/json", b"null", id="json-null"),
        pytest.param(JSONResponse({"é": [Item("x")]}), "application/json", '{"é":[{"name":"x"}]}'.encode(), id="json"),
    ],
)
def test_content(response: Response, content_type: str, body: bytes) -> None:
    """A body is sent with its type and its length, once each."""
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    assert sent(response) == (200, headers, body)


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        pytest.param({"X-One": "1"}, [(b"x-one", b"1"), (b"content-type", TEXT.encode())], id="lower-case-name"),
        pytest.param({"Content-Type": "a/b"}, [(b"content-type", b"a/b")], id="content-type-wins"),
        pytest.param({"Content-Length": "99"}, [(b"content-type", TEXT.encode())], id="length-is-computed"),
        pytest.param({"x": "é"}, [(b"x", b"\xe9"), (b"content-type", TEXT.encode())], id="latin-1"),
        pytest.param(
            {"x": "a\r\nset-cookie: b\0"},
            [(b"x", b"aset-cookie: b"), (b"content-type", TEXT.encode())],
            id="line-breaks-in-value",
        ),
        pytest.param({"x\r\ny": "1"}, [(b"xy", b"1"), (b"content-type", TEXT.encode())], id="line-breaks-in-name"),
    ],
)
@pytest.mark.parametrize("kind", [Response, PlainTextResponse])
def test_headers(kind: type[Any], given: dict[str, str], pairs: list[tuple[bytes, bytes]]) -> None:
    """Given fields win over those that are added, and cannot write fields of their own."""
    assert sent(kind("ok", headers=given))[1] == [*pairs, (b"content-length", b"2")]


def test_header_outside_latin_1() -> None:
    """A field that HTTP cannot carry is an error that says which characters."""
    with pytest.raises(
        ValueError, match="header field '/日本' holds '日本', which is not in latin-1; percent-encode it"
    ):
        Response(headers={"location": "/日本"}).messages("GET")


def test_content_type_with_line_breaks() -> None:
    """The type itself cannot write a field either."""
    assert sent(Response(content_type="a/b\r\nx: y"))[1][0] == (b"content-type", b"a/bx: y")


def test_headers_are_read_when_sent() -> None:
    """A response may be changed until it is sent; its length is that of the body it has then."""
    response = JSONResponse([1], status_code=202, headers={"x": "1"})
    response.headers["y"] = "2"
    response.body = b"[1, 2]"
    response.status_code = 203
    assert sent(response) == (
        203,
        [(b"x", b"1"), (b"y", b"2"), (b"content-type", b"application/json"), (b"content-length", b"6")],
        b"[1, 2]",
    )


def test_given_headers_are_copied() -> None:
    """Two responses made from one mapping do not share it."""
    given = {"x": "1"}
    Response(headers=given).headers["y"] = "2"
    assert given == {"x": "1"}


def test_head() -> None:
    """HEAD gets the fields that GET gets, the length included, and no body."""
    response = JSONResponse({"a": 1})
    assert sent(response, "HEAD") == (*sent(response)[:2], b"")


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("response", [Response, JSONResponse])
def test_status_without_body(response: type[Any], status: int) -> None:
    """No body, no type and no length are sent with a status that has no content."""
    made = response("text", status_code=status, headers={"etag": '"x"', "Content-Type": "a/b"})
    assert sent(made) == (status, [(b"etag", b'"x"')], b"")


@pytest.mark.parametrize(
    ("status", "body"), [(100, False), (199, False), (200, True), (204, False), (205, False), (304, False), (500, True)]
)
def test_has_body(status: int, body: bool) -> None:
    """Statuses without content are those that RFC 9110 names."""
    assert has_body(status) is body


@pytest.mark.parametrize("value", [float("nan"), object()], ids=["nan", "object"])
def test_json_that_cannot_be_encoded(value: object) -> None:
    """A value without a JSON form is refused when the response is made."""
    with pytest.raises((TypeError, ValueError)):
        JSONResponse(value)


def test_response_is_an_asgi_application() -> None:
    """A response can be called with scope, receive and send."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is to be received")

    asyncio.run(Response("x")(http_scope("HEAD", "/"), receive, send))
    assert tuple(messages) == Response("x").messages("HEAD")


def test_background_of_another_kind() -> None:
    """What cannot be run after the response is refused when the response is made, not when it has been sent."""
    with pytest.raises(TypeError, match="background needs BackgroundTasks"):
        Response("x", background=print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        ({"websocket.http.response": {}}, ["websocket.http.response.start", "websocket.http.response.body"]),
        ({}, ["websocket.close"]),
        (None, ["websocket.close"]),
    ],
)
def test_response_in_place_of_a_websocket(extensions: object, expected: list[str]) -> None:
    """It refuses the handshake, also where no application of ours is around the middleware that sends it."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "headers": [], "extensions": extensions}
    asyncio.run(TrustedHostMiddleware(Response(b""), allowed_hosts=["a.example"])(scope, receive, send))
    assert [message["type"] for message in messages] == expected
    assert messages[0].get("status", 400) == 400
    assert messages[0].get("code", 1008) == 1008
