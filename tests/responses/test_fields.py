"""The header fields of every response: what users may say, and what they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from streams import answer

from hawkapi.background import BackgroundTasks
from hawkapi.http.headers import MutableHeaders
from hawkapi.responses import (
    EventSourceResponse,
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

type Make = Callable[..., Response]

KINDS: dict[str, Make] = {
    "base": lambda **options: Response("x", **options),
    "text": lambda **options: PlainTextResponse("x", **options),
    "html": lambda **options: HTMLResponse("x", **options),
    "json": lambda **options: JSONResponse(1, **options),
    "redirect": lambda **options: RedirectResponse("/x", **options),
    "stream": lambda **options: StreamingResponse([b"x"], **options),
    "events": lambda **options: EventSourceResponse(["x"], **options),
    "file": lambda **options: FileResponse(__file__, **options),
}
every_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
typed_kinds = pytest.mark.parametrize(
    "make", [KINDS[name] for name in ("base", "text", "html", "json", "stream", "file")]
)


def sent(response: Response, method: str = "GET") -> list[tuple[bytes, bytes]]:
    """Return the fields that reach the server."""
    return answer(response, method).headers


def values(response: Response, name: bytes) -> list[bytes]:
    """Return every value of one field that reaches the server."""
    return [value for key, value in sent(response) if key == name]


@every_kind
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("a\r\nset-cookie: b=1", b"aset-cookie: b=1", id="crlf"),
        pytest.param("a\nb", b"ab", id="lf"),
        pytest.param("a\rb", b"ab", id="cr"),
        pytest.param("a\0b", b"ab", id="nul"),
        pytest.param(" a ", b"a", id="white-space"),
        pytest.param("é", b"\xe9", id="latin-1"),
    ],
)
def test_value_cannot_write_fields(make: Make, given: str, expected: bytes) -> None:
    """Whatever is in a value stays in it, in every class, whether given as a mapping, as pairs, or set later."""
    for headers in ({"X-One": given}, [("X-One", given)]):
        assert values(make(headers=headers), b"x-one") == [expected]
    later = make()
    later.headers["x-one"] = given
    assert values(later, b"x-one") == [expected]


@every_kind
@pytest.mark.parametrize("name", ["x y", "", "x:y", "ü", "x\ty"])
def test_name_that_is_none(make: Make, name: str) -> None:
    """A name that would break the message is refused when the response is made."""
    with pytest.raises(ValueError, match="not the name of a header field"):
        make(headers={name: "v"})


@every_kind
def test_value_outside_latin_1(make: Make) -> None:
    """A value that HTTP cannot carry is refused, with the characters."""
    with pytest.raises(ValueError, match="holds '日本', which is not in latin-1; percent-encode it"):
        make(headers={"x": "a日本"})


@every_kind
@pytest.mark.parametrize("headers", [{"x": 1}, {b"x": "1"}, {"x": b"1"}, {"x": None}])
def test_field_that_is_no_text(make: Make, headers: Any) -> None:
    """Names and values are text."""
    with pytest.raises(TypeError, match="of a header field is a str"):
        make(headers=headers)


@every_kind
@pytest.mark.parametrize("name", ["Content-Length", "content-length", "CONTENT-LENGTH"])
def test_length_is_never_sent_twice(make: Make, name: str) -> None:
    """A length that is given, however it is spelt, is not sent beside the one of the body."""
    response = make(headers=[(name, "99"), (name, "98")])
    assert len(values(response, b"content-length")) == (0 if isinstance(response, EventSourceResponse) else 1)


@every_kind
def test_transfer_encoding_is_the_servers(make: Make) -> None:
    """How a body is framed cannot be said by a field."""
    assert values(make(headers={"Transfer-Encoding": "chunked"}), b"transfer-encoding") == []


@every_kind
@pytest.mark.parametrize("headers", [{"Content-Type": "a/b"}, [("content-type", "c/d"), ("CONTENT-TYPE", "a/b")]])
def test_type_is_sent_once(make: Make, headers: Any) -> None:
    """A type that is given replaces the one of the class."""
    assert values(make(headers=headers), b"content-type") == [b"a/b"]


@every_kind
def test_repeated_fields(make: Make) -> None:
    """Pairs may repeat a name, and all values are sent."""
    assert values(make(headers=[("link", "<a>"), ("Link", "<b>")]), b"link") == [b"<a>", b"<b>"]


@every_kind
def test_headers_are_mutable_headers(make: Make) -> None:
    """Every response has fields that ignore case and can be changed, spelt as they were given."""
    response = make(headers={"X-One": "1"})
    assert isinstance(response.headers, MutableHeaders)
    assert response.headers["x-one"] == "1"
    assert "X-One" in list(response.headers)
    response.headers = MutableHeaders({"y": "2"})
    assert dict(response.headers) == {"y": "2"}


@every_kind
def test_given_mapping_is_copied(make: Make) -> None:
    """What happens to the mapping afterwards does not change the response, and the other way round."""
    given = {"x": "1"}
    response = make(headers=given)
    given["x"] = "2"
    assert values(response, b"x") == [b"1"]
    response.headers["x"] = "3"
    assert given == {"x": "2"}


@every_kind
def test_status(make: Make) -> None:
    """Every class takes a status, and refuses what is none."""
    assert make(status_code=203).status_code == 203
    with pytest.raises(ValueError, match="status_code is 99"):
        make(status_code=99)


@every_kind
@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_status_without_content(make: Make, status: int, method: str) -> None:
    """Nothing about a body is sent, and no body."""
    response = make(status_code=status, headers={"Content-Type": "a/b", "Content-Length": "1", "x": "y"})
    reply = answer(response, method)
    names = {name for name, _ in reply.headers}
    assert (reply.status, reply.body, len(reply.messages)) == (status, b"", 2)
    assert b"x" in names
    assert not names & {b"content-type", b"content-length"}


def test_reset_content() -> None:
    """A 205 says that it has no content."""
    assert sent(Response("text", status_code=205, headers={"x": "1"})) == [(b"x", b"1"), (b"content-length", b"0")]


@every_kind
def test_head_sends_no_body(make: Make) -> None:
    """HEAD gets the fields of GET in one start and one empty message."""
    get, head = answer(make()), answer(make(), "HEAD")
    assert head.headers == get.headers
    assert [message["body"] for message in head.messages[1:]] == [b""]
    assert not head.messages[-1].get("more_body", False)


@typed_kinds
def test_media_type_is_content_type(make: Make) -> None:
    """Both names are the same argument and the same attribute."""
    for response in (make(media_type="a/b"), make(content_type="a/b")):
        assert (response.media_type, response.content_type) == ("a/b", "a/b")
        assert values(response, b"content-type") == [b"a/b"]
        response.media_type = "c/d"
        assert values(response, b"content-type") == [b"c/d"]
    with pytest.raises(TypeError, match="two names of one argument"):
        make(media_type="a/b", content_type="a/b")


@pytest.mark.parametrize("text", ["a/b\r\nx: y", "a/b\nx: y\0"])
def test_type_cannot_write_fields(text: str) -> None:
    """Line breaks in the type itself are removed."""
    assert values(StreamingResponse([], content_type=text), b"content-type") == [b"a/bx: y"]
    assert values(Response(content_type=text), b"content-type") == [b"a/bx: y"]


class Yaml(Response):
    media_type = "application/yaml"

    def render(self, content: Any) -> bytes:
        return f"- {content}\n".encode(self.charset)


class Utf16(PlainTextResponse):
    charset = "utf-16-le"
    default_content_type = "text/plain; charset=utf-16le"


def test_subclasses() -> None:
    """A class may have a type, a way to render and a character set of its own."""
    assert sent(Yaml("x")) == [(b"content-type", b"application/yaml"), (b"content-length", b"4")]
    assert Yaml("x").media_type == "application/yaml"
    assert Yaml("x", media_type="a/b").content_type == "a/b"
    assert Utf16("x").body == b"x\0"
    assert values(Utf16("x"), b"content-type") == [b"text/plain; charset=utf-16le"]


class Special(Response):
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await Response("special")(scope, receive, send)


def test_buffered_says_whether_messages_are_all() -> None:
    """Only a class that is sent in no way of its own is buffered; the others refuse to make messages."""
    assert (Response.buffered, Yaml.buffered, HTMLResponse.buffered) == (True, True, True)
    for kind in (Special, StreamingResponse, FileResponse, EventSourceResponse):
        assert kind.buffered is False
    for response in (StreamingResponse([]), FileResponse(Path(__file__)), EventSourceResponse([])):
        with pytest.raises(TypeError, match="await it with scope"):
            response.messages("GET")


@every_kind
def test_cookies(make: Make) -> None:
    """Cookies can be set on every response, each in a field of its own."""
    response = make(headers={"x": "1"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", max_age=5, path="/p", domain="example.org", secure=True, httponly=True, samesite=None)
    assert values(response, b"set-cookie") == [
        b"a=1; Path=/; SameSite=lax",
        b"b=2; Max-Age=5; Domain=example.org; Path=/p; HttpOnly; Secure",
    ]


@pytest.mark.parametrize(
    "expires",
    [datetime(2030, 1, 1, tzinfo=UTC), "Tue, 01 Jan 2030 00:00:00 GMT"],
    ids=["datetime", "text"],
)
def test_cookie_expires(expires: Any) -> None:
    """The end of a cookie may be given as a moment or as a date."""
    response = Response()
    response.set_cookie("a", expires=expires, samesite=None)
    assert response.headers["set-cookie"] == "a=; Expires=Tue, 01 Jan 2030 00:00:00 GMT; Path=/"


def test_cookie_expires_in_seconds() -> None:
    """A number is counted from now."""
    response = Response()
    response.set_cookie("a", expires=0)
    assert "Expires=" in response.headers["set-cookie"]


@pytest.mark.parametrize("options", [{"expires": "soon"}, {"value": "a;b"}, {"value": "a\r\nb"}, {"samesite": "none"}])
def test_cookie_that_browsers_would_misread(options: dict[str, Any]) -> None:
    """It is refused, and no field is added."""
    response = Response()
    with pytest.raises(ValueError, match=r"cookie|date|samesite"):
        response.set_cookie("a", **options)
    assert len(response.headers) == 0


def test_delete_cookie() -> None:
    """A cookie is deleted by an empty one that has ended."""
    response = Response()
    response.delete_cookie("a", path="/p", domain="example.org", secure=True, httponly=True)
    assert response.headers["set-cookie"] == (
        "a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Domain=example.org; Path=/p; HttpOnly; Secure;"
        " SameSite=lax"
    )


@pytest.mark.parametrize(
    ("url", "headers", "location"),
    [
        pytest.param("/a?b=c#d", None, b"/a?b=c#d", id="as-it-is"),
        pytest.param("/é", None, b"/%C3%A9", id="latin-1"),
        pytest.param("/日本", None, b"/%E6%97%A5%E6%9C%AC", id="beyond"),
        pytest.param("/a%20b c", None, b"/a%20b%20c", id="encoded-stays"),
        pytest.param("/a\r\nset-cookie: b", None, b"/aset-cookie:%20b", id="line-break"),
        pytest.param("/a", {"Location": "/b"}, b"/b", id="header-wins"),
        pytest.param("/a", {"location": "/日"}, b"/%E6%97%A5", id="header-is-encoded"),
        pytest.param("/a", [("x", "1"), ("LOCATION", "/b")], b"/b", id="pairs"),
        pytest.param("/a", MutableHeaders({"Location": "/b"}), b"/b", id="mutable-headers"),
    ],
)
def test_redirect(url: str, headers: Any, location: bytes) -> None:
    """There is one location, percent-encoded, and no body."""
    response = RedirectResponse(url, headers=headers)
    assert values(response, b"location") == [location]
    assert (response.status_code, response.body) == (307, b"")
    assert values(response, b"content-length") == [b"0"]


@every_kind
def test_background_runs_when_the_response_is_sent(make: Make) -> None:
    """Tasks run after the last byte, and not when the client went before."""
    order: list[str] = []

    async def send(message: Any) -> None:
        order.append(message["type"])

    async def fail(message: Any) -> None:
        raise ConnectionResetError

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "headers": []}
    tasks = BackgroundTasks()
    tasks.add_task(order.append, "task")
    asyncio.run(make(background=tasks)(scope, receive, fail))
    assert order == []
    asyncio.run(make(background=tasks)(scope, receive, send))
    assert (order[0], order[-1]) == ("http.response.start", "task")
