"""How a WebSocket is served: from the handshake to the close frame, whatever the handler does.

What ends a connection, and what the client sees of it:

====================================  ==========================  ================================================
What happens                          After `accept`              Before `accept`
====================================  ==========================  ================================================
No route has the path                 --                          404, or close 4004 without the extension
The handler returns                   close 1000                  close 1000, which servers answer with 403
`WebSocketDisconnect`                 nothing is left to do       close 1000
`HTTPException`                       close 1008, its detail      its response, or close 1008 without the extension
The client lacks permissions          --                          close 4003, which servers answer with 403
The handshake does not fit            --                          close 1008, what is wrong with it
`UnexpectedMessageError`              close 1003                  close 1003
`MalformedMessageError`               close 1007                  close 1007
Any other exception                   it is logged; close 1011    it is logged; close 1011
====================================  ==========================  ================================================

"The extension" is `websocket.http.response` of ASGI, with which a server sends a whole response instead of its 403.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast, final

from hawkapi._binding import named_arguments
from hawkapi._middleware_chain import CHAIN_KEY
from hawkapi._permissions import HandshakeRefusedError
from hawkapi._plan import WebSocketPlan
from hawkapi._resolution import Resolution
from hawkapi._snapshot import Replica, Snapshot
from hawkapi._workers import WorkerPool
from hawkapi.di.container import Container
from hawkapi.exceptions import (
    HTTPException,
    PathNotFoundError,
    WebSocketDisconnect,
    ids_of,
    reason_phrase,
    report_exception,
)
from hawkapi.http._denial import can_deny
from hawkapi.params.errors import RequestValidationError
from hawkapi.routing._tree import Table
from hawkapi.routing.mounts import route_path
from hawkapi.routing.route import WEBSOCKET
from hawkapi.status import (
    WS_1003_UNSUPPORTED_DATA,
    WS_1007_INVALID_FRAME_PAYLOAD_DATA,
    WS_1008_POLICY_VIOLATION,
    WS_1011_INTERNAL_ERROR,
)
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send
from hawkapi.websocket import MalformedMessageError, UnexpectedMessageError, WebSocket, WebSocketState
from hawkapi.websocket._rules import fitting_reason

NO_SUCH_WEBSOCKET: Final = 4004
"""The close code (RFC 6455 section 7.4.2, private use) for a WebSocket path without a handler."""

TABLES_KEY: Final = "hawkapi.websocket_tables"
MATCH_KEY: Final = "hawkapi.websocket_match"
"""Where the scope holds, behind middleware, the tables that the connection began with and the endpoint it was found."""

type Tell = Callable[[WebSocket, Exception], Awaitable[None]]

logger = logging.getLogger("hawkapi")


@final
class WebSocketDispatcher:
    """Serves the WebSockets of an application. Thread-safe: it is never changed.

    Args:
        container: makes what handlers and dependencies ask for by type.
        workers: the threads for dependencies that are plain functions.
        max_message_size: returns the bytes allowed in a message where a route does not say.
        tell: is told of what nobody expected.
    """

    __slots__ = ("_container", "_max_message_size", "_tell", "_workers")

    def __init__(
        self, container: Container, workers: WorkerPool, max_message_size: Callable[[], int], tell: Tell
    ) -> None:
        self._container = container
        self._workers = workers
        self._max_message_size = max_message_size
        self._tell = tell

    async def serve(self, view: Snapshot | Replica, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, through the application's middleware if there is any."""
        view.running.append(None)
        try:
            scope[TABLES_KEY] = (view.sockets, view.table)
            if not view.chain:
                await self.route(scope, receive, send)
                return
            scope[CHAIN_KEY] = view.chain
            await self._through(view.chain[0], scope, receive, send)
        finally:
            view.running.pop()

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find who serves a connection, and let it."""
        sockets, table = scope[TABLES_KEY]
        path = route_path(scope)
        match = sockets.find(WEBSOCKET, path)
        if match is None:
            await self._unrouted(table, path, scope, receive, send)
            return
        plan = WebSocketPlan.of(match[0], self._container.has)
        scope["path_params"] = dict(zip(plan.path_names, match[1], strict=True))
        scope[MATCH_KEY] = (plan, match[1])
        if plan.chain is None:
            await self.endpoint(scope, receive, send)
        else:
            await self._through(plan.chain, scope, receive, send)

    async def endpoint(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the handler that was found, and end the connection as its end asks for."""
        planned, values = scope[MATCH_KEY]
        if (await receive())["type"] != "websocket.connect":
            return
        everyone = self._container.engine.everywhere
        plan: WebSocketPlan = planned.overridden(self._container, everyone)
        limit = plan.max_message_size or self._max_message_size()
        socket = WebSocket(scope, receive, send, max_message_size=limit)
        found = Resolution(
            plan.binding,
            values,
            scope,
            receive,
            workers=self._workers,
            container=self._container,
            everyone=everyone,
            max_body_size=0,
            connection=socket,
        )
        async with found:
            await converse(plan, found, socket, self._tell)

    async def _through(self, chain: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection through middleware; what a middleware raises ends it as what a handler raises."""
        followed = Followed(receive, send, can_deny=can_deny(scope))
        try:
            await chain(scope, followed.receive, followed.send)
        except Exception as exc:  # noqa: BLE001 - as from a handler
            if not followed.asked and (await receive())["type"] != "websocket.connect":
                return
            await end_failed(WebSocket(scope, receive, send, state=followed.state), exc, self._tell)

    async def _unrouted(self, table: Table, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a connection that no route takes to the application mounted there, or refuse it."""
        mount = table.find_mount(path)
        if mount is not None:
            await mount.forward(path, scope, receive, send)
            return
        if (await receive())["type"] != "websocket.connect":
            return
        socket = WebSocket(scope, receive, send)
        if socket.can_send_denial_response:
            await deny(socket, PathNotFoundError("WEBSOCKET", path))
        else:
            await send({"type": "websocket.close", "code": NO_SUCH_WEBSOCKET})


@final
class Followed:
    """A connection's `receive` and `send` as middleware gets them, and how far it has come through them.

    A middleware that answers with an HTTP response, not asking what kind of connection it has, refuses the handshake,
    or closes a connection that is open; what has ended is not ended again.
    """

    __slots__ = ("_can_deny", "_receive", "_send", "asked", "state")

    def __init__(self, receive: Receive, send: Send, *, can_deny: bool) -> None:
        self._receive = receive
        self._send = send
        self._can_deny = can_deny
        self.asked = False
        """Whether the first event has been taken."""
        self.state = WebSocketState.CONNECTING

    async def receive(self) -> Message:
        """Return the next event."""
        message = await self._receive()
        self.asked = True
        if message["type"] == "websocket.disconnect":
            self.state = WebSocketState.DISCONNECTED
        return message

    async def send(self, message: Message) -> None:
        """Send an event on."""
        kind: str = message["type"]
        if "http.response." not in kind:
            # SPEC: a handshake that was answered cannot be answered with a response as well.
            self._can_deny = False
            if kind != "websocket.close" or self.state is not WebSocketState.DISCONNECTED:
                await self._send(message)
        elif self._can_deny:
            await self._send({**message, "type": f"websocket.{kind.removeprefix('websocket.')}"})
        elif self.state is not WebSocketState.DISCONNECTED:
            await self._send({"type": "websocket.close", "code": WS_1008_POLICY_VIOLATION})
        if kind == "websocket.accept":
            self.state = WebSocketState.CONNECTED
        elif kind != "websocket.send":
            self.state = WebSocketState.DISCONNECTED


async def converse(plan: WebSocketPlan, found: Resolution, socket: WebSocket, tell: Tell) -> None:
    """Call a handler, end the connection as its end asks for, then close what was opened for it."""
    binding = plan.binding
    try:
        arguments = await found.arguments()
        named = named_arguments(arguments, binding.end, binding.keywords)
        await plan.handler(*arguments[: binding.end], **named)
        await found.leave_early()
    except Exception as exc:  # noqa: BLE001 - whatever a handler raises ends its connection
        await end_failed(socket, await found.fail(exc), tell)
        return
    await socket.close()
    await found.succeed()
    if found.tasks is not None:
        await found.tasks.run(socket.scope)


async def end_failed(socket: WebSocket, exc: Exception, tell: Tell) -> None:
    """End a connection whose handler has raised."""
    if is_disconnect(exc):
        await socket.close()
    elif isinstance(exc, HandshakeRefusedError):
        await socket.close(exc.code, fitting_reason(str(exc.detail)))
    elif isinstance(exc, HTTPException):
        await deny(socket, exc)
    elif isinstance(exc, RequestValidationError):
        await socket.close(WS_1008_POLICY_VIOLATION, fitting_reason(describe_misfits(exc)))
    elif isinstance(exc, UnexpectedMessageError):
        await socket.close(WS_1003_UNSUPPORTED_DATA, fitting_reason(str(exc)))
    elif isinstance(exc, MalformedMessageError):
        await socket.close(WS_1007_INVALID_FRAME_PAYLOAD_DATA, fitting_reason(str(exc)))
    else:
        # SECURITY: %r, so that a path with a line break cannot write log lines of its own.
        logger.error("WebSocket %r failed", socket.path, exc_info=exc, extra=ids_of(socket.scope))
        await tell(socket, exc)
        report_exception(exc, socket.scope)
        await socket.close(WS_1011_INTERNAL_ERROR)


def is_disconnect(exc: Exception) -> bool:
    """Whether an exception says nothing but that the connection is closed: also out of a `TaskGroup`."""
    if isinstance(exc, ExceptionGroup):
        return cast("ExceptionGroup[Exception]", exc).split(WebSocketDisconnect)[1] is None
    return isinstance(exc, WebSocketDisconnect)


def describe_misfits(exc: RequestValidationError) -> str:
    """Return what is wrong with a handshake in one line."""
    return "; ".join(f"{error.field}: {error.message}" for error in exc.errors)


async def deny(socket: WebSocket, exc: HTTPException) -> None:
    """End a connection with an error that has a status: by its response before the handshake is complete."""
    if socket.state is WebSocketState.CONNECTING and socket.can_send_denial_response and exc.status_code >= 200:
        try:
            await socket.send_denial_response(exc.to_response())
        except Exception as error:  # A detail or a field that cannot be sent: a failure like others.
            logger.error("WebSocket %r failed", socket.path, exc_info=error, extra=ids_of(socket.scope))
            report_exception(error, socket.scope)
            await socket.close(WS_1011_INTERNAL_ERROR)
        return
    detail: Any = exc.detail
    text = detail if isinstance(detail, str) and detail else reason_phrase(exc.status_code)
    await socket.close(WS_1008_POLICY_VIOLATION, fitting_reason(text))
