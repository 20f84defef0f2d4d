"""Changing the header fields of a response on its way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from hawkapi.http._grammar import is_token
from hawkapi.types import HeaderPairs, Message, Send

HEADS: Final = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
"""The messages that carry header fields: of a response, of an accepted handshake, of a refused one (ASGI)."""


def changing_head(send: Send, change: Callable[[HeaderPairs], HeaderPairs]) -> Send:
    """Return a `send` that changes the header fields of a response, or of the answer to a handshake.

    Args:
        send: where the messages go. They are not changed; a copy is.
        change: gets a new list of the fields, and returns those that are sent.
    """

    def send_changed(message: Message) -> Awaitable[None]:
        if message["type"] in HEADS:
            message = {**message, "headers": change(list(message.get("headers", ())))}
        return send(message)

    return send_changed


def has_field(headers: HeaderPairs, name: bytes) -> bool:
    """Whether a response has a field; applications from elsewhere may not have its name in lower case."""
    return any(key == name or key.lower() == name for key, _ in headers)


def field_name(name: str) -> bytes:
    """Return the name of a header field as it is sent: in lower case.

    Raises:
        ValueError: it is no name of a field (RFC 9110 section 5.1).
    """
    if not is_token(name):
        raise ValueError(f"{name!r} is no name of a header field; use letters, digits and hyphens")
    return name.lower().encode("ascii")


def field_value(name: str, value: str) -> bytes:
    """Return the value of a header field as it is sent.

    Raises:
        ValueError: it would end the field, or cannot be sent (RFC 9110 section 5.5).
    """
    if any(character in value for character in "\r\n\0"):
        raise ValueError(f"{name} is {value!r}; a header field has no line break")
    try:
        return value.strip(" \t").encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{name} is {value!r}; a header field has latin-1 characters only") from None


def vary_by(headers: HeaderPairs, name: str) -> HeaderPairs:
    """Return the fields with a `Vary` that names one more request field, unless it is named already."""
    wanted = {name.lower().encode("ascii"), b"*"}
    for key, value in headers:
        if key.lower() == b"vary" and wanted & {element.strip().lower() for element in value.split(b",")}:
            return headers
    return [*headers, (b"vary", name.encode("ascii"))]
