"""A uvicorn server that loses no request when it stops.

What uvicorn 0.54 does by itself loses three kinds, each seen under load:

* A connection that waits in the socket's queue is reset when the socket is closed. Here the queue is emptied first,
  and on Linux nobody new is admitted to it before (`_admission.py`).
* A connection that was accepted a moment before fails an assertion of asyncio, which takes it for one of a closed
  server. Here nothing is accepted by asyncio any more when its server is closed.
* A request that is on its way on an idle connection meets its end. Here connections stay for `LINGER_S` longer, and
  their next response says `Connection: close` (RFC 9112 section 9.6), which sends the client elsewhere.

What is left, on other systems and on Unix sockets: a connection made in the microseconds between the last look into the
queue and its end.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Generator
from typing import Any, Final, cast, override

import uvicorn

from hawkapi._threading import AsyncEvent
from hawkapi.cli._admission import admit_nobody_new
from hawkapi.cli._announcing import announcing
from hawkapi.types import ASGIApp

__all__ = ["DrainingServer"]

LINGER_S: Final = 1.0
"""How long idle connections are kept for a request that may be on its way: longer than a client's round trip."""
HANDSHAKE_S: Final = 0.2
"""How long connections that have begun may take to be there: a round trip, and less than the second after which TCP
repeats a request that was dropped."""
_LOOK_INTERVAL_S: Final = 0.02


class DrainingServer(uvicorn.Server):
    """One server on one event loop in one thread. `should_exit` and `force_exit` may be set from any thread.

    Args:
        config: uvicorn's, loaded.
        on_start: called in the server's thread when the application has started and the server listens.
        on_end: called in the server's thread when it stops serving, whatever the reason, before its event loop is
            closed: by then the application's shutdown waits for the other loops, which must know of it.
    """

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping = AsyncEvent()
        loaded = cast("ASGIApp", config.loaded_app)  # uvicorn calls whatever it has loaded as one
        config.loaded_app = announcing(loaded, self._stopping)
        self._on_start = on_start
        self._on_end = on_end

    @override
    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            self._on_end()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals alone: they belong to whoever runs the servers."""
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, end the connections as they become idle, then shut the application down."""
        closing = (b"connection", b"close")
        self.server_state.default_headers = [*self.server_state.default_headers, closing]
        self._stopping.set()
        await self._empty_queues(sockets or [])
        await self._linger()
        watching = asyncio.create_task(self._end_when_forced())
        await super().shutdown(sockets)
        watching.cancel()

    async def _empty_queues(self, sockets: list[socket.socket]) -> None:
        """Take what waits in the queues, and close them."""
        loop = asyncio.get_running_loop()
        filtered = [admit_nobody_new(listening) for listening in sockets]
        if any(filtered):
            await asyncio.sleep(HANDSHAKE_S)
        for listening in sockets:
            with contextlib.suppress(NotImplementedError):  # Event loops that do not watch descriptors, on Windows.
                loop.remove_reader(listening)
        # What asyncio has accepted in this turn of the loop becomes a connection in the next ones.
        for _ in range(3):
            await asyncio.sleep(0)
        adopted = [connection for listening in sockets for connection in waiting_in(listening)]
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()
        if adopted:
            await asyncio.wait([loop.create_task(self._adopt(each)) for each in adopted], timeout=LINGER_S)

    async def _adopt(self, connection: socket.socket) -> None:
        """Serve a connection that was taken from the queue by hand."""
        config, loop = self.config, asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            make: Any = config.http_protocol_class
            made: asyncio.Protocol = make(
                config=config, server_state=self.server_state, app_state=self.lifespan.state, _loop=loop
            )
            return made

        with contextlib.suppress(OSError):  # The client has gone, or does not speak TLS.
            await loop.connect_accepted_socket(protocol, connection, ssl=config.ssl)

    async def _linger(self) -> None:
        """Wait until no connection is left, or for `LINGER_S`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                # uvicorn tells nobody when a connection ends.
                while self.server_state.connections and not self.force_exit:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_INTERVAL_S)

    async def _end_when_forced(self) -> None:
        """Cut every connection when the end is forced: asyncio waits for the clients of a server that is closed."""
        while not self.force_exit:  # noqa: ASYNC110 - it is set from another thread.
            await asyncio.sleep(_LOOK_INTERVAL_S)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        for task in list(self.server_state.tasks):
            task.cancel()


def waiting_in(listening: socket.socket) -> list[socket.socket]:
    """Return the connections in the queue of a listening socket that does not block."""
    found: list[socket.socket] = []
    with contextlib.suppress(OSError):  # BlockingIOError when it is empty; what a broken connection raises ends it too.
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)
            found.append(connection)
    return found
