"""What is left of a request's body once the request has ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgi import http_scope

from hawkapi import HawkAPI, Middleware, Request, UploadFile
from hawkapi.types import BODY_KEY, Message, Receive, Scope, Send

PLAIN = b'{"a": 1}'
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + b"x" * 1000 + b"\r\n--b--\r\n"
FORM_TYPE = ("Content-Type", "multipart/form-data; boundary=b")


class Ahead(Middleware):
    async def before_request(self, request: Request) -> None:
        assert await request.body()


def serve(app: HawkAPI, scope: Scope, body: bytes, pieces: int = 1) -> None:
    """Have an application serve a request with a body in pieces, whose scope the caller keeps, as a server may."""
    size = -(-len(body) // pieces)
    waiting = [body[at : at + size] for at in range(0, len(body), size)]

    async def receive() -> Message:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Message) -> None: ...

    asyncio.run(app(scope, receive, send))


def noticing(app: HawkAPI, seen: list[bool]) -> None:
    """Add routes that notice whether the scope holds the body while they are called."""

    @app.post("/document")
    async def take_document(document: dict[str, int], request: Request) -> None:
        seen.append(BODY_KEY in request.scope)

    @app.post("/upload")
    def take_file(file: UploadFile, request: Request) -> None:
        seen.append(BODY_KEY in request.scope and file.size == 1000)

    @app.post("/failure")
    async def fail(request: Request) -> None:
        await request.body()
        seen.append(BODY_KEY in request.scope)
        raise RuntimeError("on purpose")


@pytest.mark.parametrize("middleware", [pytest.param([], id="bare"), pytest.param([Ahead], id="behind middleware")])
@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize(
    ("target", "body"),
    [
        pytest.param("/document", PLAIN, id="document"),
        pytest.param("/upload", MULTIPART, id="upload"),
        pytest.param("/failure", PLAIN, id="failure"),
    ],
)
def test_scope_after_a_request_has_no_body(
    target: str, body: bytes, pieces: int, middleware: list[type[Middleware]]
) -> None:
    """A server may keep the scope of a connection's last request for long, but not with the body in it."""
    app, seen = HawkAPI(), list[bool]()
    noticing(app, seen)
    for each in middleware:
        app.add_middleware(each)
    scope = http_scope("POST", target, [FORM_TYPE] if body is MULTIPART else [])
    serve(app, scope, body, pieces)
    assert (seen, BODY_KEY in scope) == ([True], False)


def test_scope_after_an_unanswered_request_has_no_body() -> None:
    """The body also goes when the exception of a middleware came too late to become a response."""
    app, held = HawkAPI(), list[Scope]()

    class Broken:
        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            held.append(dict(scope, body=await Request(scope, receive).body()))
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise RuntimeError("after the beginning")

    app.add_middleware(Broken)
    scope = http_scope("POST", "/")
    with pytest.raises(RuntimeError, match="after the beginning"):
        serve(app, scope, PLAIN)
    assert (held[0]["body"], BODY_KEY in held[0], BODY_KEY in scope) == (PLAIN, True, False)


def test_kept_request_still_has_what_it_has_read() -> None:
    """A task that outlives the request, and was given the `Request`, reads the same body again."""
    app, kept = HawkAPI(), list[Request]()

    @app.post("/")
    async def keep(request: Request) -> None:
        await request.body()
        kept.append(request)

    serve(app, http_scope("POST", "/"), PLAIN, 2)
    assert asyncio.run(kept[0].json()) == {"a": 1}
