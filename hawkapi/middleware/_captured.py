"""`CapturedResponse`: the response of an application further in, as `after_response` gets it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from hawkapi.http.headers import MutableHeaders
from hawkapi.responses.base import FRAMING, HeaderFields, Response, has_body
from hawkapi.types import HeaderPairs, Message

NO_FIELDS: Final[HeaderPairs] = []


class CapturedResponse(Response):
    """A response that is on its way to the client.

    Its `headers` are all that will be sent, type and length among them; repeated ones stay repeated. Setting `body`
    sends that instead, with its own length.

    Request-bound: the tasks of one request may use it in turn.
    """

    def __init__(self, start: Message, body: bytes | None, read_rest: Callable[[], Awaitable[bytes]]) -> None:
        self.status_code = start["status"]
        self._start = start
        self._captured = body
        self._current = body
        self._read_rest = read_rest

    @property
    def is_streaming(self) -> bool:
        """Whether the body comes in pieces, and has been neither read nor replaced."""
        return self._current is None

    @property
    def is_replaced(self) -> bool:
        """Whether the body is another than that of the application."""
        return self._current is not self._captured

    @property
    def is_emptied(self) -> bool:
        """Whether it has got a status that has no body, in place of one that has."""
        return not has_body(self.status_code) and has_body(self._start["status"])

    async def read(self) -> bytes:
        """Return the whole body; one that comes in pieces is kept in memory from here on.

        Raises:
            Exception: whatever the application raises before the end of its body.
        """
        if self._current is None:
            self._captured = self._current = await self._read_rest()
        return self._current

    @property
    def body(self) -> bytes:
        """The whole body.

        Raises:
            RuntimeError: it comes in pieces and has not been read.
        """
        if self._current is None:
            raise RuntimeError("the body of this response comes in pieces; await response.read() to have all of it")
        return self._current

    @body.setter
    def body(self, body: bytes | str) -> None:
        self._current = self.render(body)

    @property
    def headers(self) -> MutableHeaders:
        """The header fields."""
        if self._headers is None:
            self._headers = MutableHeaders.from_pairs(self._start.get("headers", NO_FIELDS))
        return self._headers

    @headers.setter
    def headers(self, fields: HeaderFields) -> None:
        self._headers = MutableHeaders(fields)

    @property
    def content_type(self) -> str:
        """The `Content-Type` field, or an empty text."""
        return self.headers.get("content-type", "")

    @content_type.setter
    def content_type(self, content_type: str) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self.headers["content-type"] = content_type

    def header_pairs(self) -> HeaderPairs:
        """Return the header fields as they are sent; the length is that of the body, if it was replaced."""
        pairs = self._start.get("headers", NO_FIELDS) if self._headers is None else self._headers.to_pairs()
        if self.is_emptied:
            return [pair for pair in pairs if pair[0].lower() not in {*FRAMING, b"content-type"}]
        if not self.is_replaced or self._current is None:
            return list(pairs)
        # SPEC: a length that is not the body's ends the connection, or the next response begins in this one.
        kept = [pair for pair in pairs if pair[0].lower() not in FRAMING]
        if has_body(self.status_code):
            kept.append((b"content-length", b"%d" % len(self._current)))
        return kept

    def start_message(self) -> Message:
        """Return the message that begins the response, with all that the application's own has besides."""
        return {**self._start, "status": self.status_code, "headers": self.header_pairs()}

    def messages(self, method: str) -> tuple[Message, Message]:
        """Return the two ASGI messages of the response; for `HEAD` without the body."""
        body = b"" if method == "HEAD" or not has_body(self.status_code) else self.body
        # SPEC: a server would wait for trailers that were announced, and those of the application are dropped.
        start = self.start_message()
        start.pop("trailers", None)
        return start, {"type": "http.response.body", "body": body}

    def __repr__(self) -> str:
        return f"<CapturedResponse {self.status_code}>"
