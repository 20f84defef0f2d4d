"""Serve one application on several event loops, one thread and one uvicorn server for each.

Signals are handled in the main thread, which serves nothing when there are several threads. The first SIGINT or SIGTERM
lets every server end its requests, a second one ends the connections as they are, a third the process. One server that
ends before it was told to ends the others: half a service that looks alive is worse than one that is restarted.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

import uvicorn

from hawkapi.app import HawkAPI
from hawkapi.cli._draining import DrainingServer
from hawkapi.cli._errors import CommandError
from hawkapi.cli._settings import Settings

__all__ = ["STARTUP_FAILED", "Crew", "make_configs", "on_stop_signals"]

STARTUP_FAILED: Final = 3
"""The exit status of an application whose start-up failed, as uvicorn has it."""

WAIT_S: Final = 0.5
"""The main thread waits no longer at a time, because on Windows a wait is deaf to signals."""
_BREAK: Final[tuple[signal.Signals, ...]] = tuple(number for number in signal.Signals if number.name == "SIGBREAK")
"""What a console on Windows sends for Ctrl+Break, and a supervisor there for a graceful stop."""

logger = logging.getLogger("uvicorn.error")


def make_configs(app: Any, settings: Settings, count: int) -> list[uvicorn.Config]:
    """Make the configurations of the servers of one application, which can then start without a surprise.

    Raises:
        CommandError: the certificate or its key cannot be used.
    """
    configs = [uvicorn.Config(app, **_options(app, settings, first=not index)) for index in range(count)]
    for config in configs:
        try:
            config.load()
        except OSError as exc:  # `ssl.SSLError` is one.
            raise CommandError(
                f"cannot use the certificate {settings.ssl_certfile} with the key "
                f"{settings.ssl_keyfile or settings.ssl_certfile}: {exc.strerror or exc}"
            ) from exc
    return configs


def _options(app: Any, settings: Settings, *, first: bool) -> dict[str, Any]:
    trusted = settings.forwarded_allow_ips
    options: dict[str, Any] = {
        "interface": "asgi3",
        # Other applications may do without lifespan; ours never does, and what it raises must not be swallowed.
        "lifespan": "on" if isinstance(app, HawkAPI) else "auto",
        "workers": 1,  # Not WEB_CONCURRENCY, which is for uvicorn's own supervisor.
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
        "proxy_headers": trusted is not None,
        "forwarded_allow_ips": trusted,
        "access_log": settings.access_log,
        "log_level": settings.log_level,
        "root_path": settings.root_path,
        "backlog": settings.backlog,
        "timeout_graceful_shutdown": settings.graceful_timeout_s,
    }
    # Logging belongs to the process.
    return options if first else {**options, "log_config": None, "log_level": None}


class Crew:
    """Servers that start and stop together.

    Thread-safe: `stop` and `force` may be called from any thread, and from signal handlers: they take no lock.
    """

    def __init__(self, configs: Sequence[uvicorn.Config], sockets: Sequence[socket.socket]) -> None:
        self._settled = threading.Event()
        """Set when the first server has started, or has ended."""
        self._servers = [DrainingServer(config, self._settled.set, self._ended) for config in configs]
        self._sockets = sockets
        # Each thread stores into its own place; the main thread reads them after it has joined the threads.
        self._statuses = [0] * len(configs)
        self._told = False

    def run(self) -> int:
        """Serve until everyone has stopped, and return the worst exit status: 0, 1 or `STARTUP_FAILED`."""
        if len(self._servers) == 1:
            # In the main thread, where libraries expect the only event loop.
            self._serve(0)
            return self._statuses[0]
        threads = [
            threading.Thread(target=self._serve, args=(index,), name=f"hawkapi-{index}")
            for index in range(len(self._servers))
        ]
        # The others follow when the first has started: a start-up that fails is tried, and reported, once.
        threads[0].start()
        while not self._settled.wait(WAIT_S):
            pass
        if not self._servers[0].should_exit:
            for thread in threads[1:]:
                thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(WAIT_S)
        return max(self._statuses)

    def stop(self) -> None:
        """Let every server end its requests, and then end."""
        self._told = True
        self._exit()

    def force(self) -> None:
        """Let every server end now."""
        for server in self._servers:
            server.should_exit = server.force_exit = True

    def _serve(self, index: int) -> None:
        try:
            self._servers[index].run(sockets=[self._sockets[index]])
            self._statuses[index] = 0 if self._told else 1
        except SystemExit as exc:
            self._statuses[index] = exc.code if isinstance(exc.code, int) else 1
        except BaseException:
            logger.exception("an event loop failed")
            self._statuses[index] = 1

    def _ended(self) -> None:
        self._settled.set()
        self._exit()

    def _exit(self) -> None:
        for server in self._servers:
            server.should_exit = True


def on_stop_signals(stop: Callable[[], None], force: Callable[[], None]) -> Callable[[], int | None]:
    """Handle SIGINT and SIGTERM (and SIGBREAK on Windows) until the process ends.

    Returns:
        A function that returns the number of the signal that forced the end, or `None`.
    """
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            stop()
            return
        force()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM, *_BREAK):
        signal.signal(number, handle)
    return lambda: received[1] if len(received) > 1 else None
