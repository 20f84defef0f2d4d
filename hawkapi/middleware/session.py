"""`SessionMiddleware`: a dict per client, kept by the client in a signed cookie."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple, cast

from hawkapi.http.cookies import format_set_cookie, parse_cookies
from hawkapi.middleware._heads import changing_head, vary_by
from hawkapi.middleware._signing import Signer, read_keys
from hawkapi.middleware.base import Middleware
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["SessionMiddleware"]

EMPTY: Final = "{}"


class Loaded(NamedTuple):
    """A session as a client sent it."""

    text: str
    """JSON."""
    is_current: bool
    """Whether it is signed with the key that signs now."""


class SessionMiddleware(Middleware):
    """Give each request and WebSocket `request.session`, a dict of JSON values that the next request finds again.

    SECURITY: the cookie is signed, so clients cannot change it; they can read it, and send an older one again. Keep
    secrets, and what must not come back, in a store of yours.

    The cookie is sent when the session has changed, and deleted when it is empty. One that is malformed, changed or
    older than `max_age` is an empty session.

    Args:
        app: the next application.
        secret_key: signs the cookie; of several the first signs, and the others are still accepted, so that a key can
            be replaced without logging everybody out.
        session_cookie: its name, default `session`.
        max_age: seconds that a session lasts from its last change, default two weeks.
        path: where the cookie is sent, default everywhere.
        httponly: hide it from scripts, default on.
        secure: send it over TLS only, default on.
        samesite: whether other sites may cause it to be sent, default `lax`.
        domain: also send it to its subdomains, default only to the host that set it.
        clock: seconds since 1970, default `time.time`.

    Raises:
        ValueError: there is no key, or browsers would drop such a cookie.

    A session that is no JSON, or makes a cookie above 4096 bytes, is answered with 500. Thread-safe: it is never
    changed; a session belongs to its request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret_key: str | bytes | Sequence[str | bytes],
        session_cookie: str = "session",
        max_age: int = 1209600,
        path: str = "/",
        httponly: bool = True,
        secure: bool = True,
        samesite: Literal["lax", "strict", "none"] = "lax",
        domain: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(app)
        if max_age <= 0:
            raise ValueError(f"max_age is {max_age}; it is a number of seconds above 0")
        self._signer = Signer(read_keys("secret_key", secret_key))
        self._cookie = session_cookie
        self._max_age = max_age
        self._clock = clock

        def format_cookie(value: str, age: int) -> str:
            return format_set_cookie(
                session_cookie,
                value,
                max_age=age,
                path=path,
                domain=domain,
                httponly=httponly,
                secure=secure,
                samesite=samesite,
            )

        self._format = format_cookie
        format_cookie("", 0)  # What is wrong with the options is said now.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        cookie = self._cookie_of(scope)
        loaded = self._load(cookie) if cookie is not None else None
        scope["session"] = json.loads(loaded.text) if loaded is not None else {}

        def change(fields: HeaderPairs) -> HeaderPairs:
            new = self._new_cookie(scope["session"], loaded, was_sent=cookie is not None)
            # SPEC: a cache must not give one client's cookie to another (RFC 9111 section 7.3 leaves that to us).
            return fields if new is None else [*vary_by(fields, "Cookie"), (b"set-cookie", new.encode("latin-1"))]

        await self.app(scope, receive, changing_head(send, change))

    def _cookie_of(self, scope: Scope) -> str | None:
        fields = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
        return parse_cookies(fields).get(self._cookie) if fields else None

    def _load(self, cookie: str) -> Loaded | None:
        """Return the session of a cookie, or `None` if it is none of ours, or too old."""
        signed, _, signature = cookie.rpartition(".")
        key = self._signer.which_key(signed, signature)
        if key is None:
            return None
        encoded, _, moment = signed.rpartition(".")
        try:
            if self._clock() - int(moment) > self._max_age:
                return None
            text = base64.urlsafe_b64decode(encoded).decode("utf-8")
            is_session = isinstance(json.loads(text), dict)
        except (ValueError, binascii.Error):
            # It was signed, by who has the key; but not by this class.
            return None
        return Loaded(text, is_current=key == 0) if is_session else None

    def _new_cookie(self, session: Any, loaded: Loaded | None, *, was_sent: bool) -> str | None:
        """Return the cookie to set, or `None` if the client has the right one."""
        text = _encode(session)
        if text == EMPTY:
            return self._format("", 0) if was_sent else None
        if loaded is not None and loaded.text == text and loaded.is_current:
            return None
        encoded = base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii")
        signed = f"{encoded}.{int(self._clock())}"
        return self._format(f"{signed}.{self._signer.sign(signed)}", self._max_age)


def _encode(session: Any) -> str:
    """Return a session as JSON.

    Raises:
        TypeError: it holds something that JSON has not.
    """
    if not isinstance(session, dict):
        raise TypeError(f"scope['session'] is a dict, not a {type(session).__name__}")
    try:
        return json.dumps(cast("dict[str, Any]", session), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise TypeError(f"a session holds JSON values only: {exc}") from exc
