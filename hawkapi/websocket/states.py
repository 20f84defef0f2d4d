"""How far a WebSocket has come, and what is raised when something comes at the wrong moment or in the wrong form."""

from __future__ import annotations

import enum

from hawkapi.codec import MalformedError
from hawkapi.exceptions import HawkAPIError, WebSocketDisconnect

__all__ = ["MalformedMessageError", "UnexpectedMessageError", "WebSocketGoneError", "WebSocketState"]


class WebSocketState(enum.Enum):
    """How far a connection has come."""

    CONNECTING = "connecting"
    """The client waits for an answer to its handshake."""
    CONNECTED = "connected"
    """Messages can be sent and received."""
    DISCONNECTED = "disconnected"
    """Either side has closed, or the handshake was refused."""


class UnexpectedMessageError(HawkAPIError, RuntimeError):
    """A message came that is text where binary was expected, or the other way round; uncaught it closes with 1003."""


class MalformedMessageError(MalformedError):
    """A message that should be JSON is not; uncaught it closes with 1007."""


class WebSocketGoneError(WebSocketDisconnect, RuntimeError):
    """Something was sent to a client that has gone, which the application had been told before."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.args = (f"Cannot send: WebSocket state is disconnected; the client closed with {code}",)
