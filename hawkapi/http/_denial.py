"""Refusing the handshake of a WebSocket with a response (ASGI WebSocket Denial Response)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hawkapi.status import WS_1008_POLICY_VIOLATION
from hawkapi.types import Message, Scope

DENIAL_EXTENSION: Final = "websocket.http.response"


def can_deny(scope: Scope) -> bool:
    """Whether the server can refuse a handshake with a response."""
    return DENIAL_EXTENSION in (scope.get("extensions") or {})


def as_denial(messages: Iterable[Message], scope: Scope) -> tuple[Message, ...]:
    """Return the messages by which a response refuses a handshake: its own, or a close where the server cannot."""
    if can_deny(scope):
        return tuple({**message, "type": f"websocket.{message['type']}"} for message in messages)
    return ({"type": "websocket.close", "code": WS_1008_POLICY_VIOLATION},)
