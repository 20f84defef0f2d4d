"""`SessionMiddleware`: a dict per client, kept by the client in a signed cookie, or by a store under a signed name."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, NamedTuple, cast, final

from hawkapi.http.cookies import format_set_cookie, parse_cookies
from hawkapi.middleware._heads import HEADS, changing_head, vary_by
from hawkapi.middleware._signing import Signer, read_keys
from hawkapi.middleware.base import Middleware
from hawkapi.middleware.session_stores import SessionStore
from hawkapi.types import ASGIApp, HeaderPairs, Message, Receive, Scope, Send

__all__ = ["SessionMiddleware", "renew_session"]

EMPTY: Final = "{}"
RENEWAL_KEY: Final = "hawkapi.session"
"""Where the scope of a request with a session has its `Renewal`."""


class Signed(NamedTuple):
    """What a client sent, and we have signed."""

    text: str
    is_current: bool
    """Whether it is signed with the key that signs now."""


class Loaded(NamedTuple):
    """A session as it was when the request came."""

    text: str
    """JSON."""
    session: dict[str, Any]
    """The same as a value, which belongs to the request from here on."""
    is_current: bool
    """Whether its cookie is signed with the key that signs now."""
    key: str = ""
    """Its key in the store, if there is one."""
    name: str = ""
    """What the cookie calls it then."""


@final
class Renewal:
    """Whether the session is to have another name. Request-bound."""

    __slots__ = ("is_wanted",)

    def __init__(self) -> None:
        self.is_wanted = False


def renew_session(scope: Scope) -> None:
    """Give the session another name with the response: call it whenever somebody logs in, or gets more rights.

    SECURITY: who has planted a session of his own in another's browser is left without it (session fixation). It is
    for sessions in a store; without one there is no name.

    Raises:
        RuntimeError: there is no `SessionMiddleware`.
    """
    renewal = scope.get(RENEWAL_KEY)
    if not isinstance(renewal, Renewal):
        raise RuntimeError("there is no session to renew; add SessionMiddleware")
    renewal.is_wanted = True


class SessionMiddleware(Middleware):
    """Give each request and WebSocket `request.session`, a dict of JSON values that the next request finds again.

    SECURITY: the cookie is signed, so clients cannot change it; they can read it, and send an older one again. Keep
    secrets, and what must not come back, in a `store`: then the cookie holds a random name only.

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
        store: keeps the sessions; default none, the cookie does.
        clock: seconds since 1970, default `time.time`.

    Raises:
        ValueError: there is no key, or browsers would drop such a cookie.
        TypeError: `store` is no `SessionStore`.

    A session that is no JSON, or makes a cookie above 4096 bytes, is answered with 500. Of two requests that change a
    session at the same time, the one that answers last wins. Thread-safe: it is never changed; a session belongs to its
    request.
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
        store: SessionStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(app)
        if max_age <= 0:
            raise ValueError(f"max_age is {max_age}; it is a number of seconds above 0")
        self._signer = Signer(read_keys("secret_key", secret_key))
        self._cookie = session_cookie
        self._max_age = max_age
        if store is not None:
            check_store(store)
        self._store = store
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
        signed = self._verify(cookie) if cookie is not None else None
        scope[RENEWAL_KEY] = Renewal()
        if self._store is not None:
            is_foreign = cookie is not None and signed is None
            await self._serve_stored(self._store, signed, is_foreign, scope, receive, send)
            return
        loaded = _decode(signed) if signed is not None else None
        scope["session"] = loaded.session if loaded is not None else {}

        def change(fields: HeaderPairs) -> HeaderPairs:
            return _with_cookie(fields, self._new_cookie(scope["session"], loaded, was_sent=cookie is not None))

        await self.app(scope, receive, changing_head(send, change))

    async def _serve_stored(
        self, store: SessionStore, signed: Signed | None, is_foreign: bool, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a connection whose session is in a store.

        Args:
            store: where it is.
            signed: what its cookie holds, if there is one of ours.
            is_foreign: whether the client sent a cookie that is none of ours, or too old.
        """
        loaded = await _read(store, signed) if signed is not None else None
        scope["session"] = loaded.session if loaded is not None else {}
        is_kept = False

        async def send_kept(message: Message) -> None:
            nonlocal is_kept
            # The answer to what goes wrong while it is kept comes by here too, and is sent as it is.
            if message["type"] in HEADS and not is_kept:
                is_kept = True
                cookie = await self._keep(store, scope, loaded, is_foreign=is_foreign)
                message = {**message, "headers": _with_cookie(list(message.get("headers", ())), cookie)}
            await send(message)

        await self.app(scope, receive, send_kept)

    async def _keep(self, store: SessionStore, scope: Scope, loaded: Loaded | None, *, is_foreign: bool) -> str | None:
        """Put the session into the store; return the cookie to set, or `None` to leave the client what it has.

        A name of ours that the store does not know, or no longer, is left: while this request was under way, another
        may have renewed the session, and its cookie must not be taken from the client.
        """
        text = _encode(scope["session"])
        if text == EMPTY:
            if loaded is not None:
                await store.delete(loaded.key)
            return self._format("", 0) if is_foreign or loaded is not None else None
        if loaded is None or scope[RENEWAL_KEY].is_wanted:
            name = secrets.token_urlsafe(32)
            await store.create(_store_key(name), text, self._max_age)
            if loaded is not None:
                await store.delete(loaded.key)
            return self._sign(name)
        if loaded.text == text and loaded.is_current:
            return None
        if not await store.replace(loaded.key, text, self._max_age):
            return None  # Somebody has logged out, or in, meanwhile.
        return self._sign(loaded.name)

    def _cookie_of(self, scope: Scope) -> str | None:
        fields = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
        return parse_cookies(fields).get(self._cookie) if fields else None

    def _verify(self, cookie: str) -> Signed | None:
        """Return what a cookie holds, or `None` if it is none of ours, or too old."""
        signed, _, signature = cookie.rpartition(".")
        key = self._signer.which_key(signed, signature)
        if key is None:
            return None
        text, _, moment = signed.rpartition(".")
        try:
            is_valid = self._clock() - int(moment) <= self._max_age
        except ValueError:
            # It was signed, by who has the key; but not by this class.
            return None
        return Signed(text, is_current=key == 0) if is_valid else None

    def _sign(self, text: str) -> str:
        """Return the cookie that holds a text."""
        signed = f"{text}.{int(self._clock())}"
        return self._format(f"{signed}.{self._signer.sign(signed)}", self._max_age)

    def _new_cookie(self, session: Any, loaded: Loaded | None, *, was_sent: bool) -> str | None:
        """Return the cookie to set, or `None` if the client has the right one."""
        text = _encode(session)
        if text == EMPTY:
            return self._format("", 0) if was_sent else None
        if loaded is not None and loaded.text == text and loaded.is_current:
            return None
        return self._sign(base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii"))


def check_store(store: object) -> None:
    """Refuse what is no store: a class that was not called, or a name.

    Raises:
        TypeError: it is none.
    """
    if isinstance(store, type) or not isinstance(store, SessionStore):
        raise TypeError(f"store is {store!r}; it is an object with the methods of SessionStore, or None")


def _with_cookie(fields: HeaderPairs, cookie: str | None) -> HeaderPairs:
    if cookie is None:
        return fields
    # SPEC: a cache must not give one client's cookie to another (RFC 9111 section 7.3 leaves that to us).
    return [*vary_by(fields, "Cookie"), (b"set-cookie", cookie.encode("latin-1"))]


def _decode(signed: Signed) -> Loaded | None:
    """Return the session that a cookie holds, or `None` if that is none."""
    try:
        text = base64.urlsafe_b64decode(signed.text).decode("utf-8")
    except (ValueError, binascii.Error):
        return None
    session = _parse(text)
    return Loaded(text, session, signed.is_current) if session is not None else None


async def _read(store: SessionStore, signed: Signed) -> Loaded | None:
    """Return the session that a cookie names, or `None` if the store has none."""
    key = _store_key(signed.text)
    text = await store.read(key)
    session = _parse(text) if text is not None else None
    if text is None or session is None:
        return None
    return Loaded(text, session, signed.is_current, key, signed.text)


def _store_key(name: str) -> str:
    # SECURITY: who can read the store, or a list of its keys, cannot make a cookie of them.
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def _parse(text: str) -> dict[str, Any] | None:
    """Return a session, or `None` if the text is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _encode(session: Any) -> str:
    """Return a session as JSON.

    Raises:
        TypeError: it holds something that JSON has not.
    """
    if not isinstance(session, dict):
        raise TypeError(f"scope['session'] is a dict, not a {type(session).__name__}")
    try:
        text = json.dumps(cast("dict[str, Any]", session), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise TypeError(f"a session holds JSON values only: {exc}") from exc
    # SPEC: half of a surrogate pair is no UTF-8, but JSON has an escape for it (RFC 8259 section 8.2), of which
    # `json.loads` makes one: a client may have sent it. Python's escape is the same.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
