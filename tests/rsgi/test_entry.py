"""The RSGI entry answers as the ASGI entry does: same statuses, header fields in their order, and bodies."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from asgi import call, http_scope
from rsgi import FakeProtocol, FakeScope, through_rsgi

from hawkapi import (
    BackgroundTasks,
    Cookie,
    Depends,
    FileResponse,
    HawkAPI,
    Header,
    HTTPException,
    JSONResponse,
    Middleware,
    Request,
    Response,
    StreamingResponse,
    Struct,
)
from hawkapi._rsgi.entry import RSGIEntry
from hawkapi._rsgi.scopes import Surroundings
from hawkapi.types import Receive, Scope, Send


class Item(Struct):
    """A body."""

    name: str
    price: int = 0


@dataclasses.dataclass
class Counted:
    """A result that would show if it were made again more than once."""

    times: int

    def __post_init__(self) -> None:
        self.times += 1


def application() -> HawkAPI:
    """Return an application with an endpoint of each kind."""
    app = HawkAPI(max_body_size=100)

    @app.get("/plain/{n:int}")
    async def plain(n: int, q: str = "", x_tag: Annotated[str, Header()] = "", a: Annotated[str, Cookie()] = "") -> Any:
        return {"n": n, "q": q, "tag": x_tag, "a": a}

    @app.post("/items", status_code=201)
    async def create(item: Item) -> Item:
        return item

    @app.get("/counted")
    async def counted() -> list[Counted]:
        return [Counted(0)]

    @app.get("/cookies")
    async def cookies() -> Response:
        response = JSONResponse({"é": 1}, headers={"x-text": "a"})
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    @app.get("/empty")
    async def empty() -> None:
        """Return nothing."""

    @app.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418, "short and stout")

    @app.get("/broken")
    async def broken() -> None:
        raise LookupError("on purpose")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncGenerator[bytes]:
            yield b"one"
            yield b"two"

        return StreamingResponse(chunks())

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(Path(__file__))

    @app.get("/sync")
    def sync() -> dict[str, bool]:
        return {"sync": True}

    @app.get("/dependency")
    async def dependency(value: Annotated[int, Depends(lambda: 7)]) -> dict[str, int]:
        return {"value": value}

    @app.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    return app


REQUESTS: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "path-and-query": ("GET", "/plain/5?q=a%20b", b"", {"x-tag": "t", "cookie": "a=1"}),
    "wrong-path": ("GET", "/plain/x", b"", {}),
    "encoded-path": ("GET", "/plain/5%2F6", b"", {}),
    "wide-path": ("GET", "/pl%C3%A4in/5", b"", {}),
    "head": ("HEAD", "/plain/5", b"", {}),
    "options": ("OPTIONS", "/plain/5", b"", {}),
    "no-method": ("DELETE", "/plain/5", b"", {}),
    "no-route": ("GET", "/nowhere", b"", {}),
    "body": ("POST", "/items", b'{"name":"x","price":3}', {"content-type": "application/json"}),
    "wrong-body": ("POST", "/items", b'{"name":1}', {}),
    "no-body": ("POST", "/items", b"", {}),
    "long-body": ("POST", "/items", b" " * 101, {}),
    "msgpack": ("GET", "/plain/5", b"", {"accept": "application/msgpack"}),
    "counted": ("GET", "/counted", b"", {}),
    "cookies": ("GET", "/cookies", b"", {}),
    "empty": ("GET", "/empty", b"", {}),
    "http-exception": ("GET", "/teapot", b"", {}),
    "exception": ("GET", "/broken", b"", {}),
    "stream": ("GET", "/stream", b"", {}),
    "stream-head": ("HEAD", "/stream", b"", {}),
    "file": ("GET", "/file", b"", {}),
    "file-range": ("GET", "/file", b"", {"range": "bytes=1-4"}),
    "file-head": ("HEAD", "/file", b"", {}),
    "sync": ("GET", "/sync", b"", {}),
    "dependency": ("GET", "/dependency", b"", {}),
    "raw": ("POST", "/raw", b"12345", {}),
    "raw-long": ("POST", "/raw", b"1" * 101, {}),
}


def framed(body: bytes, headers: dict[str, str]) -> dict[str, str]:
    """Return the header fields that a client would send."""
    return {**headers, "content-length": str(len(body))} if body else headers


@pytest.mark.parametrize("middleware", [False, True], ids=["direct", "behind-middleware"])
@pytest.mark.parametrize("name", REQUESTS)
def test_same_answer(name: str, middleware: bool) -> None:
    """Status, header fields in their order and repeated as they are, and body."""
    method, target, body, headers = REQUESTS[name]
    app = application()
    if middleware:
        app.add_middleware(Middleware)
    replies = [
        asyncio.run(call(served, method, target, body=body, headers=framed(body, headers)))
        for served in (app, functools.partial(through_rsgi, app))
    ]
    expected, reply = replies
    assert (reply.status, reply.headers, reply.body) == (expected.status, expected.headers, expected.body)


def test_field_that_is_not_ascii() -> None:
    """RSGI sends text as UTF-8, where ASGI sends the bytes of Latin-1."""
    app = HawkAPI()

    @app.get("/")
    async def tell() -> Response:
        return Response(b"x", headers={"x-text": "é"})

    reply = asyncio.run(call(functools.partial(through_rsgi, app), "GET", "/"))
    assert dict(reply.headers)[b"x-text"] == "é".encode()


def test_body_in_pieces() -> None:
    """One of unknown length is read as it comes, and refused as soon as it is too long."""
    app = application()
    served = functools.partial(through_rsgi, app)
    fields = {"transfer-encoding": "chunked"}
    pieces = [b"1" * 60, b"", b"2" * 40]
    assert asyncio.run(call(served, "POST", "/raw", chunks=pieces, headers=fields)).json() == {"bytes": 100}
    assert asyncio.run(call(served, "POST", "/raw", chunks=[*pieces, b"3"], headers=fields)).status == 413


def scenario(app: HawkAPI, scope: Scope, receive: Receive) -> list[Any]:
    """Return what an application sends through RSGI."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(through_rsgi(app, scope, receive, send))
    return sent


@pytest.mark.parametrize("length", ["20", "70000"], ids=["whole", "pieces"])
@pytest.mark.parametrize("target", ["/items", "/raw"])
def test_body_that_ends_early(target: str, length: str) -> None:
    """A body that is shorter than declared is the client's leaving: the handler is not called, nothing is sent."""
    app = application()
    app.max_body_size = 100_000
    incoming = iter([{"type": "http.request", "body": b"x" * 10, "more_body": True}])

    async def receive() -> Any:
        return next(incoming, {"type": "http.disconnect"})

    assert scenario(app, http_scope("POST", target, [("content-length", length)]), receive) == []


async def silent() -> Any:
    """Be a client that stays."""
    return {"type": "http.request", "body": b"", "more_body": False}


def test_background_tasks_do_not_hold_the_response_up() -> None:
    """A response, in pieces too, is complete before they run."""
    app = HawkAPI()
    seen: list[str] = []

    @app.get("/")
    async def tell(tasks: BackgroundTasks) -> StreamingResponse:
        tasks.add_task(seen.append, "background")

        async def chunks() -> AsyncGenerator[bytes]:
            yield b"x"

        return StreamingResponse(chunks())

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not message["more_body"]:
            seen.append("complete")

    asyncio.run(through_rsgi(app, http_scope("GET", "/"), silent, send))
    assert seen == ["complete", "background"]


def test_client_that_leaves_ends_a_stream() -> None:
    """What is sent to a client that has gone raises, and the stream is closed."""
    app = HawkAPI()
    seen: list[str] = []

    @app.get("/")
    async def tell() -> StreamingResponse:
        async def chunks() -> AsyncGenerator[bytes]:
            try:
                while True:
                    yield b"x"
            finally:
                seen.append("closed")

        return StreamingResponse(chunks())

    count = 0

    async def send(message: Any) -> None:
        nonlocal count
        count += 1
        if count > 4:
            raise OSError("gone")

    asyncio.run(through_rsgi(app, http_scope("GET", "/"), silent, send))
    assert (seen, app.in_flight) == (["closed"], 0)


def test_requests_count_while_they_run() -> None:
    """`in_flight` has each once, whichever way it is answered."""
    app = HawkAPI()
    seen: list[int] = []

    @app.get("/plain")
    async def plain() -> None:
        seen.append(app.in_flight)

    @app.get("/full")
    async def full(request: Request) -> None:
        seen.append(app.in_flight)

    for target in ("/plain", "/full"):
        assert asyncio.run(call(functools.partial(through_rsgi, app), "GET", target)).status == 204
    assert (seen, app.in_flight) == ([1, 1], 0)


def test_calls_of_a_subclass_are_heeded() -> None:
    """What a subclass does in `__call__` happens to requests through RSGI, too."""

    class Counting(HawkAPI):
        calls = 0

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            self.calls += 1
            await super().__call__(scope, receive, send)

    app = Counting()

    @app.get("/")
    async def hello() -> None:
        """Return nothing."""

    assert asyncio.run(call(functools.partial(through_rsgi, app), "GET", "/")).status == 204
    assert app.calls == 1


def test_scope_that_middleware_sees() -> None:
    """It is that of ASGI, with the lifespan state, and tells that the server speaks RSGI."""
    app = HawkAPI()
    seen: list[Any] = []

    class Look:
        def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            seen.append({key: value for key, value in scope.items() if not key.startswith("hawkapi") and key != "app"})
            await self.app(scope, receive, send)

    app.add_middleware(Look)
    scope = http_scope("GET", "/a%20b?c=%20", [("x-a", "1"), ("x-b", "2"), ("x-a", "3")], client=("::1", 5))
    around = Surroundings("/root", {"ready": True})

    async def serve() -> None:
        async def send(message: Any) -> None:
            """Take it."""

        protocol: Any = FakeProtocol(silent, send)
        made: Any = FakeScope({**scope, "root_path": "/root"})
        await RSGIEntry(app, around).serve(made, protocol)
        await protocol.finish()

    asyncio.run(serve())
    assert seen == [
        {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/a b",
            "query_string": b"c=%20",
            "root_path": "/root",
            "headers": [(b"x-a", b"1"), (b"x-a", b"3"), (b"x-b", b"2")],
            "client": ("::1", 5),
            "server": ("127.0.0.1", 80),
            "state": {"ready": True},
            "extensions": {"rsgi": {"version": "1.6"}},
        }
    ]


def test_entries_follow_registrations() -> None:
    """A route that is added later is served by an entry that a worker has had before."""
    app = HawkAPI()
    serve = app.__rsgi__

    async def hello() -> str:
        return "hello"

    app.add_route("/late", hello, methods=["GET"])
    replies: list[Any] = []

    class Protocol:
        def response_bytes(self, status: int, headers: Any, body: bytes) -> None:
            replies.append((status, body))

    made: Any = FakeScope(http_scope("GET", "/late"))
    asyncio.run(serve(made, Protocol()))
    assert replies == [(200, b'"hello"')]
