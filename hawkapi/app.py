"""`HawkAPI`: the application."""

from __future__ import annotations

import logging
from typing import Final

from hawkapi._plan import call_in_worker, check_route, plan_of
from hawkapi._snapshot import Publication
from hawkapi._workers import DEFAULT_SIZE, WorkerPool
from hawkapi.exceptions import ClientDisconnect, HTTPException, reason_phrase
from hawkapi.lifespan import DEFAULT_SHUTDOWN_TIMEOUT_S, Hook, Lifespan, LifespanManager
from hawkapi.params.errors import RequestValidationError
from hawkapi.requests.request import DEFAULT_MAX_BODY_SIZE, RequestEntityTooLarge, read_body
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response
from hawkapi.routing._tree import Table
from hawkapi.routing.mounts import Mount, route_path
from hawkapi.routing.route import Route
from hawkapi.routing.router import Router
from hawkapi.types import Message, Receive, Scope, Send

__all__ = ["HawkAPI"]

NO_SUCH_WEBSOCKET: Final = 4004
"""The close code (RFC 6455 section 7.4.2, private use) for a WebSocket path without a handler."""

NOTHING: Final[dict[str, object]] = {}

logger = logging.getLogger("hawkapi")


class HawkAPI(Router):
    """An ASGI 3 application that any number of event loops, in any number of threads, may serve at the same time.

    Thread-safe: requests run, and routes may be registered, in all threads at once, with and without the GIL.

    Args:
        title: what the API is called, default "HawkAPI".
        version: the API's version, default "0.1.0".
        description: what it is for, default empty.
        debug: put the text of unexpected exceptions into 500 responses, default off.
        validation_error_status: the status of requests that do not fit a handler, default 400.
        max_body_size: bytes allowed in a request body, default 10 MiB; more is answered with 413.
        prefix: put in front of the path of every route.
        lifespan: `app -> async context manager`, entered at start-up and left at shutdown; a mapping that it yields
            becomes the lifespan state.
        worker_threads: threads at most for handlers that are plain functions, default 40.
        shutdown_timeout_s: seconds that shutdown waits for other loops and running requests, default 10.

    Raises:
        ValueError: a number is out of its range.
        TypeError: `lifespan` cannot be called.
    """

    def __init__(
        self,
        *,
        title: str = "HawkAPI",
        version: str = "0.1.0",
        description: str = "",
        debug: bool = False,
        validation_error_status: int = 400,
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
        prefix: str = "",
        lifespan: Lifespan | None = None,
        worker_threads: int = DEFAULT_SIZE,
        shutdown_timeout_s: float = DEFAULT_SHUTDOWN_TIMEOUT_S,
    ) -> None:
        super().__init__(prefix=prefix)
        if not 400 <= validation_error_status <= 499:
            raise ValueError(f"validation_error_status is {validation_error_status}; a client error is 400 to 499")
        if max_body_size < 0:
            raise ValueError(f"max_body_size is {max_body_size}; it is a number of bytes, at least 0")
        if lifespan is not None:
            check_callable(lifespan, "lifespan")
        if worker_threads < 1:
            raise ValueError(f"worker_threads is {worker_threads}; it must be at least 1")
        if shutdown_timeout_s < 0:
            raise ValueError(f"shutdown_timeout_s is {shutdown_timeout_s}; it is a number of seconds, at least 0")
        self.title = title
        self.version = version
        self.description = description
        self.debug = debug
        self.validation_error_status = validation_error_status
        self.max_body_size = max_body_size
        self._workers = WorkerPool(size=worker_threads)
        self._publication = Publication(self._table)
        self._lifespan = LifespanManager(
            self, lifespan, lambda: self._publication.running_requests, shutdown_timeout_s=shutdown_timeout_s
        )

    def on_startup[F: Hook](self, hook: F) -> F:
        """Run a function without arguments, plain or async, at start-up, before `lifespan`; it is returned as it is."""
        self._lifespan.startup_hooks.append(check_callable(hook, "on_startup"))
        return hook

    def on_shutdown[F: Hook](self, hook: F) -> F:
        """Run a function without arguments, plain or async, at shutdown, the last registered first."""
        self._lifespan.shutdown_hooks.append(check_callable(hook, "on_shutdown"))
        return hook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3): `http`, `lifespan`, or `websocket`, which is refused outside mounts."""
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        scope["app"] = self
        view = self._publication.view()
        view.running.append(None)
        try:
            answer = await self._answer(view.table, scope, receive)
            if isinstance(answer, Mount):
                await answer.forward(route_path(scope), scope, receive, send)
                return
            await send(answer[0])
            await send(answer[1])
        except ClientDisconnect:
            return
        finally:
            view.running.pop()

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan.handle(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._serve_websocket(scope, receive, send)

    async def _serve_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        view = self._publication.view()
        path = route_path(scope)
        mount = view.table.find_mount(path)
        if mount is None:
            await receive()
            await send({"type": "websocket.close", "code": NO_SUCH_WEBSOCKET})
            return
        view.running.append(None)
        try:
            await mount.forward(path, scope, receive, send)
        finally:
            view.running.pop()

    async def _answer(self, table: Table, scope: Scope, receive: Receive) -> tuple[Message, Message] | Mount:
        """Find the endpoint, call its handler, and return the messages of the response; or the mount that answers."""
        method: str = scope["method"]
        try:
            path = route_path(scope)
            match = table.find(method, path)
            if match is None:
                mount = table.find_mount(path)
                return no_route(table, method, path).messages(method) if mount is None else mount
            plan = plan_of(match[0])
            content = b"" if plan.body is None else await read_body(receive, self.max_body_size)
            arguments = plan.arguments(match[1], scope.get("query_string", b""), content)
            named = plan.named(arguments) if plan.keywords else NOTHING
            if plan.is_async:
                result = await plan.handler(*arguments, **named)
            else:
                result = await call_in_worker(plan, self._workers, *arguments, **named)
            return plan.messages(result, method)
        except ClientDisconnect:
            raise
        except Exception as exc:  # noqa: BLE001 - the outermost layer: whatever a handler raises becomes a response
            return self._failure(exc, scope)

    def _failure(self, exc: Exception, scope: Scope) -> tuple[Message, Message]:
        """Return the messages of the response to an exception."""
        try:
            response = self._problem(exc)
            if response is not None:
                return response.messages(scope["method"])
        except Exception as error:  # noqa: BLE001 - a detail or a header that cannot be sent is a failure like others
            exc = error
        return self._unexpected(exc, scope).messages(scope["method"])

    def _problem(self, exc: Exception) -> Response | None:
        """Return the response to an exception that has a status of its own, or `None`."""
        if isinstance(exc, RequestValidationError):
            return self._invalid(exc)
        if isinstance(exc, RequestEntityTooLarge):
            return problem_response("payload-too-large", 413, reason_phrase(413), detail=str(exc))
        if isinstance(exc, HTTPException):
            return exc.to_response()
        return None

    def _invalid(self, exc: RequestValidationError) -> Response:
        status = exc.status_code or self.validation_error_status
        return problem_response("validation", status, "Validation Error", detail=exc.detail, errors=exc.errors)

    def _unexpected(self, exc: Exception, scope: Scope) -> Response:
        """Return the response to an exception that nothing expected, and log it with its traceback."""
        # SECURITY: %r, so that a path with a line break cannot write log lines of its own.
        logger.error("%s %r failed", scope["method"], scope["path"], exc_info=exc)
        title = reason_phrase(500)
        return problem_response("internal", 500, title, detail=str(exc) if self.debug else title)

    def _check_route(self, route: Route) -> Route:
        check_route(route)
        return route

    def _publish(self) -> None:
        self._publication.publish(self._table)


def no_route(table: Table, method: str, path: str) -> Response:
    """Answer a request that no route matches: 405 with `Allow`, 204 to `OPTIONS`, or 404."""
    allowed = sorted(table.allowed(path))
    if not allowed:
        return problem_response("not-found", 404, reason_phrase(404), detail=f"No route matches {method} {path}")
    if method == "OPTIONS":
        return Response(status_code=204, headers={"allow": ", ".join(sorted({*allowed, "OPTIONS"}))})
    allow = ", ".join(allowed)
    detail = f"Method {method} not allowed. Allowed: {allow}"
    return problem_response("method-not-allowed", 405, reason_phrase(405), detail=detail, headers={"allow": allow})


def check_callable[F](function: F, what: str) -> F:
    """Return what can be called.

    Raises:
        TypeError: it cannot; the message says what it was given as.
    """
    if not callable(function):
        raise TypeError(f"{what} needs a function, not {function!r}")
    return function
