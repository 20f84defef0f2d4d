"""The request path: how an application answers what a server hands to it, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, Final

from hawkapi._dispatch import (
    GONE,
    Delivered,
    Started,
    Written,
    adding,
    additions,
    call_handler,
    called_arguments,
    is_deliverable,
)
from hawkapi._failures import ExceptionTable, call_exception_handler, is_expected, unexpected_response
from hawkapi._middleware_chain import CHAIN_KEY
from hawkapi._plan import Calls, EndpointPlan
from hawkapi._resolution import NO_HEADERS, Resolution
from hawkapi._results import is_response
from hawkapi._snapshot import Publication, Replica, Snapshot
from hawkapi._websocket_dispatch import WebSocketDispatcher
from hawkapi._workers import WorkerPool
from hawkapi.di.container import Container
from hawkapi.di.overrides import callables_for
from hawkapi.exceptions import ClientDisconnect, MethodNotAllowedError, PathNotFoundError
from hawkapi.lifespan.manager import LifespanManager
from hawkapi.params.error_responses import as_validation_error, expected_response, status_of
from hawkapi.plugins import notify_failure
from hawkapi.requests import Request
from hawkapi.requests.body import read_request_body
from hawkapi.responses.base import Response
from hawkapi.responses.json import JSONResponse
from hawkapi.routing._tree import Table
from hawkapi.routing.matched import ROUTE_KEY, TABLE_KEY
from hawkapi.routing.mounts import route_path
from hawkapi.types import BODY_KEY, ASGIApp, Receive, Scope, Send

MATCH_KEY: Final = "hawkapi.match"
"""Where the scope of a request holds, inside the middleware of a route, the plan and the values of its endpoint."""


class Serving:
    """What an application does with a connection; `HawkAPI` adds what is registered, and makes the attributes.

    Thread-safe: a request works on the snapshot that it has taken; whatever else it reads here is immutable, safe to
    share, or replaced by one store.

    PERF: a base class and no object of its own, which `HawkAPI.__call__` would have to call for each request.
    """

    container: Container
    debug: bool
    max_body_size: int
    request_timeout: float | None
    validation_error_status: int
    _exceptions: ExceptionTable
    _lifespan: LifespanManager
    _plugins: tuple[Any, ...]
    _publication: Publication
    _shared_view: Snapshot | None
    _websockets: WebSocketDispatcher
    _workers: WorkerPool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: PLR0912 - see PERF
        """Serve one connection (ASGI 3): `http`, `websocket` or `lifespan`."""
        if scope["type"] != "http":
            await self._serve_other(scope, receive, send)
            return
        scope["app"] = self
        view = self._shared_view or self._publication.view()
        running = view.running
        running.append(None)
        # PERF: a request to a plain endpoint without middleware is answered in this one coroutine; each further one
        # costs as much as finding the route. Everything else does the same in more steps.
        try:
            path: str = scope["path"]
            if scope.get("root_path") or not path.isascii():
                path = route_path(scope)
            match = None if view.chain else view.table.find(scope["method"], path)
            if match is None:
                await self._answer(view, path, scope, receive, send)
                return
            plan: EndpointPlan = match[0].plan or EndpointPlan.of(match[0], self.container.has)
            if not plan.is_plain or self.request_timeout is not None:
                await self._planned(plan, match[1], scope, receive, send)
                return
            try:
                content = b"" if not plan.reads_body else await read_request_body(scope, receive, self.max_body_size)
                headers = scope.get("headers", NO_HEADERS)
                if plan.size:
                    query_string = scope.get("query_string", b"")
                    result = await plan.handler(*plan.gather(match[1], query_string, headers, content))
                else:
                    result = await plan.handler()
                messages = plan.messages(result, scope["method"], headers)
            except ClientDisconnect:
                raise
            except Exception as exc:  # noqa: BLE001 - whatever a handler raises becomes a response
                scope["path_params"] = dict(zip(plan.path_names, match[1], strict=True))
                await self._fail(exc, scope, receive, send)
                return
            if messages is None:
                await self._send(result, scope, receive, send)
            else:
                try:
                    await send(messages[0])
                    await send(messages[1])
                except OSError:  # SPEC: how a server says that the client has gone (ASGI HTTP 2.4).
                    return
        except ClientDisconnect:
            return
        finally:
            running.pop()
            # uvicorn keeps the scope of a connection's last request, in a cycle that only the garbage collector ends:
            # uploads of 300 KB, 100 of them, left 29 MiB without the GIL until it came, however long that took.
            scope.pop(BODY_KEY, None)

    def _answer(
        self, view: Snapshot | Replica, path: str, scope: Scope, receive: Receive, send: Send
    ) -> Awaitable[None]:
        """Answer a request through the application's middleware, if there is any, or else where there is no route."""
        if not view.chain:
            return self._unmatched(view.table, path, scope, receive, send)
        scope[CHAIN_KEY], scope[TABLE_KEY] = view.chain, view.table
        return self._through(view.chain[0], scope, receive, send)

    async def _serve_other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what is no request; a type that nobody knows is left alone."""
        if scope["type"] == "lifespan":
            await self._lifespan.handle(scope, receive, send)
        elif scope["type"] == "websocket":
            scope["app"] = self
            await self._websockets.serve(self._publication.view(), scope, receive, send)

    def _route(self, table: Table, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Find who answers a request, and return the coroutine that does."""
        path: str = scope["path"]
        if scope.get("root_path") or not path.isascii():
            path = route_path(scope)
        match = table.find(scope["method"], path)
        if match is None:
            return self._unmatched(table, path, scope, receive, send)
        plan: EndpointPlan = match[0].plan or EndpointPlan.of(match[0], self.container.has)
        return self._planned(plan, match[1], scope, receive, send)

    def _unmatched(
        self, table: Table, path: str, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:
        """Return the coroutine that answers where there is no route: that of a mounted application, if there is one."""
        mount = table.find_mount(path)
        if mount is not None:
            return mount.forward(path, scope, receive, send)
        return self._unrouted(table, path, scope, receive, send)

    def _planned(
        self, plan: EndpointPlan, values: list[object], scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:
        """Return the coroutine that answers with the endpoint that was found, through its middleware if it has any."""
        # PERF: for nothing the call takes as long as sending a message.
        scope["path_params"] = dict(zip(plan.path_names, values, strict=True)) if values else {}
        if plan.chain is None:
            return self._endpoint_or_plain(plan, values, scope, receive, send)
        scope[MATCH_KEY] = (plan, values)
        scope[ROUTE_KEY] = plan.route
        return self._through(plan.chain, scope, receive, send)

    async def _through(self, chain: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request through middleware; what a middleware raises becomes a response, as elsewhere."""
        started = Started(send)
        try:
            await chain(scope, receive, started.send)
        except ClientDisconnect:
            raise
        except Exception as exc:
            if started.begun:
                raise
            await self._fail(exc, scope, receive, send)

    def _behind_middleware(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Be the application inside the middleware of all routes."""
        if scope["type"] == "websocket":
            return self._websockets.route(scope, receive, send)
        return self._route(scope[TABLE_KEY], scope, receive, send)

    def _behind_route_middleware(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Be the application inside the middleware of one route."""
        plan, values = scope[MATCH_KEY]
        return self._endpoint_or_plain(plan, values, scope, receive, send)

    def _endpoint_or_plain(
        self, plan: EndpointPlan, values: list[object], scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:
        """Return the coroutine that answers with an endpoint, a shorter one where nothing is opened for it."""
        if self.request_timeout is None:
            if plan.is_plain:
                return self._plain(plan, values, scope, receive, send)
            engine = self.container.engine
            if plan.calls is not None and not callables_for(engine, engine.everywhere):
                return self._called(plan, plan.calls, values, scope, receive, send)
        return self._endpoint(plan, values, scope, receive, send)

    async def _plain(
        self, plan: EndpointPlan, values: list[object], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request to a plain endpoint as `__call__` does without middleware.

        PERF: behind an empty middleware a `Resolution` and its scope cost four times what the middleware does.
        """
        try:
            content = b"" if not plan.reads_body else await read_request_body(scope, receive, self.max_body_size)
            headers = scope.get("headers", NO_HEADERS)
            if plan.size:
                query_string = scope.get("query_string", b"")
                result = await plan.handler(*plan.gather(values, query_string, headers, content))
            else:
                result = await plan.handler()
            messages = plan.messages(result, scope["method"], headers)
        except ClientDisconnect:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a handler raises becomes a response
            await self._fail(exc, scope, receive, send)
            return
        if messages is None:
            await self._send(result, scope, receive, send)
        else:
            try:
                await send(messages[0])
                await send(messages[1])
            except OSError as exc:
                raise ClientDisconnect(GONE) from exc

    async def _called(
        self, plan: EndpointPlan, calls: Calls, values: list[object], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request to an endpoint whose dependencies are coroutine functions, which leave nothing to close.

        PERF: with three cached sub-dependencies a request takes 7 us instead of 17 with the GIL, 13 instead of 33
        without: a `Resolution`, its context and what it would close cost the rest.
        """
        try:
            arguments = await called_arguments(plan.binding, calls, values, scope, receive, self.max_body_size)
            result = await plan.handler(*arguments[: plan.size])
            messages = plan.messages(result, scope["method"], scope.get("headers", NO_HEADERS))
        except ClientDisconnect:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a handler raises becomes a response
            await self._fail(exc, scope, receive, send)
            return
        if messages is None:
            await self._send(result, scope, receive, send)
        else:
            try:
                await send(messages[0])
                await send(messages[1])
            except OSError as exc:
                raise ClientDisconnect(GONE) from exc

    async def _endpoint(
        self, plan: EndpointPlan, values: list[object], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Call a handler, send what comes of it, and do what is left to do after the response."""
        everyone = self.container.engine.everywhere
        plan = plan.overridden(self.container, everyone)
        found = Resolution(
            plan.binding,
            values,
            scope,
            receive,
            workers=self._workers,
            container=self.container,
            everyone=everyone,
            max_body_size=self.max_body_size,
            status_code=plan.status_code,
        )
        async with found:
            await self._answer_endpoint(plan, found, scope, receive, send)

    async def _answer_endpoint(
        self, plan: EndpointPlan, found: Resolution, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            arguments = await found.arguments()
            result: Any = await call_handler(plan, arguments, self._workers, self.request_timeout)
            messages = plan.messages(result, scope["method"], scope.get("headers", NO_HEADERS))
            await found.leave_early()
        except ClientDisconnect:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a handler raises becomes a response
            await self._fail(await found.fail(exc), scope, receive, adding(send, None, plan.headers))
            return
        response: ASGIApp = result if messages is None else Written(*messages)
        background = None
        if messages is None and is_deliverable(result):
            response, background = Delivered(result), result.background
        with_additions = adding(send, *additions(plan, found.response, result))
        try:
            failure = await self._send(response, scope, receive, with_additions)
        except ClientDisconnect as exc:
            failure = exc
        if failure is not None:
            await found.close(failure)
            return
        await found.succeed()
        for tasks in (background, found.tasks):
            if tasks is not None:
                await tasks.run(scope)

    async def _send(self, response: ASGIApp, scope: Scope, receive: Receive, send: Send) -> Exception | None:
        """Send a response; one that fails before it has begun is replaced by the response to its exception.

        Returns:
            That exception.
        """
        started = Started(send)
        try:
            await response(scope, receive, started.send)
        except ClientDisconnect:
            raise
        except Exception as exc:
            if started.begun:
                if self._plugins:
                    await self._tell_of_failure(exc, scope, receive)
                # The server ends the connection: the client must not take what it has for the whole.
                raise
            await self._fail(exc, scope, receive, send)
            return exc
        return None

    async def _fail(self, exc: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response to an exception."""
        started = Started(send)
        try:
            response = await self._response_to(exc, scope, receive)
            await response(scope, receive, started.send)
        except ClientDisconnect:
            raise
        except Exception as error:
            if self._plugins:
                await self._tell_of_failure(error, scope, receive)
            if started.begun:
                raise
            # A handler for exceptions failed, or a detail or a header that cannot be sent: a failure like others.
            await unexpected_response(error, scope, debug=self.debug)(scope, receive, send)

    async def _response_to(self, exc: Exception, scope: Scope, receive: Receive) -> ASGIApp:
        """Return the response to an exception: a registered handler's, its own, or a 500."""
        if self._plugins:
            await self._tell_of_failure(exc, scope, receive)
        error = as_validation_error(exc)
        handler = self._exceptions.find(exc, 0) if error is not exc else None
        if handler is None:
            exc = error
            handler = self._exceptions.find(exc, status_of(exc, self.validation_error_status))
        if handler is None:
            expected = expected_response(exc, self.validation_error_status)
            return expected if expected is not None else unexpected_response(exc, scope, debug=self.debug)
        request = Request(scope, receive, max_body_size=self.max_body_size)
        result = await call_exception_handler(handler, request, exc, self._workers.run)
        return result if is_response(result) else JSONResponse(result, status_code=500)

    async def _tell_of_failure(self, exc: Exception, scope: Scope, receive: Receive) -> None:
        """Tell plugins of an exception, unless it is an answer."""
        if not is_expected(exc):
            request = Request(scope, receive, max_body_size=self.max_body_size)
            await notify_failure(self._plugins, request, exc)

    async def _unrouted(self, table: Table, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that no route matches: 405 with `Allow`, 204 to `OPTIONS`, or 404."""
        method: str = scope["method"]
        allowed = table.allowed(path)
        if allowed and method == "OPTIONS":
            allow = ", ".join(sorted({*allowed, "OPTIONS"}))
            await Response(status_code=204, headers={"allow": allow})(scope, receive, send)
            return
        error = MethodNotAllowedError(method, allowed) if allowed else PathNotFoundError(method, path)
        await self._fail(error, scope, receive, send)
