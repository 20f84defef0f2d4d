"""A client on one event loop: what `TestClient` and `hammer` have in common.

A session keeps no task and no loop; its coroutines run wherever they are awaited, also in several loops at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Unpack

from hawkapi.http.headers import MutableHeaders
from hawkapi.testing._cookies import CookieJar
from hawkapi.testing._request import (
    HeaderFields,
    Outgoing,
    RequestOptions,
    build_request,
    websocket_fields,
)
from hawkapi.testing._transport import ASGI_HTTP, Entering, Exchange, LifespanRun, RaiseExceptions
from hawkapi.testing._url import URL, Params
from hawkapi.testing.response import TestResponse, TooManyRedirectsError
from hawkapi.types import ASGIApp

__all__ = ["Session", "Streaming"]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 20
"""As browsers and other clients have it."""


class Streaming:
    """A response that has begun, on its loop.

    Args:
        exchange: that it belongs to.
        head: the response without its body.
        timeout_s: for each piece.
        check: raises what the test must hear of an exchange.
    """

    def __init__(
        self, exchange: Exchange, head: TestResponse, timeout_s: float | None, check: Callable[[Exchange], None]
    ) -> None:
        self.head = head
        self._exchange = exchange
        self._timeout_s = timeout_s
        self._check = check

    async def read(self) -> bytes | None:
        """Return the next piece as the application has sent it; `None` at the end."""
        async with asyncio.timeout(self._timeout_s):
            chunk = await self._exchange.read()
        if chunk is None:
            self._check(self._exchange)
        return chunk


class Session:
    """Sends requests to an application. Thread-safe, as far as the application is.

    Args:
        app: the application.
        base_url: scheme, host, port and base path.
        headers: sent with every request.
        cookies: what is in the jar at the beginning.
        follow_redirects: whether redirects are followed where a request does not say.
        raise_server_exceptions: which exceptions reach the test.
        client: the address that the requests come from.
        root_path: of the scope.
        timeout_s: of each request, where it does not say.
        entering: the context that the application runs in.
    """

    def __init__(
        self,
        app: ASGIApp,
        base_url: str,
        *,
        headers: HeaderFields | None,
        cookies: Mapping[str, str] | None,
        follow_redirects: bool,
        raise_server_exceptions: RaiseExceptions,
        client: tuple[str, int] | None,
        root_path: str,
        timeout_s: float | None,
        entering: Entering,
    ) -> None:
        self.app = app
        self.base = URL.parse(base_url)
        self.fields = MutableHeaders(headers)
        self.jar = CookieJar(cookies)
        self.follow_redirects = follow_redirects
        self.raises: RaiseExceptions = raise_server_exceptions
        self.client = client
        self.root_path = root_path
        self.timeout_s = timeout_s
        self.state: Mapping[str, Any] = {}
        """Of the lifespan; replaced as a whole when one starts or ends."""
        self.entering = entering

    def lifespan(self) -> LifespanRun:
        """Return a lifespan of the application, not started yet."""
        return LifespanRun(self.app, self.entering)

    async def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a request, follow redirects if wanted, and return the response when the application has ended."""
        limit = options.get("timeout_s", self.timeout_s)
        request, follow = self._read(method, path, options)
        history: list[TestResponse] = []
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                while True:
                    response = await self._exchange(request, history)
                    following = _next_request(request, response) if follow else None
                    if following is None:
                        return response
                    request = self._follow(following, response, history)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TimeoutError(f"{request.method} {request.url} took longer than {limit} s") from None

    @asynccontextmanager
    async def stream(self, method: str, path: str, **options: Unpack[RequestOptions]) -> AsyncGenerator[Streaming]:
        """Send a request, and give the response as soon as it has begun; leaving the block ends the connection."""
        limit = options.get("timeout_s", self.timeout_s)
        request, follow = self._read(method, path, options)
        history: list[TestResponse] = []
        while True:
            exchange, started = self._open(request, backpressure=True), time.perf_counter()
            try:
                async with asyncio.timeout(limit):
                    await exchange.begin()
                if exchange.status is None:
                    self._raise(exchange)
                head = self._response(exchange, b"", request, history, started)
                following = _next_request(request, head) if follow else None
                if following is None:
                    yield Streaming(exchange, head, limit, self._raise)
            finally:
                await exchange.leave()
            self._raise(exchange)
            if following is None:
                return
            request = self._follow(following, head, history)

    def websocket_scope(
        self,
        path: str,
        subprotocols: Sequence[str],
        params: Params | None,
        headers: HeaderFields | None,
        cookies: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        """Return the scope of a WebSocket (ASGI WebSocket 2.4)."""
        url = self.base.resolve(path, params).for_websocket()
        fields = websocket_fields(self.fields, headers, subprotocols)
        request = Outgoing("GET", url, fields, b"", dict(cookies or {}))
        scope = self._scope("websocket", request)
        return {**scope, "subprotocols": list(subprotocols), "extensions": {"websocket.http.response": {}}}

    def _read(self, method: str, path: str, options: RequestOptions) -> tuple[Outgoing, bool]:
        """Return the request that a test describes, and whether its redirects are followed."""
        given = dict(options)
        given.pop("timeout_s", None)
        follow = given.pop("follow_redirects", None)
        params: Any = given.pop("params", None)
        url = self.base.resolve(path, params)
        building: Any = given
        request = build_request(method, url, self.fields, **building)
        return request, self.follow_redirects if follow is None else bool(follow)

    def _scope(self, kind: str, request: Outgoing) -> dict[str, Any]:
        return {
            "type": kind,
            "asgi": dict(ASGI_HTTP),
            "http_version": "1.1",
            **request.url.to_scope(),
            "root_path": self.root_path,
            "headers": request.to_headers(self.jar.pairs_for(request.url)),
            "client": self.client,
            "state": dict(self.state),
            "extensions": {},
        }

    def _open(self, request: Outgoing, *, backpressure: bool) -> Exchange:
        scope = {**self._scope("http", request), "method": request.method}
        return Exchange(self.app, scope, request.body, self.entering, backpressure=backpressure)

    async def _exchange(self, request: Outgoing, history: list[TestResponse]) -> TestResponse:
        exchange, started = self._open(request, backpressure=False), time.perf_counter()
        await exchange.run()
        self._raise(exchange)
        return self._response(exchange, b"".join(exchange.chunks), request, history, started)

    def _response(
        self, exchange: Exchange, body: bytes, request: Outgoing, history: list[TestResponse], started: float
    ) -> TestResponse:
        """Return what an exchange has brought so far."""
        status, headers = exchange.status, exchange.headers
        if status is None:
            status, headers, body = 500, [(b"content-type", b"text/plain; charset=utf-8")], b"Internal Server Error"
        response = TestResponse(
            status,
            body,
            headers,
            url=str(request.url),
            elapsed=timedelta(seconds=time.perf_counter() - started),
            history=history,
            exception=exchange.failure() or next(iter(exchange.exceptions), None),
        )
        self.jar.store(request.url, response.headers.getlist("set-cookie"))
        return response

    def _raise(self, exchange: Exchange) -> None:
        """Raise what a test that wants exceptions must hear of by now."""
        failure = exchange.failure()
        if failure is None and self.raises == "all":
            failure = next(iter(exchange.exceptions), None)
        if failure is not None and self.raises and not exchange.is_told:
            exchange.is_told = True
            raise failure

    def _follow(self, following: Outgoing, response: TestResponse, history: list[TestResponse]) -> Outgoing:
        history.append(response)
        if len(history) > MAX_REDIRECTS:
            raise TooManyRedirectsError(f"{history[0].url} led to more than {MAX_REDIRECTS} redirects in a row")
        return following


def _next_request(request: Outgoing, response: TestResponse) -> Outgoing | None:
    """Return the request that a redirect asks for."""
    location = response.headers.get("location")
    if response.status_code not in REDIRECTS or location is None:
        return None
    return request.redirected(response.status_code, location)
