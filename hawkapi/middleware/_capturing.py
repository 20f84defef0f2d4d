"""Capturing a response on its way out, so that a hook may look at it without holding up a stream.

The start of a response is held back until the first message of its body, as servers do (ASGI HTTP, Response Start). If
that is the whole body, the hook runs there and then. If more is to come, it runs in a task beside the application: when
the hook ends without having asked for the body, the pieces pass through; when it has asked, they are collected until
there are no more. A hook cannot run in the application's own `send`, because what it waits for comes through that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast, final

from hawkapi.middleware._captured import CapturedResponse
from hawkapi.requests import Request
from hawkapi.responses._asgi import is_asgi_response
from hawkapi.responses.base import Response
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

type Hook = Callable[[Request, CapturedResponse], Awaitable[object]]


@final
class Capture:
    """One response on its way out. Request-bound."""

    __slots__ = (
        "_drops",
        "_hook",
        "_is_decided",
        "_pieces",
        "_receive",
        "_request",
        "_response",
        "_running",
        "_scope",
        "_send",
        "_start",
        "_wanted",
        "_whole",
    )

    def __init__(self, hook: Hook, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        self._hook = hook
        self._request = request
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message | None = None
        self._response: CapturedResponse | None = None
        self._is_decided = False  # Whether the head has been sent; the rest then passes through, or is dropped.
        self._drops = False
        self._pieces: list[bytes] = []
        self._running: asyncio.Task[object] | None = None
        self._wanted: asyncio.Future[None] | None = None
        self._whole: asyncio.Future[bytes] | None = None

    async def send(self, message: Message) -> None:
        """Take a message of the application."""
        if self._is_decided:
            if not self._drops:
                await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send_other(message)
        elif self._running is not None:
            await self._collect(message)
        elif message.get("more_body", False):
            await self._begin_stream(message)
        else:
            await self._decide_whole(message)

    async def finish(self) -> None:
        """Send what is held back: the application has returned without a body, or before its end."""
        if self._start is not None and not self._is_decided and self._running is None:
            self._is_decided = True
            await self._send(self._start)

    async def close(self) -> None:
        """Stop a hook that still waits for a body: the application will not send it any more."""
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])
            if not self._running.cancelled():
                self._running.exception()  # Or asyncio would log that nobody has asked for it.

    async def _send_other(self, message: Message) -> None:
        """Pass on a message that has no body to look at, such as an early hint, or a file for the server to send."""
        if self._start is not None and message["type"] in WHOLE_BODIES:
            response = CapturedResponse(self._start, None, _unreadable)
            await self._settle(response, await self._hook(self._request, response), message)
            return
        await self._send(message)

    async def _decide_whole(self, message: Message) -> None:
        """Show the hook a response whose body is at hand, and send what it leaves."""
        assert self._start is not None
        body = message.get("body", b"")
        response = CapturedResponse(self._start, body if type(body) is bytes else bytes(body), _unreadable)
        result = await self._hook(self._request, response)
        await self._settle(response, result, message)

    async def _begin_stream(self, message: Message) -> None:
        """Start the hook beside the application, and wait until it has ended or asks for the body."""
        assert self._start is not None
        loop = asyncio.get_running_loop()
        self._wanted, self._whole = loop.create_future(), loop.create_future()
        self._response = CapturedResponse(self._start, None, self._read_rest)
        self._running = asyncio.ensure_future(_result_of(self._hook, self._request, self._response))
        try:
            ends: list[asyncio.Future[Any]] = [self._running, self._wanted]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.close()
            raise
        if self._running.done():
            await self._settle(self._response, self._running.result(), message)
        else:
            self._pieces.append(bytes(message.get("body", b"")))

    async def _collect(self, message: Message) -> None:
        """Keep a piece of a body that the hook waits for; with the last one, let it go on."""
        assert self._running is not None
        assert self._response is not None
        assert self._whole is not None
        self._pieces.append(bytes(message.get("body", b"")))
        more = message.get("more_body", False)
        if more and not self._running.done():
            return
        collected = b"".join(self._pieces)
        self._pieces.clear()
        if not more and not self._whole.done():
            self._whole.set_result(collected)
        # A hook that asked and then gave up, after a time perhaps, leaves a stream whose beginning is here.
        result = await self._running
        await self._settle(self._response, result, {"type": "http.response.body", "body": collected, "more_body": more})

    async def _read_rest(self) -> bytes:
        assert self._wanted is not None
        assert self._whole is not None
        if not self._wanted.done():
            self._wanted.set_result(None)
        return await asyncio.shield(self._whole)

    async def _settle(self, response: CapturedResponse, result: object, message: Message) -> None:
        """Send what the hook has decided on; `message` is the body, or its first piece, for one that is not changed."""
        self._is_decided = True
        other = _other_response(result, response)
        if other is not None:
            self._drops = True
            await other(self._scope, self._receive, self._send)
        elif response.is_emptied or (not response.is_streaming and (response.is_replaced or self._running is not None)):
            self._drops = True
            for own in response.messages(self._scope.get("method", "GET")):
                await self._send(own)
        else:
            await self._send(response.start_message())
            await self._send(message)


WHOLE_BODIES: Final = frozenset({"http.response.pathsend", "http.response.zerocopysend"})
"""Messages of ASGI extensions that stand for a body."""


async def _result_of(hook: Hook, request: Request, response: CapturedResponse) -> object:
    return await hook(request, response)


async def _unreadable() -> bytes:
    raise RuntimeError("the server sends the body of this response from a file by itself; it cannot be read")


def _other_response(result: object, captured: CapturedResponse) -> ASGIApp | None:
    """Return the response that a hook wants sent in place of the captured one, or `None`.

    Raises:
        TypeError: it is no response.
    """
    if result is None or result is captured:
        return None
    if isinstance(result, Response) or is_asgi_response(result):
        return cast("ASGIApp", result)
    raise TypeError(f"after_response returns None or a response, not a {type(result).__name__}")
