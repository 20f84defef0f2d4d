"""`TestClient`: requests to an application in the process, from sync and async tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Final, Self, Unpack

from hawkapi.http.headers import MutableHeaders
from hawkapi.testing._cookies import CookieJar
from hawkapi.testing._loop import LoopThread, abandon, await_in, run_in
from hawkapi.testing._request import HeaderFields, RequestOptions
from hawkapi.testing._session import Session
from hawkapi.testing._transport import LifespanRun, RaiseExceptions
from hawkapi.testing._url import Params
from hawkapi.testing.overrides import ClientOverrides, Replacements
from hawkapi.testing.response import CaseInsensitiveDict, HTTPStatusError, TestResponse
from hawkapi.testing.stream import AsyncStreamedResponse, StreamedResponse
from hawkapi.testing.websocket import DEFAULT_TIMEOUT_S, AsyncWebSocketSession, Connection, WebSocketSession
from hawkapi.types import ASGIApp

__all__ = ["CaseInsensitiveDict", "HTTPStatusError", "TestClient", "TestResponse"]

DEFAULT_BASE_URL: Final = "http://testserver"
DEFAULT_CLIENT: Final = ("testclient", 50_000)


class TestClient:
    """Sends requests to an ASGI application without a network.

    Requests, and the lifespan, run on one event loop in a thread of the client's own, so a stream, a WebSocket or a
    task of the application goes on between two calls. ``with TestClient(app) as client:`` runs start-up and shutdown
    around the block, ``async with`` does so on the loop of an async test; without either there is no start-up.

    Each call sees the context variables of its caller, and its overrides of dependencies.

    Thread-safe: threads may share a client. What they set in `cookies` they share too.

    Args:
        app: any ASGI 3 application.
        base_url: scheme, host, port and base path of the requests; `https` makes them secure.
        headers: sent with every request; those of a request replace them by name. `client.headers` is all of them.
        cookies: sent with every request; `client.cookies` is a dict of all that there are.
        follow_redirects: follow redirects, 20 at most, where a request does not say otherwise; default no.
        raise_server_exceptions: `True`, the default, raises in the test what escapes the application; `False` makes a
            response with 500 of it, as servers do. `"all"` also raises what a hawkapi application logs and answers
            with 500; `response.exception` holds it in any case.
        overrides: replacements of dependencies, as `override` takes them, for all requests of this client, until it is
            closed. Those that are active when it is made are kept too, as long as their own blocks last.
        client: address and port that the requests come from, or `None`.
        root_path: of the scope, for an application behind a prefix.
        timeout_s: seconds that a request may take before `TimeoutError` is raised in the test; default forever.

    Raises:
        ValueError: `base_url` is no URL, or an override cannot work.
        TypeError: `overrides` are given for an application without a container, or are none.
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        base_url: str = DEFAULT_BASE_URL,
        *,
        headers: HeaderFields | None = None,
        cookies: Mapping[str, str] | None = None,
        follow_redirects: bool = False,
        raise_server_exceptions: RaiseExceptions = True,
        overrides: Replacements | None = None,
        client: tuple[str, int] | None = DEFAULT_CLIENT,
        root_path: str = "",
        timeout_s: float | None = None,
    ) -> None:
        self.app = app
        self._overrides = ClientOverrides(app, overrides)
        self._session = Session(
            app,
            base_url,
            headers=headers,
            cookies=cookies,
            follow_redirects=follow_redirects,
            raise_server_exceptions=raise_server_exceptions,
            client=client,
            root_path=root_path,
            timeout_s=timeout_s,
            entering=self._overrides.entering,
        )
        # THREADS: protects which loop and which lifespan are the client's now, for the few statements that replace
        # them. Starting a thread under it is safe: nothing that runs in that thread takes it. Requests that are under
        # way when the client is closed are not covered; they are cancelled.
        self._guard = threading.Lock()
        self._thread: LoopThread | None = None
        self._lifespan: tuple[LifespanRun, asyncio.AbstractEventLoop] | None = None

    @property
    def headers(self) -> MutableHeaders:
        """The header fields of every request, to be changed in place; those of a request replace them by name."""
        return self._session.fields

    @property
    def cookies(self) -> CookieJar:
        """The cookies by name, as a dict; assigning one replaces them all."""
        return self._session.jar

    @cookies.setter
    def cookies(self, cookies: Mapping[str, str]) -> None:
        kept = dict(cookies)
        self._session.jar.clear()
        self._session.jar.update(kept)

    def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a request, and return the response when the application has done all its work for it.

        Args:
            method: of the request.
            path: below the base URL, percent-encoded or not, with or without a query; or a whole URL.
            options: `params` is a mapping, in which a list stands for a repeated name, or pairs, added to the path's
                query. The body is one of: `json`, any value that a handler could return; `body` or `content`, bytes,
                text or an iterable of pieces, plain or async; `data`, a form; `files` with or without `data`, a
                multipart form of `name: content`, `name: (filename, content)` or
                `name: (filename, content, content_type)`. `headers` and `cookies` are added to the client's;
                `follow_redirects` and `timeout_s` replace the client's.

        Raises:
            RuntimeError: an event loop runs in this thread; use the async methods there.
            TimeoutError: `timeout_s` is over.
            TooManyRedirectsError: more than 20 redirects came in a row.
            BaseException: what escaped the application, see `raise_server_exceptions`.
        """
        return self._run(self._session.request(method, path, **options), method)

    def get(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a GET request; the rest is as for `request`."""
        return self.request("GET", path, **options)

    def head(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a HEAD request; the rest is as for `request`."""
        return self.request("HEAD", path, **options)

    def options(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send an OPTIONS request; the rest is as for `request`."""
        return self.request("OPTIONS", path, **options)

    def post(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a POST request; the rest is as for `request`."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a PUT request; the rest is as for `request`."""
        return self.request("PUT", path, **options)

    def patch(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a PATCH request; the rest is as for `request`."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a DELETE request; the rest is as for `request`."""
        return self.request("DELETE", path, **options)

    async def async_request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a request from a running event loop; arguments and errors are those of `request`.

        The application runs on the running loop; inside ``with TestClient(app)`` on the client's, where its lifespan
        is.
        """
        return await await_in(self._loop_for_async(), self._session.request(method, path, **options))

    async def async_get(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a GET request; the rest is as for `async_request`."""
        return await self.async_request("GET", path, **options)

    async def async_head(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a HEAD request; the rest is as for `async_request`."""
        return await self.async_request("HEAD", path, **options)

    async def async_options(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send an OPTIONS request; the rest is as for `async_request`."""
        return await self.async_request("OPTIONS", path, **options)

    async def async_post(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a POST request; the rest is as for `async_request`."""
        return await self.async_request("POST", path, **options)

    async def async_put(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a PUT request; the rest is as for `async_request`."""
        return await self.async_request("PUT", path, **options)

    async def async_patch(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a PATCH request; the rest is as for `async_request`."""
        return await self.async_request("PATCH", path, **options)

    async def async_delete(self, path: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """Send a DELETE request; the rest is as for `async_request`."""
        return await self.async_request("DELETE", path, **options)

    @contextmanager
    def stream(self, method: str, path: str, **options: Unpack[RequestOptions]) -> Generator[StreamedResponse]:
        """Send a request, and give the response as soon as it has begun; arguments and errors are those of `request`.

        `timeout_s` is for each piece. Leaving the block disconnects, and waits for the application to end.
        """
        loop = self._loop_for_sync(f"stream({method!r}, ...)")
        streaming = self._session.stream(method, path, **options)
        response = StreamedResponse(run_in(loop, streaming.__aenter__()), loop)
        try:
            yield response
        except GeneratorExit:
            # The collector has come for a block that was never left, in whatever thread: nothing may be waited for.
            # At the end of the interpreter the loop is closed, and the names of this module may be gone.
            if not loop.is_closed():
                abandon(loop, streaming.__aexit__(None, None, None))
            raise
        except BaseException as exc:
            run_in(loop, streaming.__aexit__(type(exc), exc, exc.__traceback__))
            raise
        run_in(loop, streaming.__aexit__(None, None, None))

    @asynccontextmanager
    async def async_stream(
        self, method: str, path: str, **options: Unpack[RequestOptions]
    ) -> AsyncGenerator[AsyncStreamedResponse]:
        """Send a request from a running event loop, and give the response as soon as it has begun; as `stream`."""
        loop = self._loop_for_async()
        streaming = self._session.stream(method, path, **options)
        response = AsyncStreamedResponse(await await_in(loop, streaming.__aenter__()), loop)
        try:
            yield response
        except BaseException as exc:
            await await_in(loop, streaming.__aexit__(type(exc), exc, exc.__traceback__))
            raise
        await await_in(loop, streaming.__aexit__(None, None, None))

    def websocket_connect(
        self,
        path: str,
        subprotocols: Sequence[str] = (),
        *,
        params: Params | None = None,
        headers: HeaderFields | None = None,
        cookies: Mapping[str, str] | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
    ) -> WebSocketSession:
        """Return a WebSocket, to be used as a context manager, which connects.

        Args:
            path: as for `request`.
            subprotocols: offered to the application.
            params: as for `request`.
            headers: as for `request`.
            cookies: as for `request`.
            timeout_s: seconds that each call waits for the application, default 10; `None` stands for forever.

        Raises:
            RuntimeError: an event loop runs in this thread; use `async_websocket_connect` there.
            WebSocketDisconnect: on entering, the application refused, with this code.
            WebSocketDenied: on entering, the application refused with an HTTP response; a `WebSocketDisconnect`.
        """
        loop = self._loop_for_sync("websocket_connect()")
        connection = self._connection(path, subprotocols, params, headers, cookies, timeout_s)
        return WebSocketSession(connection, loop, owner=self)

    def async_websocket_connect(
        self,
        path: str,
        subprotocols: Sequence[str] = (),
        *,
        params: Params | None = None,
        headers: HeaderFields | None = None,
        cookies: Mapping[str, str] | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
    ) -> AsyncWebSocketSession:
        """Return a WebSocket for a running event loop, an async context manager; the rest is as `websocket_connect`."""
        connection = self._connection(path, subprotocols, params, headers, cookies, timeout_s)
        return AsyncWebSocketSession(connection, self._loop_for_async(), owner=self)

    def close(self) -> None:
        """Run shutdown if start-up ran in this client, and end its thread; requests under way are cancelled.

        A client that is not closed is when it is collected. A closed one may be used again.

        Raises:
            RuntimeError: an event loop runs in this thread; leave the ``async with`` block instead.
        """
        self._refuse_loop("close()")
        try:
            taken = self._take_lifespan()
            if taken is not None:
                run_in(taken[1], taken[0].shutdown())
        finally:
            with self._guard:
                thread, self._thread = self._thread, None
            if thread is not None:
                thread.close()
            self._overrides.close()

    def __enter__(self) -> Self:
        loop = self._loop_for_sync("with TestClient(...)")
        lifespan = self._put_lifespan(loop)
        try:
            run_in(loop, lifespan.startup())
        except BaseException:
            self._take_lifespan()
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        lifespan = self._put_lifespan(asyncio.get_running_loop())
        try:
            await lifespan.startup()
        except BaseException:
            self._take_lifespan()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            taken = self._take_lifespan()
            if taken is not None:
                await await_in(taken[1], taken[0].shutdown())
        finally:
            self._overrides.close()

    def __repr__(self) -> str:
        return f"TestClient({self.app!r}, {str(self._session.base)!r})"

    def _connection(
        self,
        path: str,
        subprotocols: Sequence[str],
        params: Params | None,
        headers: HeaderFields | None,
        cookies: Mapping[str, str] | None,
        timeout_s: float | None,
    ) -> Connection:
        session = self._session
        scope = session.websocket_scope(path, subprotocols, params, headers, cookies)
        url = str(session.base.resolve(path, params).for_websocket())
        return Connection(self.app, scope, session.entering, url=url, raises=session.raises, timeout_s=timeout_s)

    def _run[T](self, work: Coroutine[Any, Any, T], what: str) -> T:
        """Run a coroutine on the client's loop."""
        try:
            loop = self._loop_for_sync(f"{what.lower()}()")
        except BaseException:
            work.close()
            raise
        return run_in(loop, work)

    def _loop_for_sync(self, what: str) -> asyncio.AbstractEventLoop:
        """Return the loop on which the application runs for a caller without one: that of its lifespan, if any."""
        self._refuse_loop(what)
        with self._guard:
            if self._lifespan is not None:
                return self._lifespan[1]
            if self._thread is None:
                self._thread = LoopThread()
            return self._thread.loop

    def _refuse_loop(self, what: str) -> None:
        if _runs_a_loop():
            raise RuntimeError(
                f"TestClient: {what} would block the event loop that runs in this thread; use the async methods here,"
                " async_get() for get() and so on, and async with"
            )

    def _loop_for_async(self) -> asyncio.AbstractEventLoop:
        """Return the loop on which the application runs for a caller with one: its lifespan's, or the caller's."""
        running = asyncio.get_running_loop()
        with self._guard:
            return self._lifespan[1] if self._lifespan is not None else running

    def _put_lifespan(self, loop: asyncio.AbstractEventLoop) -> LifespanRun:
        lifespan = self._session.lifespan()
        with self._guard:
            if self._lifespan is not None:
                raise RuntimeError("TestClient: start-up has run already; leave the with block before entering another")
            self._lifespan = (lifespan, loop)
            self._session.state = lifespan.state
        return lifespan

    def _take_lifespan(self) -> tuple[LifespanRun, asyncio.AbstractEventLoop] | None:
        with self._guard:
            taken, self._lifespan = self._lifespan, None
            self._session.state = {}
        return taken


def _runs_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
