"""Clients that send request after request, and notice each one that was not answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wire import Connection, request_bytes


class SteadyLoad:
    """Clients in threads, each with one connection at a time, half of which are used for one request only.

    A client ends when nobody listens any more. Whatever it has sent by then must have been answered with 200.
    """

    def __init__(self, address: tuple[str, int], clients: int, target: str) -> None:
        self.address = address
        self.target = target
        self.answered = [0] * clients
        self.lost: list[str] = []
        """What happened instead of an answer, for each request that has none. Appending to it is atomic."""
        self._warm = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._run, args=(index,)) for index in range(clients)]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the clients and wait until each has had some answers; at the end wait until each has stopped."""
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            assert self._warm.acquire(timeout=60), self.lost
        yield
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a client is still being served"

    def _run(self, index: int) -> None:
        reuse = index % 2 == 0
        try:
            while connection := self._connect():
                try:
                    while self._ask(connection, index, reuse=reuse):
                        pass
                finally:
                    connection.close()
        finally:
            self._warm.release()

    def _connect(self) -> Connection | None:
        try:
            return Connection(self.address)
        except ConnectionRefusedError:
            return None

    def _ask(self, connection: Connection, index: int, *, reuse: bool) -> bool:
        """Send one request; return whether the connection may be used for another one."""
        fields = [] if reuse else ["Connection: close"]
        try:
            connection.send(request_bytes("GET", self.target, fields))
            answer = connection.answer()
        except (OSError, EOFError) as exc:
            self.lost.append(f"{'kept' if reuse else 'fresh'} connection after {self.answered[index]}: {exc!r}")
            return False
        if answer.status != 200 or not answer.complete:
            self.lost.append(f"{answer.status} {answer.body!r}")
        self.answered[index] += 1
        if self.answered[index] == 20:
            self._warm.release()
        return reuse and answer.header("connection") != "close"
