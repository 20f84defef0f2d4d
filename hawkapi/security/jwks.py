"""`JWKSet`: the public keys of a token's issuer, loaded from its URL and kept (RFC 7517)."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final, cast
from urllib.parse import urlsplit

from hawkapi._threading import AsyncLock, watched
from hawkapi._workers import run_in_worker
from hawkapi.exceptions import HTTPException
from hawkapi.security._jwt_keys import Key, read_jwk

__all__ = ["JWKSet"]

MAX_BYTES: Final = 1024 * 1024
"""What is read of a document: a key has some hundred bytes, and issuers have a handful of them."""
CHUNK_BYTES: Final = 64 * 1024
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

logger = logging.getLogger("hawkapi")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of an issuer's keys. Replaced as a whole."""

    keys: tuple[Key, ...] = ()
    fresh_until: float = float("-inf")
    usable_until: float = float("-inf")
    ask_again_at: float = float("-inf")


class JWKSet:
    """The public keys of an issuer, for a `JWTVerifier`.

    They are loaded when a token first needs one, again when they are old, and when a token names a key that is not
    among them; one load at a time, whatever number of threads and event loops asks, which goes on when the request
    that began it is cancelled. Thread-safe.

    Args:
        url: of the document, `https://`, or `http://` on this machine; redirects are not followed.
        max_age_s: seconds for which keys are fresh, default 300.
        max_stale_s: seconds for which they are used beyond that while the issuer does not answer, default 3600; then
            requests are answered with 503.
        min_interval_s: seconds between two loads at least, default 30, so that tokens with invented keys cost nothing.
        timeout_s: seconds that a load may take in all, default 5.
        load: returns the document instead, given the URL; default by `urllib` in a worker thread.
        clock: returns seconds, default `time.monotonic`.

    Raises:
        ValueError: the URL is not safe, or a number is below 0.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age_s: float = 300.0,
        max_stale_s: float = 3600.0,
        min_interval_s: float = 30.0,
        timeout_s: float = 5.0,
        load: Callable[[str], Awaitable[bytes]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        check_url(url)
        if not all(seconds >= 0 for seconds in (max_age_s, max_stale_s, min_interval_s, timeout_s)):
            raise ValueError("max_age_s, max_stale_s, min_interval_s and timeout_s are seconds, at least 0")
        self.url = url
        self._max_age_s = max_age_s
        self._max_stale_s = max_stale_s
        self._min_interval_s = min_interval_s
        self._timeout_s = timeout_s
        self._load = load or self._download
        self._clock = clock
        # THREADS: one store, one load; who finds nothing fresh comes to the lock. The lock lets one load at a time, in
        # all loops, and is held while it does; it protects nothing else, so an owner whose loop was closed leaves
        # nothing half done.
        self._known = _Known()
        self._loading = watched("jwks", AsyncLock())

    async def find(self, kid: str | None, algorithm: str) -> tuple[Key, ...]:
        """Return the keys that a token of this kind may be signed with: of its name, or all where it names none.

        Raises:
            HTTPException: the keys cannot be loaded (503).
        """
        known, now = self._known, self._clock()
        found = fitting(known.keys, kid, algorithm) if now < known.usable_until else ()
        if found and (now < known.fresh_until or self._loading.locked()):
            return found
        if now >= known.ask_again_at:
            # SECURITY: requests whose clients go, or whose time is over, would start a load each, and none would end.
            known = await asyncio.shield(asyncio.ensure_future(self._refreshed(known)))
            now = self._clock()
        if now >= known.usable_until:
            raise HTTPException(503, "The keys that tokens are signed with cannot be loaded")
        return fitting(known.keys, kid, algorithm)

    async def _refreshed(self, seen: _Known) -> _Known:
        """Return what is known after a load, this one's or that of who came first."""
        async with self._loading:
            if self._known is seen:
                self._known = await self._reload(seen)
            return self._known

    async def _reload(self, seen: _Known) -> _Known:
        try:
            # SECURITY: others wait for this load, and an issuer may answer so slowly that it never ends.
            async with asyncio.timeout(self._timeout_s):
                content = await self._load(self.url)
            keys = read_keys(content)
        except Exception:
            # Whatever it is, the keys of before are good for a while, and the next try may work.
            logger.exception("keys cannot be loaded from %s", self.url)
            return replace(seen, ask_again_at=self._clock() + self._min_interval_s)
        now = self._clock()
        fresh_until = now + self._max_age_s
        return _Known(keys, fresh_until, fresh_until + self._max_stale_s, now + self._min_interval_s)

    async def _download(self, url: str) -> bytes:
        return await run_in_worker(None, download, url, self._timeout_s)


def check_url(url: str) -> None:
    """Refuse a URL that anybody on the way could answer.

    Raises:
        ValueError: it is neither `https://` nor `http://` on this machine, or has no host, or a password.
    """
    parts = urlsplit(url)
    if parts.username is not None:
        # SECURITY: it is logged when a load fails, and not shown here, because there may be a password in it.
        raise ValueError("the URL of keys has no name and password before its host")
    if not parts.hostname:
        raise ValueError(f"{url!r} is not a safe place for keys; use https:// with a host")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"{url!r} is not a safe place for keys; use https://")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    # SECURITY: the place that keys come from is configured, not told by who answers; it could be `http://`.
    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


def download(url: str, timeout_s: float) -> bytes:
    """Return what is at a URL.

    Raises:
        OSError: it cannot be read.
        ValueError: it is too large for keys.
    """
    ends_at = time.monotonic() + timeout_s
    handlers: list[Any] = [_NoRedirects]
    if urlsplit(url).scheme == "http":
        # SECURITY: to a proxy "localhost" is another machine, and without TLS it could answer anything.
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    content = bytearray()
    with opener.open(url, timeout=timeout_s) as response:
        # The timeout of a socket is for one `recv`; this thread shall not read for hours what comes byte by byte.
        while chunk := response.read1(CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_BYTES:
                raise ValueError(f"{url} is longer than {MAX_BYTES} bytes")
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{url} took longer than {timeout_s} s")
    return bytes(content)


def read_keys(content: bytes) -> tuple[Key, ...]:
    """Return the public keys of a JWK Set that signatures can be verified with (RFC 7517 section 5).

    Raises:
        ValueError: it is none, or has none of them.
    """
    document: Any = json.loads(content)
    entries: Any = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError('a JWK Set is an object with the member "keys", a list')
    # SPEC: RFC 7517 section 5: keys that are not understood are ignored.
    found = [read_jwk(entry) for entry in cast("list[object]", entries)]
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise ValueError("the JWK Set has no public key that signatures can be verified with")
    return keys


def fitting(keys: tuple[Key, ...], kid: str | None, algorithm: str) -> tuple[Key, ...]:
    """Return the keys of a name, or of any where there is none, that are for an algorithm."""
    return tuple(key for key in keys if kid in {None, key.kid} and key.fits(algorithm))
