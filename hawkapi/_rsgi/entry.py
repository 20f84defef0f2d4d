"""`RSGIEntry`: what an RSGI server calls for each connection."""

# It is a part of the application, as `Serving.__call__` is, that most applications need not load.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, final

from hawkapi._plan import EndpointPlan
from hawkapi._resolution import NO_HEADERS
from hawkapi._results import JSON
from hawkapi._rsgi.exchange import Exchange, respond
from hawkapi._rsgi.protocols import RSGIProtocol, RSGIScope, RSGISocketProtocol
from hawkapi._rsgi.scopes import Surroundings, byte_pairs, http_scope, websocket_scope, with_state
from hawkapi._rsgi.socket import FORBIDDEN, Socket
from hawkapi._serving import Serving
from hawkapi.exceptions import ClientDisconnect
from hawkapi.types import BODY_KEY, ASGIApp

if TYPE_CHECKING:
    from hawkapi.app import HawkAPI

ALONE: Final = Surroundings()
"""A server that knows nothing beside the connection."""
SERVER_ERROR: Final = 500

WHOLE_UP_TO: Final = 64 * 1024
"""Bytes of a body that is read in one piece, as much as servers give in one message."""


@final
class RSGIEntry:
    """Serves an application to one RSGI worker.

    Thread-safe: it is never changed.

    Args:
        app: the application.
        around: what the server knows beside the connection.
        behind: the application as ASGI has it, perhaps inside ASGI middleware of the server; default `app` itself.
            With middleware around it every request goes through ASGI.
    """

    __slots__ = ("_app", "_around", "_behind", "_is_direct")

    def __init__(self, app: HawkAPI, around: Surroundings = ALONE, behind: ASGIApp | None = None) -> None:
        self._app = app
        self._around = around
        self._behind: ASGIApp = app if behind is None else behind
        # What a subclass does in `__call__` is middleware, too.
        overridden = type(app).__call__ is not Serving.__call__
        self._is_direct = self._behind is app and not overridden and not around.root_path

    @staticmethod
    def suits(app: HawkAPI) -> bool:
        """Whether an application loses nothing by being served through RSGI, and gains speed, as it is now."""
        is_direct = not app._chain and type(app).__call__ is Serving.__call__
        return is_direct and not app.websocket_routes and not app.mounts

    # PERF: what is returned is the one coroutine that answers; a further one costs as much as finding the route.
    def serve(self, scope: RSGIScope, protocol: Any) -> Coroutine[Any, Any, None]:
        """Serve one connection (RSGI 1.x): `http` or `ws`."""
        if scope.proto != "http":
            return self._serve_socket(scope, protocol)
        app = self._app
        view = app._shared_view or app._publication.view()
        if self._is_direct and not view.chain and app.request_timeout is None:
            path, method = scope.path, scope.method
            match = view.table.find(method, path) if path.isascii() else None
            if match is not None:
                plan: EndpointPlan = match[0].plan or EndpointPlan.of(match[0], app.container.has)
                if plan.is_plain and (not plan.reads_body or is_short(scope, app.max_body_size)):
                    return self._plain(view.running, plan, match[1], method, scope, protocol)
        return self._exchange(scope, protocol)

    async def _plain(
        self,
        running: list[None],
        plan: EndpointPlan,
        values: list[object],
        method: str,
        scope: RSGIScope,
        protocol: RSGIProtocol,
    ) -> None:
        """Answer a request to a plain endpoint as `Serving.__call__` does.

        PERF: neither a scope nor ASGI messages are made for it, and its header fields are only looked at for what the
        endpoint reads: each look at RSGI's objects makes new ones.
        """
        running.append(None)
        content: bytes | None = None
        messages = None
        try:
            try:
                if plan.reads_body:
                    content = await read_whole(protocol)
                if plan.size:
                    headers = byte_pairs(scope) if plan.reads_headers else NO_HEADERS
                    query_string = scope.query_string.encode()
                    result = await plan.handler(*plan.gather(values, query_string, headers, content or b""))
                else:
                    result = await plan.handler()
                accept: str | None = scope.headers.get("accept")
                packs = accept is not None and accept != "*/*" and "msgpack" in accept.lower()
                body = None if packs or method == "HEAD" else plan.json(result)
                if body is None:
                    messages = plan.messages(result, method, byte_pairs(scope) if packs else NO_HEADERS)
            except ClientDisconnect:
                raise
            except Exception as exc:  # noqa: BLE001 - whatever a handler raises becomes a response
                await self._fail(exc, plan, values, content, scope, protocol)
                return
            if body is not None:
                # As `messages` has them.
                fields = [("content-type", JSON), ("content-length", str(len(body))), ("vary", "accept")]
                protocol.response_bytes(plan.status_code, fields, body)
            elif messages is None:
                await self._send(result, content, scope, protocol)
            else:
                respond(protocol, messages[0]["status"], messages[0]["headers"], messages[1]["body"])
        except ClientDisconnect:
            return
        finally:
            running.pop()

    async def _fail(
        self,
        exc: Exception,
        plan: EndpointPlan,
        values: list[object],
        content: bytes | None,
        scope: RSGIScope,
        protocol: RSGIProtocol,
    ) -> None:
        """Send the response to an exception of a plain endpoint."""
        asgi, exchange = self._open(content, scope, protocol)
        asgi["path_params"] = dict(zip(plan.path_names, values, strict=True))
        try:
            await self._app._fail(exc, asgi, exchange.receive, exchange.send)
        finally:
            exchange.close()

    async def _send(self, response: ASGIApp, content: bytes | None, scope: RSGIScope, protocol: RSGIProtocol) -> None:
        """Send a response of a plain endpoint that is more than two messages."""
        asgi, exchange = self._open(content, scope, protocol)
        try:
            await self._app._send(response, asgi, exchange.receive, exchange.send)
        finally:
            exchange.close()

    def _open(self, content: bytes | None, scope: RSGIScope, protocol: RSGIProtocol) -> tuple[dict[str, Any], Exchange]:
        """Return a request whose body may have been read as ASGI has it."""
        asgi = http_scope(scope, self._surroundings())
        asgi["app"] = self._app
        if content is not None:
            asgi[BODY_KEY] = content
        return asgi, Exchange(protocol, asgi, body_over=content is not None)

    def _surroundings(self) -> Surroundings:
        """Return what is beside the connection, the lifespan state of this event loop included."""
        lifespan = self._app._lifespan.driven.get(asyncio.get_running_loop())
        return self._around if lifespan is None else with_state(self._around, lifespan.state)

    async def _exchange(self, scope: RSGIScope, protocol: RSGIProtocol) -> None:
        """Serve a request through ASGI."""
        asgi = http_scope(scope, self._surroundings())
        exchange = Exchange(protocol, asgi)
        try:
            await self._behind(asgi, exchange.receive, exchange.send)
        finally:
            exchange.close()

    async def _serve_socket(self, scope: RSGIScope, protocol: RSGISocketProtocol) -> None:
        """Serve a WebSocket through ASGI."""
        asgi = websocket_scope(scope, self._surroundings())
        socket = Socket(protocol)
        try:
            await self._behind(asgi, socket.receive, socket.send)
        except BaseException:
            socket.refuse(SERVER_ERROR)
            raise
        finally:
            socket.refuse(FORBIDDEN)


def is_short(scope: RSGIScope, limit: int) -> bool:
    """Whether the body of a request is declared, small, and within a limit: it can be read in one piece."""
    declared = scope.headers.get("content-length")
    return (
        declared is not None and declared.isdigit() and len(declared) < 6 and int(declared) <= min(limit, WHOLE_UP_TO)
    )


async def read_whole(protocol: RSGIProtocol) -> bytes:
    """Return the whole body.

    Raises:
        ClientDisconnect: the client left before its end.
    """
    try:
        return await protocol()
    except RuntimeError as exc:
        raise ClientDisconnect("the client disconnected before its request body was complete") from exc
