"""`RequestTimeoutMiddleware`: an answer in time, also where there is nothing to say yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from hawkapi.exceptions import TITLES
from hawkapi.middleware.base import Middleware
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestTimeoutMiddleware"]


class RequestTimeoutMiddleware(Middleware):
    """Answer requests whose response has not begun in time with 504, and cancel what was answering them.

    The time begins when the request comes to this middleware, so reading its body, dependencies and other middleware
    are in it; it ends when the response begins, so streams, downloads and background tasks may take as long as they
    want. A `TimeoutError` of the application's own is an error as any other. What a plain function does in a worker
    thread cannot be stopped: the client has its 504, and the thread goes on. WebSockets pass.

    Of several around one request, around the application and around its route for example, the first whose time is over
    answers.

    Args:
        app: the next application.
        timeout_s: seconds, above 0, default 30.

    Raises:
        ValueError: `timeout_s` is not above 0.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, timeout_s: float = 30.0) -> None:
        super().__init__(app)
        if not timeout_s > 0:
            raise ValueError(f"timeout_s is {timeout_s}; it is a number of seconds above 0")
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False
        deadline = asyncio.timeout(self._timeout_s)

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal begun
            if not begun and message["type"] == "http.response.start":
                begun = True
                if not deadline.expired():
                    deadline.reschedule(None)
            return send(message)

        try:
            async with deadline:
                await self.app(scope, receive, send_on)
        except TimeoutError:
            # A response that has begun in the moment in which the time was over cannot be replaced: the server ends it.
            if begun or not deadline.expired():
                raise
            detail = f"Request exceeded {self._timeout_s:g}s timeout"
            await problem_response("timeout", 504, TITLES["timeout"], detail=detail)(scope, receive, send)
