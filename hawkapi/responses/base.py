"""`Response`: a status, header fields and a body, and how they become ASGI messages."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from hawkapi.exceptions import check_status
from hawkapi.http._denial import as_denial
from hawkapi.http.cookies import format_set_cookie
from hawkapi.http.dates import parse_http_date
from hawkapi.http.headers import MutableHeaders
from hawkapi.types import HeaderPairs, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTask, BackgroundTasks

__all__ = ["Response"]

type HeaderFields = Mapping[str, str] | Iterable[tuple[str, str]]
"""Header fields as users give them: a mapping, or pairs in which a name may be repeated."""

FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""What follows from a body (RFC 9112 section 6), and is nobody's to add."""

PLAIN_TEXT: Final = "text/plain; charset=utf-8"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Response:
    """An HTTP response, sent as it is when a handler returns it.

    Args:
        content: the body; text is encoded by `render`.
        status_code: 100 to 599, default 200; 1xx, 204, 205 and 304 are sent without a body.
        headers: a mapping, or pairs in which a name may be repeated. They win over those that hawkapi adds, except
            `Content-Length` and `Transfer-Encoding`, which follow from the body. CR, LF and NUL are removed.
        content_type: default that of the class, here `text/plain; charset=utf-8`; a `content-type` in `headers` wins.
        media_type: another name of `content_type`.
        background: run when the response has been sent.

    Raises:
        TypeError: the content is neither text nor bytes, or both names of the content type are given.
        ValueError: the status is none, or a header field cannot be sent.

    A subclass may set `media_type` or `default_content_type` in its body, and override `render`.

    Request-bound; one that nobody changes any more may be returned again and again, in any thread.
    """

    charset: str = "utf-8"
    """How text becomes the body."""
    default_content_type: ClassVar[str] = PLAIN_TEXT
    buffered: ClassVar[bool] = True
    """Whether `messages` says all there is to send: neither `deliver` nor `__call__` is overridden."""

    # PERF: defaults in the class, so that a response without fields stores none of them.
    status_code: int = 200
    content_type: str = default_content_type
    background: BackgroundTask | BackgroundTasks | None = None
    _renders_text: ClassVar[bool] = True
    """Whether `render` is not overridden."""
    _headers: MutableHeaders | None = None
    _given: dict[str, str] | None = None
    """The fields as they were given, until somebody looks at them: from then on `_headers` counts."""
    _encoded: dict[bytes, bytes] | None = None
    """The same, as they are sent."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # COMPAT: other frameworks' responses have their type as a class attribute; here it would hide the property.
        media_type = cls.__dict__.get("media_type")
        if isinstance(media_type, str):
            cls.default_content_type = media_type
            delattr(cls, "media_type")
        if "default_content_type" in cls.__dict__:
            cls.content_type = cls.default_content_type
        cls._renders_text = cls.render is Response.render
        cls.buffered = cls.deliver is Response.deliver and cls.__call__ is Response.__call__

    def __init__(
        self,
        content: bytes | str = b"",
        *,
        status_code: int = 200,
        headers: HeaderFields | None = None,
        content_type: str | None = None,
        media_type: str | None = None,
        background: BackgroundTask | BackgroundTasks | None = None,
    ) -> None:
        # PERF: text under the class's own `render` is encoded here, and a response that is nothing but content sets
        # nothing else: construction is on the path of handlers that return responses.
        if type(content) is str and self._renders_text:
            self.body = content.encode(self.charset)
        else:
            self.body = self.render(content)
        if status_code != 200 or headers or content_type is not None or media_type is not None or background:
            self._set_fields(status_code, headers, content_type, media_type, background)

    def _set_fields(
        self,
        status_code: int,
        headers: HeaderFields | None,
        content_type: str | None,
        media_type: str | None,
        background: BackgroundTask | BackgroundTasks | None,
    ) -> None:
        """Set what every response has, also one whose body is not in memory."""
        self.status_code = status_code if status_code == 200 else check_status(status_code)
        if headers is not None:
            # PERF: most fields are a few plain words in a dict, and are sent without ever making the object.
            fields = headers
            if type(fields) is dict:
                given: dict[str, str] = fields  # pyright: ignore[reportUnknownVariableType] - as the signature says
                self._encoded = _encode_plain(given)
                if self._encoded is not None:
                    self._given = given.copy()
            if self._encoded is None:
                self._headers = MutableHeaders(headers)
        if content_type is None:
            content_type = self.default_content_type if media_type is None else media_type
        elif media_type is not None:
            raise TypeError("content_type and media_type are two names of one argument; give one of them")
        self.content_type = content_type
        if background is not None and not hasattr(background, "run"):
            # COMPAT: another framework's task would fail only when the response has been sent.
            raise TypeError(f"background needs BackgroundTasks of hawkapi, not {background!r}")
        self.background = background

    def render(self, content: Any) -> bytes:
        """Return the body of a content.

        Raises:
            TypeError: it is neither text nor bytes.
        """
        if isinstance(content, bytes):
            return content
        if isinstance(content, str):
            return content.encode(self.charset)
        raise TypeError(
            f"content is a {type(content).__name__}; a Response takes text or bytes, JSONResponse any value"
        )

    @property
    def headers(self) -> MutableHeaders:
        """The header fields that were given or set; those that follow from the body are added when it is sent."""
        headers = self._headers
        if headers is None:
            # THREADS: `_given` stays, for another thread that comes here at the same moment with a response that both
            # return; it is not looked at again. Whichever store is last, the fields are those that were given.
            headers = self._headers = MutableHeaders(self._given)
        return headers

    @headers.setter
    def headers(self, fields: HeaderFields) -> None:
        self._headers = MutableHeaders(fields)

    @property
    def media_type(self) -> str:
        """Another name of `content_type`."""
        return self.content_type

    @media_type.setter
    def media_type(self, media_type: str) -> None:
        self.content_type = media_type

    def set_cookie(
        self,
        key: str,
        value: str = "",
        *,
        max_age: int | None = None,
        expires: datetime | int | str | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Add a `Set-Cookie` field (RFC 6265 section 4.1).

        Args:
            key: the name.
            value: ASCII without white space, quotes, commas, semicolons and backslashes, default empty.
            max_age: seconds to keep it; 0 deletes it. Default: as long as the browser runs.
            expires: the moment it ends: with a time zone, in seconds from now, or as an HTTP date.
            path: where it is sent, default everywhere; `None` stands for the directory of the request.
            domain: also sent to its subdomains. Default: only to the host that set it.
            secure: only sent over TLS.
            httponly: hidden from scripts.
            samesite: whether other sites may cause it to be sent, default `lax`.
            partitioned: kept apart per top-level site.

        Raises:
            ValueError: browsers would misread or drop such a cookie; the message says what to change.
        """
        cookie = format_set_cookie(
            key,
            value,
            max_age=max_age,
            expires=_moment(expires),
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        self.headers.append("set-cookie", cookie)

    def delete_cookie(
        self,
        key: str,
        *,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: Literal["lax", "strict", "none"] | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Tell the browser to forget a cookie; path, domain and `partitioned` must be those it was set with."""
        self.set_cookie(
            key,
            max_age=0,
            expires=EPOCH,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    def header_pairs(self) -> HeaderPairs:
        """Return the header fields as they are sent: lower-case names, one type and one length."""
        return self._pairs(len(self.body))

    def _pairs(self, length: int | None) -> HeaderPairs:
        """Return the fields of a response whose body has a length, or whose length is not known."""
        own = self._headers.to_pairs() if self._headers is not None else list((self._encoded or {}).items())
        # SECURITY: how a body is framed is not the user's to say (RFC 9112 section 6).
        pairs = [pair for pair in own if pair[0] not in {b"content-length", b"content-type", b"transfer-encoding"}]
        if has_body(self.status_code):
            types = [value for name, value in own if name == b"content-type"]
            pairs.append((b"content-type", types[-1] if types else encode_value(self.content_type)))
        elif self.status_code != 205:
            return pairs
        else:
            length = 0  # SPEC: a 205 has no content, and says so (RFC 9110 section 15.3.6).
        if length is not None:
            pairs.append((b"content-length", b"%d" % length))
        return pairs

    def messages(self, method: str) -> tuple[Message, Message]:
        """Return the two ASGI messages of the response; for `HEAD` with the length but without the body."""
        status_code, body = self.status_code, self.body
        if self._headers is None and self._encoded is None and status_code == 200:
            # PERF: what `_pairs` returns in the case of nearly every response. The type of text is at hand as
            # bytes: 0.69 us for both messages instead of 0.78 with the GIL, 1.0 instead of 1.2 without.
            text = self.content_type
            if text is PLAIN_TEXT:
                content_type = b"text/plain; charset=utf-8"
            else:
                content_type = text.encode("latin-1") if text is self.default_content_type else encode_value(text)
            pairs = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        else:
            pairs = self.header_pairs()
            if not has_body(status_code):
                body = b""
        return (
            {"type": "http.response.start", "status": status_code, "headers": pairs},
            {"type": "http.response.body", "body": b"" if method == "HEAD" else body},
        )

    async def deliver(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Send the response, without what runs in the background; whether the client was there to the end.

        Sent in place of a WebSocket it refuses the handshake.
        """
        messages: Iterable[Message] = self.messages(scope.get("method", "GET"))
        if scope.get("type") == "websocket":
            messages = as_denial(messages, scope)
        try:
            for message in messages:
                await send(message)
        except OSError:  # SPEC: how a server says that the client has gone (ASGI HTTP 2.4).
            return False
        return True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response (ASGI HTTP), then run `background`; not if the client went before the end."""
        if await self.deliver(scope, receive, send) and self.background is not None:
            await self.background.run(scope)


def has_body(status_code: int) -> bool:
    """Whether a response with a status may have content (RFC 9110 sections 15.2, 15.3.5, 15.3.6, 15.4.5)."""
    return status_code >= 200 and status_code not in {204, 205, 304}


def _encode_plain(fields: dict[str, str]) -> dict[bytes, bytes] | None:
    """Return the fields as they are sent, or `None` if they need the care that `MutableHeaders` takes."""
    encoded: dict[bytes, bytes] = {}
    for name, value in fields.items():
        if not (type(name) is type(value) is str and name.isascii() and value.isascii() and value.isprintable()):
            return None
        if not name.replace("-", "").isalnum():
            return None
        encoded[name.lower().encode("ascii")] = value.strip(" ").encode("ascii")
    return encoded


def encode_value(text: str) -> bytes:
    """Return the value of a header field as bytes, without the characters that would end it.

    Raises:
        ValueError: it has a character outside latin-1, which a header field cannot carry.
    """
    if text.isascii() and text.isprintable():
        return text.encode("ascii")
    return MutableHeaders({"content-type": text}).to_pairs()[0][1]


def _moment(expires: datetime | int | str | None) -> datetime | None:
    """Return the moment that `expires` means.

    Raises:
        ValueError: it is a text, but no HTTP date.
    """
    if expires is None or isinstance(expires, datetime):
        return expires
    seconds = parse_http_date(expires) if isinstance(expires, str) else int(time.time()) + expires
    if seconds is None:
        raise ValueError(f"{expires!r} is no HTTP date; give a datetime with a time zone, or seconds from now")
    return datetime.fromtimestamp(seconds, UTC)
