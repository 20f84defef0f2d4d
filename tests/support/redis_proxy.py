"""A way to a Redis server on which an answer can get lost, after the command was executed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from redis_servers import QUOTED


class LossyWay:
    """Passes everything on, until it is to cut a connection in place of an answer. For one event loop."""

    def __init__(self) -> None:
        self.url = ""
        self.lost = 0
        """How many answers got lost."""
        self._marker: bytes | None = None

    def lose_answer(self, marker: str) -> None:
        """Cut the connection over which a command with this text comes next, when it has been answered."""
        self._marker = marker.encode("ascii")

    async def pass_on(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        answers, commands = await asyncio.open_connection(host, port)
        try:
            while data := await reader.read(65536):
                is_marked = self._marker is not None and self._marker in data
                commands.write(data)
                answer = await answers.read(65536)
                if is_marked:
                    self._marker = None
                    self.lost += 1
                    return
                writer.write(answer)
        finally:
            commands.close()
            writer.close()


@asynccontextmanager
async def lossy_way(url: str) -> AsyncIterator[LossyWay]:
    """Open a way to the server of a URL, until the block ends."""
    there = urlsplit(url)
    assert there.hostname is not None
    assert there.port is not None
    host, port = there.hostname, there.port
    way = LossyWay()
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        await way.pass_on(host, port, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1")
    way.url = f"redis://:{QUOTED}@127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    try:
        yield way
    finally:
        server.close()
        for task in connections:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
