"""Serve one application in several processes, each with one event loop and an application of its own.

uvicorn has a supervisor; this one exists because that one keeps the listening sockets open in its own process while the
workers stop, so that connections wait there and are reset in the end, makes the workers with a server class that loses
requests too (`_draining.py`), and exits with 0 when the application cannot start.

A worker that dies is replaced, and its connections wait in the socket's queue, which this process keeps open. One whose
start-up fails ends everything: its successors would fail, too. Each worker watches a pipe, whose end, also when this
process was killed, tells it to stop; so no worker is left behind, and Ctrl+C, which reaches all processes of a
terminal, is obeyed once.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Final, Protocol

from hawkapi.cli._admission import admit_again
from hawkapi.cli._application import Loaded, load_again
from hawkapi.cli._errors import CommandError
from hawkapi.cli._settings import Settings
from hawkapi.cli._threads import STARTUP_FAILED, Crew, make_configs

__all__ = ["Supervisor"]

FORCE: Final = b"force"
"""Sent to a worker to end it as it is; the end of the pipe lets it end its requests."""

logger = logging.getLogger("uvicorn.error")
# `fork` would copy what the application started when the parent imported it, threads excepted.
_spawn = multiprocessing.get_context("spawn")


class Sender(Protocol):
    """The writing end of a pipe: a class of its own on Windows."""

    def send_bytes(self, data: bytes, /) -> None:
        """Send one message."""

    def close(self) -> None:
        """End the pipe."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process, and the pipe that it watches."""

    process: SpawnProcess
    pipe: Sender


class Supervisor:
    """Keeps one worker alive for each socket. One thread uses it; signal handlers call `stop` and `force`."""

    def __init__(self, loaded: Loaded, settings: Settings, sockets: Sequence[socket.socket]) -> None:
        self._job = (loaded.reference, loaded.from_factory, settings)
        self._sockets = sockets
        # A signal handler must not touch the workers while they are being replaced: it only writes here.
        self._heard, self._told = multiprocessing.Pipe(duplex=False)

    def run(self) -> int:
        """Serve until told to stop or until an application cannot start, and return the exit status."""
        workers = [self._start(listening) for listening in self._sockets]
        status = 0
        while not status:
            ready = wait([self._heard, *(worker.process.sentinel for worker in workers)])
            if self._heard in ready:
                break
            status = self._replace_dead(workers)
        return max(status, self._finish(workers))

    def stop(self) -> None:
        """Let every worker end its requests, and then end."""
        self._told.send_bytes(b"stop")

    def force(self) -> None:
        """Let every worker end now."""
        self._told.send_bytes(FORCE)

    def _start(self, listening: socket.socket) -> Worker:
        theirs, ours = multiprocessing.Pipe(duplex=False)
        process = _spawn.Process(target=work, args=(*self._job, listening, theirs))
        process.start()
        theirs.close()
        return Worker(process, ours)

    def _replace_dead(self, workers: list[Worker]) -> int:
        """Start a successor for each worker that has died; return the status when there must be none."""
        for index, worker in enumerate(workers):
            status = worker.process.exitcode
            if status is None:
                continue
            worker.pipe.close()
            if status == STARTUP_FAILED:
                return STARTUP_FAILED
            admit_again(self._sockets[index])  # A worker that was told to stop by itself has closed it to newcomers.
            workers[index] = self._start(self._sockets[index])
            logger.error(
                "worker %s ended with %s; worker %s replaces it",
                worker.process.pid,
                status,
                workers[index].process.pid,
            )
        return 0

    def _finish(self, workers: Sequence[Worker]) -> int:
        """Tell every worker to stop, wait for them, and return the worst of their statuses."""
        for listening in self._sockets:
            # Before the workers are told: whoever connects from here on is taken by them, or refused.
            listening.close()
        for worker in workers:
            _tell(worker, b"stop")
        while waiting := [worker for worker in workers if worker.process.is_alive()]:
            ready = wait([self._heard, *(worker.process.sentinel for worker in waiting)])
            if self._heard in ready and self._heard.recv_bytes() == FORCE:
                for worker in waiting:
                    _tell(worker, FORCE)
        # Killed by a signal is a negative status.
        return max(1 if (worker.process.exitcode or 0) < 0 else worker.process.exitcode or 0 for worker in workers)


def _tell(worker: Worker, message: bytes) -> None:
    with contextlib.suppress(OSError):  # It has ended, or its pipe is closed, a moment ago.
        worker.pipe.send_bytes(message)


def work(reference: str, factory: bool, settings: Settings, listening: socket.socket, pipe: Connection) -> None:
    """Be a worker: what its process runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        configs = make_configs(load_again(reference, factory=factory), settings, 1)
    except CommandError as exc:
        print(f"{exc.details}hawkapi: {exc}", file=sys.stderr)  # noqa: T201
        sys.exit(STARTUP_FAILED)
    crew = Crew(configs, [listening])

    def stop(_: int, __: FrameType | None) -> None:
        crew.stop()

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=_obey, args=(crew, pipe), daemon=True).start()
    sys.exit(crew.run())


def _obey(crew: Crew, pipe: Connection) -> None:
    """Stop the servers when the supervisor says so, or has gone."""
    try:
        while pipe.recv_bytes() != FORCE:
            crew.stop()
    except (EOFError, OSError):
        crew.stop()
    else:
        crew.force()
