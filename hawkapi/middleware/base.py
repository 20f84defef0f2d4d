"""`Middleware`: what runs around the handlers, as a class with two hooks or as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, ClassVar, cast, final

from hawkapi.middleware._captured import CapturedResponse
from hawkapi.middleware._capturing import Capture
from hawkapi.requests import Request
from hawkapi.requests.body import keep_body, replay_body
from hawkapi.responses._asgi import is_asgi_response
from hawkapi.responses.base import Response
from hawkapi.routing.middleware_entry import MiddlewareEntry
from hawkapi.types import BODY_KEY, ASGIApp, Receive, Scope, Send

__all__ = ["CapturedResponse", "Middleware", "MiddlewareEntry"]

type AnyResponse = Response | Callable[[Scope, Receive, Send], Awaitable[None]]
"""A response of hawkapi, or any ASGI application that is one."""


class Middleware:
    """The base of middleware, for those who want one: any ASGI class that takes the application it wraps is middleware.

    Args:
        app: the next application; `self.app`.

    A subclass overrides hooks, which see HTTP requests only, or `__call__`, which sees every connection::

        class Greeting(Middleware):
            async def after_response(self, request, response):
                response.headers["x-greeting"] = "hello"


        class Timing(Middleware):
            async def __call__(self, scope, receive, send):
                await self.app(scope, receive, send)

    One object serves all threads: what it keeps must be safe for that. What hooks leave in `request.state` is there for
    the handler, and a body that they have read is there for it again. What a hook raises is answered as what a handler
    raises.
    """

    _has_before: ClassVar[bool] = False
    _has_after: ClassVar[bool] = False
    _has_hooks: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_before = cls.before_request is not Middleware.before_request
        cls._has_after = cls.after_response is not Middleware.after_response
        cls._has_hooks = cls._has_before or cls._has_after

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def before_request(self, request: Request) -> Request | AnyResponse | None:
        """Look at a request before the handler does.

        Returns:
            `None`, or a request, the same or another, which is passed on; or a response, which is sent at once, and
            `after_response` is not called.
        """
        return None

    async def after_response(self, request: Request, response: CapturedResponse) -> AnyResponse | None:
        """Look at a response before the client does.

        It may be changed in place. The body of one that is sent in pieces has not been read: `await response.read()`
        reads all of it, otherwise the pieces go on to the client as they come.

        Returns:
            `None`, or the response, which is sent; or another one, which is sent in its place.
        """
        return None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection (ASGI 3). What is no HTTP request is passed on as it is."""
        # PERF: what has no hooks for it costs no coroutine, which is half of what an empty middleware may cost.
        if not self._has_hooks or scope["type"] != "http":
            return self.app(scope, receive, send)
        return (self._around if self._has_after else self._ahead)(scope, receive, send)

    async def _ahead(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that only `before_request` looks at."""
        request = HookRequest(scope, receive)
        result = await self.before_request(request)
        if result is None:
            # PERF: the usual case, without `_downstream`.
            await self.app(scope, receive if BODY_KEY not in scope else replay_body(scope, receive), send)
            return
        response = self._as_response(result)
        if response is not None:
            await response(scope, receive, send)
            return
        await self.app(*_downstream(request, cast("Request", result)), send)

    async def _around(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose response `after_response` looks at."""
        request: Request = HookRequest(scope, receive)
        passed = request
        if self._has_before:
            result = await self.before_request(request)
            if result is not None:
                response = self._as_response(result)
                if response is not None:
                    await response(scope, receive, send)
                    return
                passed = cast("Request", result)
        scope, receive = _downstream(request, passed)
        capture = Capture(self.after_response, passed, scope, receive, send)
        try:
            await self.app(scope, receive, capture.send)
            await capture.finish()
        finally:
            await capture.close()

    def _as_response(self, result: object) -> ASGIApp | None:
        """Return the response that `before_request` has returned, or `None` for a request.

        Raises:
            TypeError: it is neither.
        """
        if isinstance(result, Response) or is_asgi_response(result):
            return cast("ASGIApp", result)
        if isinstance(result, Request):
            return None
        name = type(self).__qualname__
        raise TypeError(f"{name}.before_request returns None, a request or a response, not a {type(result).__name__}")


@final
class HookRequest(Request):
    """A request as hooks get it: what they stream is kept, for the handler is to have it too."""

    __slots__ = ()

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        keep_body(self.scope)
        return super().stream()


def _downstream(original: Request, passed: Request) -> tuple[Scope, Receive]:
    """Return what the next application gets for a request, once hooks have seen it."""
    scope = passed.scope
    if passed.receive is not original.receive and scope.get(BODY_KEY) is original.scope.get(BODY_KEY):
        # A body of its own: what was read of the original one, and is shared by copies of a scope, is not it.
        scope.pop(BODY_KEY, None)
    return scope, replay_body(scope, passed.receive)
