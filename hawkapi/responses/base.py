"""`Response`: a status, header fields and a body, and how they become ASGI messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hawkapi.exceptions import check_status
from hawkapi.types import HeaderPairs, Message, Receive, Scope, Send

__all__ = ["Response"]

_LINE_BREAKS: Final = {0: None, 10: None, 13: None}
"""SECURITY: NUL, LF and CR end a header field early and let a value write fields of its own (RFC 9110 section 5.5)."""


FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""What a user's headers cannot set (RFC 9112 section 6)."""

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Response:
    """An HTTP response, sent as it is when a handler returns it.

    Args:
        content: the body; text is sent as UTF-8.
        status_code: 100 to 599, default 200; 1xx, 204 and 304 are sent without a body.
        headers: fields by name; they win over those hawkapi adds. CR, LF and NUL are removed.
        content_type: default `text/plain; charset=utf-8`; a `content-type` in `headers` wins.

    Raises:
        TypeError: the content is neither text nor bytes.
        ValueError: the status is none.

    Request-bound: one response belongs to one request.
    """

    def __init__(
        self,
        content: bytes | str = b"",
        *,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "text/plain; charset=utf-8",
    ) -> None:
        if isinstance(content, str):
            content = content.encode("utf-8")
        elif not isinstance(content, bytes):
            raise TypeError(
                f"content is a {type(content).__name__}; a Response takes text or bytes, JSONResponse any value"
            )
        self.body = content
        self.status_code = check_status(status_code)
        self.headers: dict[str, str] = dict(headers) if headers else {}
        self.content_type = content_type

    def header_pairs(self) -> HeaderPairs:
        """Return the header fields as they are sent: lower-case names, no control characters, one length."""
        if not has_body(self.status_code):
            return [pair for pair in self._own_pairs() if pair[0] != b"content-type"]
        pairs = self._own_pairs() if self.headers else []
        if not any(name == b"content-type" for name, _ in pairs):
            pairs.append((b"content-type", encode_field(self.content_type)))
        pairs.append((b"content-length", b"%d" % len(self.body)))
        return pairs

    def _own_pairs(self) -> HeaderPairs:
        """Return the user's fields, without those that say how the body is framed, which only this class knows."""
        pairs = [(encode_name(name), encode_field(value)) for name, value in self.headers.items()]
        return [pair for pair in pairs if pair[0] not in FRAMING]

    def messages(self, method: str) -> tuple[Message, Message]:
        """Return the two ASGI messages of the response; for `HEAD` with the length but without the body."""
        body = self.body if method != "HEAD" and has_body(self.status_code) else b""
        return (
            {"type": "http.response.start", "status": self.status_code, "headers": self.header_pairs()},
            {"type": "http.response.body", "body": body},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response (ASGI HTTP)."""
        for message in self.messages(scope["method"]):
            await send(message)


def has_body(status_code: int) -> bool:
    """Whether a response with a status may have content (RFC 9110 sections 15.2, 15.3.5, 15.3.6, 15.4.5)."""
    return status_code >= 200 and status_code not in {204, 205, 304}


def encode_field(text: str) -> bytes:
    """Return a header name or value as bytes, without the characters that would end it.

    Raises:
        ValueError: it has a character outside latin-1, which a header field cannot carry.
    """
    try:
        # Cheap case first: hardly any field has a character to remove.
        return (text if text.isprintable() else text.translate(_LINE_BREAKS)).encode("latin-1")
    except UnicodeEncodeError as exc:
        bad = text[exc.start : exc.end]
        raise ValueError(f"header field {text!r} holds {bad!r}, which is not in latin-1; percent-encode it") from None


def encode_name(text: str) -> bytes:
    """Return the name of a header field as bytes, in lower case.

    Raises:
        ValueError: it is not a token (RFC 9110 section 5.6.2), also without the characters that would end it.
    """
    name = text.translate(_LINE_BREAKS)
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"{text!r} is not the name of a header field: letters, digits and !#$%&'*+-.^_`|~ are")
    return name.lower().encode("ascii")
