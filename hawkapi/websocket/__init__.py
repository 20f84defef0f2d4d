"""WebSockets: the connection, its states, and what is raised when it is closed."""

from hawkapi.exceptions import WebSocketDisconnect
from hawkapi.websocket.connection import WebSocket
from hawkapi.websocket.states import (
    MalformedMessageError,
    UnexpectedMessageError,
    WebSocketGoneError,
    WebSocketState,
)

__all__ = [
    "MalformedMessageError",
    "UnexpectedMessageError",
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketGoneError",
    "WebSocketState",
]
