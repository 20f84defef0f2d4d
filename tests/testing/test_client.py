"""`TestClient`: requests and what an application gets of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Annotated, Any

import pytest

from hawkapi import BackgroundTasks, HawkAPI, Header, PlainTextResponse, Request
from hawkapi.testing import HTTPStatusError, TestClient, TestResponse
from hawkapi.testing._body import Files
from hawkapi.types import Receive, Scope, Send

BASICS = {"asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "type": "http"}
variable: ContextVar[str] = ContextVar("variable", default="unset")


def recorder(*scopes_to: list[dict[str, Any]]) -> Any:
    """Return an application that keeps its scopes and echoes bodies."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for kept in scopes_to:
            kept.append(dict(scope))
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return app


def scope_of(*args: Any, method: str = "GET", client: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Return the scope of one request."""
    scopes: list[dict[str, Any]] = []
    TestClient(recorder(scopes), **(client or {})).request(method, *args, **options)
    return scopes[0]


def test_scope_of_a_plain_request() -> None:
    """A scope has everything that a server puts there."""
    scope = scope_of("/a")
    extensions = scope.pop("extensions")
    assert scope == {
        **BASICS,
        "method": "GET",
        "scheme": "http",
        "path": "/a",
        "raw_path": b"/a",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver")],
        "client": ("testclient", 50_000),
        "server": ("testserver", 80),
        "state": {},
    }
    assert list(extensions) == ["hawkapi.exceptions"]


@pytest.mark.parametrize(
    ("base", "path", "place", "host"),
    [
        pytest.param("http://a", "/x", ("http", "/x", ("a", 80)), b"a", id="host"),
        pytest.param("https://a", "/x", ("https", "/x", ("a", 443)), b"a", id="https"),
        pytest.param("http://A.b:8000/v1", "/x", ("http", "/v1/x", ("a.b", 8000)), b"a.b:8000", id="base-path"),
        pytest.param("http://a/v1/", "x", ("http", "/v1/x", ("a", 80)), b"a", id="no-slash"),
        pytest.param("http://a", "", ("http", "/", ("a", 80)), b"a", id="empty"),
        pytest.param("http://a", "//x", ("http", "//x", ("a", 80)), b"a", id="two-slashes"),
        pytest.param("https://a:443", "/x#part", ("https", "/x", ("a", 443)), b"a", id="default-port-and-fragment"),
        pytest.param("http://[::1]:9", "/x", ("http", "/x", ("::1", 9)), b"[::1]:9", id="ipv6"),
        pytest.param("http://a/v1", "http://b/x", ("http", "/x", ("b", 80)), b"b", id="whole-url"),
    ],
)
def test_base_url(base: str, path: str, place: tuple[Any, ...], host: bytes) -> None:
    """Scheme, host, port and path of the base URL reach the application, and a whole URL replaces it."""
    scope = scope_of(path, client={"base_url": base})
    assert (scope["scheme"], scope["path"], scope["server"]) == place
    assert scope["headers"] == [(b"host", host)]


@pytest.mark.parametrize("base", ["", "testserver", "ftp://a", "http://"])
def test_base_url_that_is_none(base: str) -> None:
    """What is no URL of a server is refused when the client is made."""
    with pytest.raises(ValueError, match="is no URL of a server; write it as 'http://testserver'"):
        TestClient(recorder(), base)


@pytest.mark.parametrize(
    ("path", "decoded", "raw"),
    [
        pytest.param("/a%20b", "/a b", b"/a%20b", id="encoded"),
        pytest.param("/a b", "/a b", b"/a%20b", id="encoded-for-the-test"),
        pytest.param("/ü", "/ü", b"/%C3%BC", id="not-ascii"),
        pytest.param("/a%2Fb", "/a/b", b"/a%2Fb", id="slash"),
        pytest.param("/a%3Fb", "/a?b", b"/a%3Fb", id="question-mark"),
    ],
)
def test_paths_are_decoded(path: str, decoded: str, raw: bytes) -> None:
    """`path` is decoded and `raw_path` is what goes over the wire."""
    scope = scope_of(path)
    assert (scope["path"], scope["raw_path"]) == (decoded, raw)


@pytest.mark.parametrize(
    ("path", "params", "query"),
    [
        pytest.param("/?a=1", None, b"a=1", id="path"),
        pytest.param("/?a=1", {"b": "2"}, b"a=1&b=2", id="merged"),
        pytest.param("/?a=1", {}, b"a=1", id="empty"),
        pytest.param("/", {"a": [1, 2], "b": "x"}, b"a=1&a=2&b=x", id="list"),
        pytest.param("/", [("a", "1"), ("b", "2"), ("a", "3")], b"a=1&b=2&a=3", id="pairs"),
        pytest.param("/", {"a": True, "b": None, "c": 1.5}, b"a=true&c=1.5", id="values"),
        pytest.param("/", {"a": "&= ü"}, b"a=%26%3D+%C3%BC", id="encoded"),
        pytest.param("/?a=ü", "b=1 2", b"a=%C3%BC&b=1%202", id="text"),
    ],
)
def test_query(path: str, params: Any, query: bytes) -> None:
    """Parameters are added to the query of the path; a list repeats its name."""
    assert scope_of(path, params=params)["query_string"] == query


@pytest.mark.parametrize(
    ("defaults", "headers", "sent"),
    [
        pytest.param({"X-A": "1"}, None, [(b"host", b"testserver"), (b"x-a", b"1")], id="defaults"),
        pytest.param({"X-A": "1"}, {"x-a": "2"}, [(b"host", b"testserver"), (b"x-a", b"2")], id="replaced"),
        pytest.param(
            None, [("a", "1"), ("a", "2")], [(b"host", b"testserver"), (b"a", b"1"), (b"a", b"2")], id="repeated"
        ),
        pytest.param(None, {"Host": "other"}, [(b"host", b"other")], id="host"),
    ],
)
def test_header_fields(defaults: Any, headers: Any, sent: list[tuple[bytes, bytes]]) -> None:
    """A request's fields replace the client's of the same name."""
    assert scope_of("/", headers=headers, client={"headers": defaults})["headers"] == sent


def test_header_fields_of_a_client_can_be_changed() -> None:
    """What is set on `client.headers`, also after the first request, goes with every later one."""
    app = HawkAPI()

    @app.get("/")
    async def token(x_token: Annotated[str | None, Header()] = None) -> str | None:
        return x_token

    client = TestClient(app, headers={"X-Token": "a"})
    assert client.get("/").json() == "a"
    client.headers.update({"x-token": "b"})
    assert client.get("/").json() == "b"
    del client.headers["X-Token"]
    assert client.get("/").status_code == 204


def test_client_address_and_root_path() -> None:
    """The address and the root path are what the client says."""
    scope = scope_of("/", client={"client": ("1.2.3.4", 5), "root_path": "/api"})
    assert (scope["client"], scope["root_path"]) == (("1.2.3.4", 5), "/api")
    assert scope_of("/", client={"client": None})["client"] is None


def pieces(*chunks: bytes | str) -> Iterator[bytes | str]:
    """Yield pieces of a body."""
    yield from chunks


async def async_pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    """Yield pieces of a body from async code."""
    for chunk in chunks:
        await asyncio.sleep(0)
        yield chunk


FORM = b"application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("make_options", "body", "fields"),
    [
        pytest.param(
            lambda: {"json": {"a": [1, None]}},
            b'{"a":[1,null]}',
            {b"content-type": b"application/json", b"content-length": b"14"},
            id="json",
        ),
        pytest.param(
            lambda: {"json": [], "headers": {"Content-Type": "application/vnd.a+json"}},
            b"[]",
            {b"content-type": b"application/vnd.a+json", b"content-length": b"2"},
            id="json-of-another-type",
        ),
        pytest.param(dict, b"", {b"content-length": b"0"}, id="none"),
        pytest.param(lambda: {"body": b"abc"}, b"abc", {b"content-length": b"3"}, id="bytes"),
        pytest.param(lambda: {"body": "ä"}, b"\xc3\xa4", {b"content-length": b"2"}, id="text"),
        pytest.param(lambda: {"content": bytearray(b"x")}, b"x", {b"content-length": b"1"}, id="bytearray"),
        pytest.param(lambda: {"content": pieces(b"a", "b")}, b"ab", {b"transfer-encoding": b"chunked"}, id="iterator"),
        pytest.param(
            lambda: {"content": async_pieces(b"a", b"b")}, b"ab", {b"transfer-encoding": b"chunked"}, id="async"
        ),
        pytest.param(
            lambda: {"data": {"a": "1 2", "b": ["x", "y"]}},
            b"a=1+2&b=x&b=y",
            {b"content-type": FORM, b"content-length": b"13"},
            id="form",
        ),
    ],
)
def test_bodies(make_options: Callable[[], dict[str, Any]], body: bytes, fields: dict[bytes, bytes]) -> None:
    """Each form of body reaches the application, with the fields that describe it."""
    scopes: list[dict[str, Any]] = []
    response = TestClient(recorder(scopes)).post("/", **make_options())
    assert response.body == body
    assert dict(scopes[0]["headers"][1:]) == fields


def test_files_beside_fields() -> None:
    """A form with files reaches the application with names, types and contents."""
    app = HawkAPI()

    @app.post("/")
    async def upload(request: Request) -> list[object]:
        form = await request.form()
        found: list[object] = [form.getlist("topic")]
        for file in (*form.getlist("one"), *form.getlist("more")):
            assert not isinstance(file, str)
            found.append([file.filename, file.content_type, (await file.read()).decode()])
        return found

    files: Files = {"one": b"1", "more": [("a.png", b"2"), ('q"\r\n.txt', "3", "text/x")]}
    response = TestClient(app).post("/", data={"topic": ["a", "ä"]}, files=files)
    assert response.json() == [
        ["a", "ä"],
        ["one", "application/octet-stream", "1"],
        ["a.png", "image/png", "2"],
        ['q"%0D%0A.txt', "text/x", "3"],
    ]


def test_open_files(tmp_path: Any) -> None:
    """An open file is sent under its own name."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    with path.open("rb") as file:
        body = TestClient(recorder()).post("/", files={"f": file}).body
    assert b'name="f"; filename="notes.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n' in body


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"json": 1, "body": b""}, "a request has one body; json and body were given", id="two"),
        pytest.param({"body": {"a": 1}}, "a body is bytes, text or an iterable .* not dict; JSON is given", id="dict"),
        pytest.param({"content": 5}, "a body is bytes, text or an iterable of these, not int", id="number"),
        pytest.param({"data": b"a=1"}, "data= takes the fields of a form", id="data"),
        pytest.param({"content": [1]}, "a piece of a body is bytes or text, not int", id="pieces"),
        pytest.param({"files": {"f": 1}}, "a piece of a body is bytes or text, not int", id="file"),
        pytest.param({"nonsense": 1}, "unexpected keyword argument 'nonsense'", id="unknown"),
    ],
)
def test_bodies_that_cannot_be_sent(options: dict[str, Any], message: str) -> None:
    """A body that has no meaning is refused with a sentence."""
    with pytest.raises(TypeError, match=message):
        TestClient(recorder()).post("/", **options)


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options", "head"])
def test_methods(method: str) -> None:
    """Each method has a function, a coroutine function and a place in `request`."""
    scopes: list[dict[str, Any]] = []
    client = TestClient(recorder(scopes))
    getattr(client, method)("/")
    client.request(method, "/")
    asyncio.run(getattr(client, f"async_{method}")("/"))
    assert [scope["method"] for scope in scopes] == [method.upper()] * 3


def test_head_has_no_body() -> None:
    """What an application sends in answer to HEAD does not reach the client."""
    response = TestClient(recorder()).head("/", body=b"abc")
    assert (response.status_code, response.body) == (200, b"")


def test_receive_waits_for_the_end_of_the_response() -> None:
    """After the body, the application's `receive` gives a disconnect, once the response is complete."""
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((await receive())["type"])
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        seen.append(f"waits: {not waiting.done()}")
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})
        seen.append((await waiting)["type"])

    assert TestClient(app).get("/").status_code == 204
    assert seen == ["http.request", "waits: True", "http.disconnect"]


def test_background_tasks_have_run_when_the_response_is_there() -> None:
    """A call returns when the application has done all its work."""
    app = HawkAPI()
    done: list[int] = []

    @app.get("/")
    async def handler(tasks: BackgroundTasks) -> None:
        tasks.add_task(done.append, 1)

    TestClient(app).get("/")
    assert done == [1]


def test_context_variables_of_the_test_reach_the_handler() -> None:
    """A handler sees the context variables of the call, and what it sets stays with it."""
    app = HawkAPI()

    @app.get("/")
    async def handler() -> str:
        before = variable.get()
        variable.set("by the handler")
        return before

    client = TestClient(app)
    token = variable.set("by the test")
    try:
        assert client.get("/").json() == "by the test"
        assert client.get("/").json() == "by the test"
        assert variable.get() == "by the test"
    finally:
        variable.reset(token)
    assert client.get("/").json() == "unset"

    async def main() -> None:
        variable.set("by an async test")
        assert (await client.async_get("/")).json() == "by an async test"
        assert variable.get() == "by an async test"

    asyncio.run(main())


def test_one_loop_for_all_requests() -> None:
    """What a request leaves in the loop is there at the next one, and goes on meanwhile."""
    app, loops = HawkAPI(), []

    @app.get("/")
    async def handler() -> None:
        loops.append(asyncio.get_running_loop())

    client = TestClient(app)
    client.get("/")
    client.get("/")
    assert loops[0] is loops[1]
    assert loops[0].is_running()


def test_sync_methods_in_a_running_loop() -> None:
    """A sync call where a loop runs says which method to use."""
    client = TestClient(recorder())

    async def main() -> None:
        with pytest.raises(RuntimeError, match=r"get\(\) would block the event loop .* use the async methods"):
            client.get("/")
        with pytest.raises(RuntimeError, match="use the async methods"):
            client.__enter__()
        assert (await client.async_get("/")).status_code == 200

    asyncio.run(main())


def test_async_methods_run_the_application_in_the_loop_of_the_test() -> None:
    """An async test may share objects of its loop with the application."""
    app, seen = HawkAPI(), []

    @app.get("/")
    async def handler() -> None:
        seen.append(asyncio.get_running_loop())

    async def main() -> None:
        await TestClient(app).async_get("/")
        assert seen == [asyncio.get_running_loop()]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("send", "message"),
    [
        pytest.param([], "the application returned without sending a response", id="nothing"),
        pytest.param(["start"], "the application returned without completing its response", id="no-body"),
        pytest.param(["body"], "sent 'http.response.body', but a response begins with", id="body-first"),
        pytest.param(["start", "start"], "but 'http.response.body' follows 'http.response.start'", id="start-twice"),
        pytest.param(["start", "body", "body"], "but the response was complete", id="too-much"),
        pytest.param(["text"], "the header field .* name and value are bytes", id="text-in-headers"),
    ],
)
def test_applications_that_break_the_protocol(send: list[str], message: str) -> None:
    """What a server would not accept fails the test, with a sentence about it."""
    messages: dict[str, dict[str, Any]] = {
        "start": {"type": "http.response.start", "status": 200, "headers": []},
        "body": {"type": "http.response.body", "body": b""},
        "text": {"type": "http.response.start", "status": 200, "headers": [("a", "b")]},
    }

    async def app(scope: Scope, receive: Receive, send_message: Send) -> None:
        for name in send:
            await send_message(messages[name])

    with pytest.raises((RuntimeError, TypeError), match=message):
        TestClient(app).get("/")
    assert TestClient(app, raise_server_exceptions=False).get("/").exception is not None


def failing() -> HawkAPI:
    """Return an application whose handler fails."""
    app = HawkAPI()

    @app.get("/")
    async def handler() -> None:
        raise ValueError("broken")

    return app


def test_exception_that_the_application_answers() -> None:
    """A 500 of a handler is a response; the exception is in it, and behind `raise_for_status`."""
    response = TestClient(failing()).get("/")
    assert response.status_code == 500
    assert repr(response.exception) == "ValueError('broken')"
    with pytest.raises(HTTPStatusError) as caught:
        response.raise_for_status()
    assert str(caught.value) == "HTTP 500"
    assert caught.value.__cause__ is response.exception


def test_all_exceptions_are_raised_on_demand() -> None:
    """`raise_server_exceptions="all"` raises what a handler has raised, with its traceback."""
    with pytest.raises(ValueError, match="broken") as caught:
        TestClient(failing(), raise_server_exceptions="all").get("/")
    assert caught.traceback[-1].name == "handler"


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_exception_that_escapes_the_application(error: BaseException) -> None:
    """What escapes is raised in the test as it is, or becomes a 500; the client lives on."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    client = TestClient(app)
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            client.get("/")
        assert caught.value is error

    async def main() -> None:
        with pytest.raises(type(error)) as caught:
            await client.async_get("/")
        assert caught.value is error

    asyncio.run(main())
    response = TestClient(app, raise_server_exceptions=False).get("/")
    assert (response.status_code, response.text, response.exception) == (500, "Internal Server Error", error)


def test_a_request_that_takes_too_long() -> None:
    """`timeout_s` ends a request that would never end, and cancels the application."""
    cancelled = threading.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError, match=r"GET http://testserver/slow took longer than 0\.01 s"):
        TestClient(app, timeout_s=0.01).get("/slow")
    assert cancelled.is_set()


def test_timeout_error_of_the_application() -> None:
    """A `TimeoutError` of the application's own is raised as it is."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        TestClient(app, timeout_s=60).get("/")


def test_pytest_does_not_collect_the_classes() -> None:
    """A test module that imports them gets no warning."""
    assert TestClient.__test__ is False
    assert TestResponse.__test__ is False


def test_sync_handler_may_use_the_client() -> None:
    """A request from a worker thread while another one waits for it does not block."""
    app = HawkAPI()
    client = TestClient(app)

    @app.get("/outer")
    def outer() -> str:
        return client.get("/inner").text

    @app.get("/inner")
    async def inner() -> PlainTextResponse:
        return PlainTextResponse("in")

    assert client.get("/outer").json() == "in"
