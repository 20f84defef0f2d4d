"""What a WebSocket may carry: close codes, reasons, sizes, and the fields that answer a handshake (RFC 6455)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from hawkapi.http.headers import MutableHeaders
from hawkapi.types import HeaderPairs, Message

SENDABLE: Final = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
"""The registered close codes that a close frame may carry (RFC 6455 section 7.4.1 and its IANA registry)."""

MAX_REASON_BYTES: Final = 123
"""A control frame has at most 125 bytes (RFC 6455 section 5.5), two of them are the code."""

HANDSHAKE: Final = frozenset({b"connection", b"content-length", b"transfer-encoding", b"upgrade"})


type AcceptHeaders = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


def message_size(message: Message) -> int:
    """Return the size of a message in bytes; text counts in UTF-8, in which it was sent."""
    text: str | None = message.get("text")
    if text is None:
        return len(message.get("bytes") or b"")
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def check_mode(mode: object) -> None:
    """Refuse what is neither of the two kinds of messages.

    Raises:
        ValueError: it is neither.
    """
    if mode not in {"text", "binary"}:
        raise ValueError(f"mode is {mode!r}; it must be 'text' or 'binary'")


def check_close(code: object, reason: object) -> None:
    """Refuse what a close frame may not carry (RFC 6455 sections 5.5 and 7.4).

    Raises:
        ValueError: the code may not be sent, or the reason is too long.
        TypeError: the reason is no text.
    """
    if not isinstance(code, int) or not (code in SENDABLE or 3000 <= code <= 4999):
        raise ValueError(f"close code {code!r} may not be sent; use 1000 to 1003, 1007 to 1014, or 3000 to 4999")
    if not isinstance(reason, str):
        raise TypeError(f"the reason is a str, not {type(reason).__name__}")
    size = len(reason.encode("utf-8", "replace"))
    if size > MAX_REASON_BYTES:
        raise ValueError(f"the reason has {size} bytes; a close frame has room for {MAX_REASON_BYTES}")


def fitting_reason(text: str) -> str:
    """Return as much of a text as a close frame has room for."""
    data = text.encode("utf-8", "replace")
    if len(data) <= MAX_REASON_BYTES:
        return data.decode()
    return data[: MAX_REASON_BYTES - 3].decode("utf-8", "ignore") + "..."


def accept_fields(headers: AcceptHeaders) -> HeaderPairs:
    """Return the fields that go with the answer to a handshake.

    Raises:
        ValueError: a field cannot be sent, or is the server's to send.
    """
    pairs: Iterable[tuple[Any, Any]] = cast("Any", headers)
    if isinstance(headers, Mapping):
        pairs = cast("Mapping[str, str]", headers).items()
    fields = MutableHeaders([(text_of(name), text_of(value)) for name, value in pairs]).to_pairs()
    for name, _ in fields:
        # SECURITY: who could write these could answer a handshake that is not the client's.
        if name in HANDSHAKE or name.startswith(b"sec-websocket-"):
            raise ValueError(f"header field {name.decode()!r} belongs to the handshake, which the server answers")
    return fields


def text_of(value: str | bytes) -> str:
    """Return what a header field holds as text; other frameworks take bytes here."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
