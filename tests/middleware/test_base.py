"""`Middleware`: its hooks, what they may return, and what of a response they see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from apps import app_with, hello
from asgi import call, request
from starlette.responses import PlainTextResponse as StarletteResponse

from hawkapi import (
    HawkAPI,
    HTMLResponse,
    HTTPException,
    JSONResponse,
    Middleware,
    PlainTextResponse,
    RedirectResponse,
    Request,
    Response,
    StreamingResponse,
    TestClient,
    WebSocket,
)
from hawkapi.middleware import CapturedResponse


async def echo(request: Request) -> PlainTextResponse:
    """Answer the body."""
    return PlainTextResponse(await request.body())


async def echo_stream(request: Request) -> StreamingResponse:
    """Answer the body as it arrives."""
    return StreamingResponse(request.stream(), content_type="text/plain")


def around(handler: Any, cls: Any, method: str = "GET", **options: Any) -> HawkAPI:
    """Return an application with one route inside one middleware."""
    app = app_with(handler, method=method, **options)
    app.add_middleware(cls)
    return app


def with_after(hook: Any) -> type[Middleware]:
    """Return a middleware class whose `after_response` is a function of the response."""

    class After(Middleware):
        async def after_response(self, request: Request, response: CapturedResponse) -> Any:
            return await hook(response)

    return After


async def pieces() -> AsyncIterator[bytes]:
    """Yield a body in three pieces."""
    for piece in (b"one ", b"two ", b"three"):
        yield piece


async def streamed() -> StreamingResponse:
    """Answer in pieces."""
    return StreamingResponse(pieces(), content_type="text/plain")


def test_hooks_that_return_nothing() -> None:
    """A request goes to the handler and its response to the client, past hooks that are called in turn."""
    seen: list[str] = []

    class Watch(Middleware):
        async def before_request(self, request: Request) -> None:
            seen.append(f"before {request.path}")

        async def after_response(self, request: Request, response: CapturedResponse) -> None:
            seen.append(f"after {response.status_code} {response.body!r} {response.content_type}")

    reply = request(around(hello, Watch), "GET", "/")
    assert (reply.status, reply.json()) == (200, {"hello": "world"})
    assert seen == ["before /", 'after 200 b\'{"hello":"world"}\' application/json']


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (Response(b"no", status_code=403), 403),
        (JSONResponse({"no": 1}, status_code=429), 429),
        (HTMLResponse("<p>no", status_code=503), 503),
        (RedirectResponse("/login"), 307),
        (StarletteResponse("no", 418), 418),
    ],
    ids=["plain", "json", "html", "redirect", "foreign"],
)
def test_before_request_answers_with_any_response(response: Any, status: int) -> None:
    """Whatever is a response is sent at once; neither the handler nor `after_response` is called."""
    called: list[str] = []

    async def handler() -> None:
        """Be called."""
        called.append("handler")

    class Deny(Middleware):
        async def before_request(self, request: Request) -> Any:
            return response

        async def after_response(self, request: Request, response: CapturedResponse) -> None:
            called.append("after")

    assert (request(around(handler, Deny), "GET", "/").status, called) == (status, [])


@pytest.mark.parametrize("hook", ["before_request", "after_response"])
def test_hook_that_returns_something_else(hook: str) -> None:
    """A value that is no response is refused, and the log says which class returned it."""
    app = around(hello, type("Wrong", (Middleware,), {hook: returning({"a": 1})}), debug=True)
    reply = request(app, "GET", "/")
    assert reply.status == 500
    assert reply.json()["detail"].endswith("not a dict")
    assert hook in reply.json()["detail"]


def returning(value: object) -> Any:
    """Return a hook that returns a value."""

    async def hook(*args: object) -> object:
        return value

    return hook


def test_new_request_is_used_downstream() -> None:
    """A request that `before_request` returns takes the place of the one that came, with its scope."""

    class Rewrite(Middleware):
        async def before_request(self, request: Request) -> Request:
            return Request({**request.scope, "path": "/new"}, request.receive)

    app = HawkAPI()
    app.get("/new")(hello)
    app.add_middleware(Rewrite)
    assert request(app, "GET", "/old").json() == {"hello": "world"}


@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.parametrize("reads", [True, False])
def test_new_request_with_another_body(copied: bool, reads: bool) -> None:
    """The body of a new request is what its own `receive` brings, also when that of the old one was read."""

    class Replace(Middleware):
        async def before_request(self, request: Request) -> Request:
            if reads:
                await request.body()

            async def receive() -> dict[str, Any]:
                return {"type": "http.request", "body": b"new"}

            return Request({**request.scope} if copied else request.scope, receive)

    assert request(around(echo, Replace, "POST"), "POST", "/", body=b"old").body == b"new"


def test_state_is_shared() -> None:
    """What a hook leaves in `request.state` is there for the handler and for `after_response`."""

    class User(Middleware):
        async def before_request(self, request: Request) -> None:
            request.state.user = "ann"

        async def after_response(self, request: Request, response: CapturedResponse) -> None:
            response.headers["x-seen"] = request.state.seen

    async def handler(request: Request) -> str:
        """Leave something too."""
        request.state.seen = "handler"
        return str(request.state.user)

    reply = request(around(handler, User), "GET", "/")
    assert (reply.json(), reply.header("x-seen")) == ("ann", "handler")


@pytest.mark.parametrize("chunks", [[b"whole"], [b"in ", b"two"], [b""]], ids=["one", "two", "empty"])
def test_body_read_in_a_hook_is_replayed(chunks: list[bytes]) -> None:
    """The handler gets the body that a hook has read."""
    seen: list[bytes] = []

    class Read(Middleware):
        async def before_request(self, request: Request) -> None:
            seen.append(await request.body())

    app = around(echo, Read, "POST")
    assert request(app, "POST", "/", chunks=chunks).body == b"".join(chunks)
    assert seen == [b"".join(chunks)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("handler", [echo, echo_stream], ids=["read", "streamed"])
def test_body_streamed_in_a_hook_is_replayed(handler: Any, count: int) -> None:
    """The handler gets all of it, however much of it a hook has taken."""
    seen: list[bytes] = []

    class Look(Middleware):
        async def before_request(self, request: Request) -> None:
            async for piece in request.stream():
                seen.append(piece)
                if len(seen) == count:
                    break

    app = around(handler, Look, "POST")
    assert request(app, "POST", "/", chunks=[b"a", b"b", b"c"]).body == b"abc"
    assert seen == [b"a", b"b", b"c"][:count]


def test_body_read_in_a_hook_is_replayed_to_another_application() -> None:
    """An application that reads for itself gets the messages again."""

    class Read(Middleware):
        async def before_request(self, request: Request) -> None:
            await request.body()

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await StarletteResponse((await receive())["body"])(scope, receive, send)

    app = HawkAPI()
    app.mount("/m", mounted)
    app.add_middleware(Read)
    assert request(app, "POST", "/m", chunks=[b"a", b"b"]).body == b"ab"


def test_body_in_a_hook_is_limited_as_the_application_says() -> None:
    """`max_body_size` holds for hooks too: one byte more is answered with 413."""

    class Read(Middleware):
        async def before_request(self, request: Request) -> None:
            await request.body()

    app = around(echo, Read, "POST", max_body_size=4)
    assert [request(app, "POST", "/", body=body).status for body in (b"four", b"five5")] == [200, 413]


def test_http_exception_in_a_hook() -> None:
    """It becomes its response, for which an exception handler may be registered."""

    class Deny(Middleware):
        async def before_request(self, request: Request) -> None:
            raise HTTPException(402, "pay", headers={"x-price": "1"})

    app = around(hello, Deny)
    reply = request(app, "GET", "/")
    assert (reply.status, reply.json()["detail"], reply.header("x-price")) == (402, "pay", "1")


def test_exception_in_after_response() -> None:
    """Nothing has been sent by then, so the client gets a whole response."""

    async def fail(response: CapturedResponse) -> None:
        raise HTTPException(409)

    assert request(around(hello, with_after(fail)), "GET", "/").status == 409
    assert request(around(streamed, with_after(fail)), "GET", "/").status == 409


def test_repeated_fields_stay_repeated() -> None:
    """Two cookies are two, whether or not the hook looks at the fields."""

    async def handler() -> Response:
        """Set two cookies."""
        response = Response(b"ok")
        response.set_cookie("a", "1")
        response.set_cookie("b", "2")
        return response

    async def change(response: CapturedResponse) -> None:
        response.headers["x-more"] = "yes"
        response.headers.append("set-cookie", "c=3")

    reply = request(around(handler, with_after(change)), "GET", "/")
    assert [value.split(b";")[0] for name, value in reply.headers if name == b"set-cookie"] == [b"a=1", b"b=2", b"c=3"]
    assert (reply.header("x-more"), reply.header("content-length")) == ("yes", "2")


@pytest.mark.parametrize(
    ("method", "expected"), [("GET", b"a longer body"), ("HEAD", b"")], ids=["with body", "without"]
)
def test_assigned_body_has_its_own_length(method: str, expected: bytes) -> None:
    """`response.body = ...` is sent with its length; to `HEAD` the length alone."""

    async def change(response: CapturedResponse) -> None:
        response.body = "a longer body"
        response.content_type = "text/x-long"
        response.status_code = 203

    reply = request(around(hello, with_after(change)), method, "/")
    assert (reply.status, reply.body, reply.header("content-length")) == (203, expected, "13")
    assert reply.header("content-type") == "text/x-long"


def test_length_of_head_stays() -> None:
    """A response to `HEAD` has no body, and still the length that `GET` would have."""

    async def change(response: CapturedResponse) -> None:
        response.headers["x-more"] = "yes"

    reply = request(around(hello, with_after(change)), "HEAD", "/")
    assert (reply.body, reply.header("content-length")) == (b"", "17")


@pytest.mark.parametrize("handler", [hello, streamed], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", [204, 304])
def test_status_that_has_no_body(handler: Any, status: int) -> None:
    """It takes the body away, and what was said of it."""

    async def change(response: CapturedResponse) -> None:
        response.status_code = status

    reply = request(around(handler, with_after(change)), "GET", "/")
    names = {name for name, _ in reply.headers}
    assert (reply.status, reply.body, names & {b"content-length", b"content-type"}) == (status, b"", set())
    assert not reply.messages[-1].get("more_body")


@pytest.mark.parametrize("handler", [hello, streamed], ids=["whole", "streamed"])
@pytest.mark.parametrize("other", [PlainTextResponse("other"), StarletteResponse("other")], ids=["ours", "foreign"])
def test_other_response_is_sent_in_place(handler: Any, other: Any) -> None:
    """A response that `after_response` returns is all that the client sees."""

    async def replace(response: CapturedResponse) -> Any:
        return other

    reply = request(around(handler, with_after(replace)), "GET", "/")
    assert (reply.status, reply.body, reply.header("content-length")) == (200, b"other", "5")


def test_trailers_of_a_body_that_is_replaced() -> None:
    """They are dropped with it, and are not announced."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
        await send({"type": "http.response.body", "body": b"one"})
        await send({"type": "http.response.trailers", "headers": [(b"digest", b"of one")]})

    async def change(response: CapturedResponse) -> None:
        response.body = "other"

    start, body = request(with_after(change)(app), "GET", "/").messages
    assert ("trailers" in start, body["body"]) == (False, b"other")


def test_captured_response_may_be_returned() -> None:
    """It is the same as returning nothing."""

    async def change(response: CapturedResponse) -> CapturedResponse:
        response.headers["x-more"] = "yes"
        return response

    assert request(around(hello, with_after(change)), "GET", "/").header("x-more") == "yes"


def test_stream_keeps_streaming() -> None:
    """The hook may change the head; a piece reaches the client before the next one is made."""
    sent: list[Any] = []
    made: list[tuple[int, int]] = []

    async def counted() -> AsyncIterator[bytes]:
        for number in range(3):
            made.append((number, sum(1 for message in sent if message.get("body"))))
            yield b"x"

    async def handler() -> StreamingResponse:
        """Answer in pieces."""
        return StreamingResponse(counted())

    async def change(response: CapturedResponse) -> None:
        assert response.is_streaming
        response.headers["x-more"] = "yes"
        response.status_code = 206

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = around(handler, with_after(change))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    asyncio.run(app(scope, receive, send))
    assert made == [(0, 0), (1, 1), (2, 2)]
    assert (sent[0]["status"], (b"x-more", b"yes") in sent[0]["headers"]) == (206, True)
    assert [message.get("body") for message in sent[1:]] == [b"x", b"x", b"x", b""]


def test_stream_is_read_when_somebody_asks() -> None:
    """`read()` gives the whole body of a stream, which is then sent whole, with its length if it is replaced."""

    async def change(response: CapturedResponse) -> None:
        assert await response.read() == b"one two three"
        assert await response.read() == response.body
        response.body = response.body.upper()

    reply = request(around(streamed, with_after(change)), "GET", "/")
    assert (reply.body, reply.header("content-length")) == (b"ONE TWO THREE", "13")


def test_stream_that_was_read_is_sent_unchanged() -> None:
    """Reading alone changes nothing but the pieces."""

    async def look(response: CapturedResponse) -> None:
        await response.read()

    assert request(around(streamed, with_after(look)), "GET", "/").body == b"one two three"


def test_stream_that_a_hook_gives_up_reading() -> None:
    """What was collected meanwhile is sent first, and the rest goes on in pieces."""
    given_up = asyncio.Event()

    async def patient() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two "
        await given_up.wait()
        yield b"three "
        yield b"four"

    async def handler() -> StreamingResponse:
        """Answer in pieces."""
        return StreamingResponse(patient())

    async def look(response: CapturedResponse) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await response.read()
        assert response.is_streaming
        given_up.set()

    reply = request(around(handler, with_after(look)), "GET", "/")
    assert [message["body"] for message in reply.messages[1:]] == [b"one two three ", b"four", b""]


@pytest.mark.parametrize("body", [b"", b"short"])
def test_hook_that_replaces_what_it_has_asked_for(body: bytes) -> None:
    """A body that was read, and then replaced, is what is sent."""

    async def change(response: CapturedResponse) -> None:
        await response.read()
        response.body = body

    reply = request(around(streamed, with_after(change)), "GET", "/")
    assert (reply.body, reply.header("content-length")) == (body, str(len(body)))


def test_stream_is_replaced_without_being_read() -> None:
    """An assigned body takes the place of all pieces."""

    async def change(response: CapturedResponse) -> None:
        response.body = b"short"

    reply = request(around(streamed, with_after(change)), "GET", "/")
    assert (reply.body, reply.header("content-length")) == (b"short", "5")


def test_body_of_a_stream_that_was_not_read() -> None:
    """There is none yet, and the error says how to get it."""
    errors: list[str] = []

    async def look(response: CapturedResponse) -> None:
        try:
            _ = response.body
        except RuntimeError as exc:
            errors.append(str(exc))

    assert request(around(streamed, with_after(look)), "GET", "/").body == b"one two three"
    assert errors == ["the body of this response comes in pieces; await response.read() to have all of it"]


def test_stream_that_fails_while_it_is_read() -> None:
    """The hook is stopped, and the client gets a whole response: nothing has been sent by then."""
    ends: list[str] = []

    async def broken() -> AsyncIterator[bytes]:
        yield b"one"
        raise HTTPException(507)

    async def handler() -> StreamingResponse:
        """Answer in pieces, and fail."""
        return StreamingResponse(broken())

    async def look(response: CapturedResponse) -> None:
        try:
            await response.read()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    assert request(around(handler, with_after(look)), "GET", "/").status == 507
    assert ends == ["cancelled"]


def test_application_that_sends_nothing() -> None:
    """Nothing is sent then, and the hook is not called."""
    called: list[int] = []

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        """Send nothing."""

    async def look(response: CapturedResponse) -> None:
        called.append(1)

    reply = request(with_after(look)(silent), "GET", "/")
    assert (reply.messages, called) == ([], [])


def test_file_that_the_server_sends() -> None:
    """A message that stands for a file is passed on behind the head; its body cannot be read."""
    errors: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/some/file"})

    async def look(response: CapturedResponse) -> None:
        response.headers["x-more"] = "yes"
        try:
            await response.read()
        except RuntimeError as exc:
            errors.append(str(exc))

    reply = request(with_after(look)(inner), "GET", "/")
    assert reply.header("x-more") == "yes"
    assert reply.messages[1] == {"type": "http.response.pathsend", "path": "/some/file"}
    assert len(errors) == 1


def test_route_middleware_with_hooks() -> None:
    """It is made once for its route, and knows what the path was matched with."""
    seen: list[Any] = []

    class Watch(Middleware):
        async def before_request(self, request: Request) -> None:
            seen.append((id(self), request.path_params["number"]))

    async def handler(number: int) -> int:
        """Answer the number."""
        return number

    app = HawkAPI()
    app.get("/{number:int}", middleware=[Watch])(handler)
    assert [request(app, "GET", f"/{number}").json() for number in (1, 2)] == [1, 2]
    assert [number for _, number in seen] == [1, 2]
    assert len({made for made, _ in seen}) == 1


def test_websockets_pass_hooks_but_not_call() -> None:
    """Hooks are about HTTP; a middleware with a `__call__` of its own sees every connection."""
    seen: list[str] = []

    class Hooks(Middleware):
        async def before_request(self, request: Request) -> None:
            seen.append("hook")

    class Call(Middleware):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope["type"])
            await self.app(scope, receive, send)

    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hi")

    app.add_middleware(Hooks)
    app.add_middleware(Call)
    with TestClient(app) as client, client.websocket_connect("/ws") as socket:
        assert socket.receive_text() == "hi"
    assert seen == ["websocket"]


def test_plain_endpoint_behind_middleware_fails() -> None:
    """An exception of a handler is a response to the middleware around it, of the status that it has."""
    statuses: list[int] = []

    async def handler(number: int) -> None:
        """Fail."""
        raise HTTPException(409)

    async def look(response: CapturedResponse) -> None:
        statuses.append(response.status_code)

    app = HawkAPI()
    app.get("/{number}")(handler)
    app.add_middleware(with_after(look))
    assert [request(app, "GET", path).status for path in ("/1", "/x", "/1/2")] == [409, 400, 404]
    assert statuses == [409, 400, 404]


def test_client_that_goes_while_a_hook_waits() -> None:
    """A request that is cancelled takes the hook with it."""
    ends: list[str] = []
    waiting = asyncio.Event()

    async def wait(response: CapturedResponse) -> None:
        try:
            waiting.set()
            await asyncio.Event().wait()
        finally:
            ends.append("ended")

    async def scenario() -> None:
        task = asyncio.create_task(call(around(streamed, with_after(wait)), "GET", "/"))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    assert ends == ["ended"]
