"""One WebSocket as ASGI has it: `receive` and `send` on an RSGI protocol.

RSGI has neither subprotocols nor fields for an accepted handshake, and no codes and reasons for the end: clients see
1005, and so does the application. A refused handshake has its status, without fields and body.
"""

from __future__ import annotations

import logging
from typing import Final, final

from hawkapi._rsgi.exchange import ClientGone, check_status
from hawkapi._rsgi.protocols import RSGISocketProtocol, RSGISocketTransport
from hawkapi._threading import AsyncEvent
from hawkapi.types import Message

logger = logging.getLogger("hawkapi")

FORBIDDEN: Final = 403
"""The status of a handshake that is refused without one (ASGI WebSocket, "Close")."""
NO_STATUS_RECEIVED: Final = 1005
"""The close code (RFC 6455 section 7.1.5) where none is known."""
TEXT_KIND: Final = 2
BYTES_KIND: Final = 1


@final
class Socket:
    """One WebSocket. Loop-bound.

    Args:
        protocol: the server's.
    """

    __slots__ = ("_asked", "_decided", "_over", "_protocol", "_status", "_transport")

    def __init__(self, protocol: RSGISocketProtocol) -> None:
        self._protocol = protocol
        self._transport: RSGISocketTransport | None = None
        self._asked = False
        self._over = False
        self._status = FORBIDDEN
        self._decided = AsyncEvent()
        """Set when the handshake was accepted or refused."""

    async def receive(self) -> Message:
        """Return the next event of the client."""
        if not self._asked:
            self._asked = True
            return {"type": "websocket.connect"}
        await self._decided.wait()
        if self._transport is None or self._over:
            return {"type": "websocket.disconnect", "code": NO_STATUS_RECEIVED, "reason": ""}
        try:
            message = await self._transport.receive()
        except RuntimeError:
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        if message.kind == TEXT_KIND:
            return {"type": "websocket.receive", "text": message.data}
        if message.kind == BYTES_KIND:
            return {"type": "websocket.receive", "bytes": message.data}
        self._over = True
        return {"type": "websocket.disconnect", "code": NO_STATUS_RECEIVED, "reason": ""}

    async def send(self, message: Message) -> None:
        """Take an event for the client.

        Raises:
            OSError: the client has gone.
            RuntimeError: the event is not one that is due.
        """
        kind = message["type"]
        if self._transport is not None and not self._over:
            await self._send_accepted(self._transport, kind, message)
        elif self._over:
            raise ClientGone(f"{kind!r} came after the end of the connection")
        elif kind == "websocket.accept":
            await self._accept(message)
        elif kind == "websocket.close":
            self.refuse(FORBIDDEN)
        elif kind == "websocket.http.response.start":
            self._status = check_status(message["status"])
        elif kind == "websocket.http.response.body":
            if not message.get("more_body", False):
                self.refuse(self._status)
        else:
            raise RuntimeError(f"the application sent {kind!r} before the handshake was complete")

    def refuse(self, status: int) -> None:
        """End a connection that was not accepted; one that was decided on is left alone.

        COMPAT: granian 2.7.9 panics when nobody has decided, and its worker ends.
        """
        if self._transport is None and not self._over:
            self._over = True
            self._protocol.close(status)
            self._decided.set()

    async def _accept(self, message: Message) -> None:
        if message.get("subprotocol") or message.get("headers"):
            logger.warning(
                "RSGI accepts WebSockets without subprotocol and header fields; serve the application with "
                "`hawkapi run --interface asgi`, or another server, where clients need them"
            )
        self._transport = await self._protocol.accept()
        self._decided.set()

    async def _send_accepted(self, transport: RSGISocketTransport, kind: str, message: Message) -> None:
        if kind == "websocket.close":
            self._over = True
            self._protocol.close(message.get("code", 1000))
            return
        if kind != "websocket.send":
            raise RuntimeError(f"the application sent {kind!r} on an open WebSocket")
        text = message.get("text")
        try:
            await (transport.send_bytes(bytes(message["bytes"])) if text is None else transport.send_str(text))
        except RuntimeError as exc:
            self._over = True
            raise ClientGone("the client has disconnected") from exc
