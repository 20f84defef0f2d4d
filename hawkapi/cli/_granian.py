"""Serve with granian, which has its own processes, threads, sockets and signals.

granian 2.7.9 answers the requests that are running when it stops, and resets connections that are idle, on which a
request may be on its way, or that wait to be accepted. So the stop is announced first: for `LINGER_S` nobody new is
admitted (on Linux, see `_admission.py`), responses say `Connection: close`, and event streams end: granian would wait
for them, and then kill the worker without the application's shutdown.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

from hawkapi.cli._admission import admit_nobody_new
from hawkapi.cli._announcing import announcing
from hawkapi.cli._application import Loaded, load_again
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL
from hawkapi.cli._settings import Settings
from hawkapi.cli._sockets import bound_sockets
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["resolve", "serve"]

LINGER_S: Final = 1.0
"""How long a stop is announced: longer than a client's round trip."""
LOOK_INTERVAL_S: Final = 0.1
"""How often an event stream looks whether a stop was announced."""


def resolve(settings: Settings) -> Settings:
    """Return the settings with an address in numbers, which is all that granian takes, after a look whether it is free.

    granian ends with a traceback of its own for one that it cannot use. A port of 0 is chosen here.

    Raises:
        CommandError: an option is not for this server; the address cannot be used.
    """
    _check(settings)
    with bound_sockets(settings, 1) as sockets:
        if settings.unix_socket is not None:
            return settings
        host, port, *_ = sockets[0].getsockname()
    return dataclasses.replace(settings, host=host, port=port)


def serve(loaded: Loaded, settings: Settings) -> int:
    """Serve until a signal ends it, and return the exit status.

    granian's workers are processes on builds with the GIL, and threads with one event loop each on free-threaded
    builds, where all of them serve the application that this process has loaded.

    Args:
        loaded: the application.
        settings: as `resolve` returns them.

    Raises:
        CommandError: the certificate cannot be used, or an option.
    """
    from granian import Granian  # Only this command needs it.
    from granian.errors import ConfigurationError

    stopping = multiprocessing.get_context("spawn").RawValue("b", 0)
    try:
        server = Granian(loaded.reference, **_options(loaded.app, settings))
        _announce_stops(server, stopping)
        server.serve(target_loader=_loader(loaded, settings, stopping), wrap_loader=False)
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else 1
    except (ConfigurationError, OSError) as exc:
        key = f" with the certificate {settings.ssl_certfile} and the key {settings.ssl_keyfile}"
        secured = "" if settings.ssl_certfile is None else key
        raise CommandError(f"granian cannot serve on {settings.url()}{secured}: {exc}") from exc
    return 0


def _check(settings: Settings) -> None:
    if settings.threads > 1 and not BUILT_WITHOUT_GIL:
        raise CommandError(
            "granian has no threads on builds with the GIL; use --workers, or --server uvicorn", status=2
        )
    if settings.workers > 1 and BUILT_WITHOUT_GIL:
        raise CommandError(
            "granian's workers are threads on free-threaded builds; use --threads, or --server uvicorn", status=2
        )
    if settings.ssl_certfile is not None and settings.ssl_keyfile is None:
        raise CommandError("granian needs the key in a file of its own: give --ssl-keyfile", status=2)


def _options(app: Any, settings: Settings) -> dict[str, Any]:
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    return {
        "address": settings.host,
        "port": settings.port,
        "uds": settings.unix_socket,
        "uds_permissions": 0o666,
        "interface": Interfaces.RSGI if hasattr(app, "__rsgi__") else Interfaces.ASGI,
        "workers": max(settings.threads, settings.workers),
        "loop": Loops.auto,
        "backlog": settings.backlog,
        "log_level": LogLevels("info" if settings.log_level == "trace" else settings.log_level),
        "log_access": settings.access_log,
        "ssl_cert": settings.ssl_certfile,
        "ssl_key": settings.ssl_keyfile,
        "url_path_prefix": settings.root_path or None,
        "workers_kill_timeout": settings.graceful_timeout_s or None,
        "respawn_failed_workers": not BUILT_WITHOUT_GIL,
    }


def _announce_stops(server: Any, stopping: Any) -> None:
    """Let SIGTERM announce the stop; a second one, and SIGINT, stop at once.

    Ctrl+C reaches the workers, too. They end then, and would be replaced while the stop is only announced.
    """
    stop: Callable[[], None] = server.signal_handler_interrupt

    def handle(number: int, _: object) -> None:
        if stopping.value or number == signal.SIGINT:
            stop()
            return
        stopping.value = 1
        # granian has no public name for it.
        if server._sfd is not None:
            with socket.socket(fileno=os.dup(server._sfd)) as listening:
                admit_nobody_new(listening)
        timer = threading.Timer(LINGER_S, stop)
        timer.daemon = True
        timer.start()

    server.signal_handler_interrupt = handle


def _loader(loaded: Loaded, settings: Settings, stopping: Any) -> functools.partial[Any]:
    """Return what gives a worker its application; picklable where workers are processes."""
    if BUILT_WITHOUT_GIL:
        return functools.partial(_wrapped, loaded.app, settings.forwarded_allow_ips, stopping)
    return functools.partial(_import, loaded.reference, loaded.from_factory, settings.forwarded_allow_ips, stopping)


def _import(reference: str, factory: bool, trusted: str | None, stopping: Any) -> Any:
    return _wrapped(load_again(reference, factory=factory), trusted, stopping)


def _wrapped(app: Any, trusted: str | None, stopping: Any) -> Any:
    return _closing(announcing(_trusting(app, trusted), _Announcement(stopping)), stopping)


class _Announcement:
    """A stop that another process announces."""

    def __init__(self, stopping: Any) -> None:
        self._stopping = stopping

    async def wait(self) -> None:
        while not self._stopping.value:  # noqa: ASYNC110 - it is set by another process.
            await asyncio.sleep(LOOK_INTERVAL_S)


def _closing(app: ASGIApp, stopping: Any) -> ASGIApp:
    """Let the responses of an application say `Connection: close` when a stop was announced."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if not stopping.value or scope["type"] != "http":
            await app(scope, receive, send)
            return

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await app(scope, receive, send_and_close)

    return serve


def _trusting(app: Any, trusted: str | None) -> Any:
    """Let an application believe the `X-Forwarded-*` fields of some clients."""
    if trusted is None:
        return app
    proxies: Any = importlib.import_module("granian.utils.proxies")  # It has no types.
    return proxies.wrap_asgi_with_proxy_headers(app, trusted_hosts=trusted)
