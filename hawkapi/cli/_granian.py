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
from collections.abc import Callable, Coroutine
from typing import Any, Final

from hawkapi._rsgi.entry import RSGIEntry
from hawkapi._rsgi.protocols import RSGIScope
from hawkapi._rsgi.scopes import Surroundings
from hawkapi.app import HawkAPI
from hawkapi.cli._admission import admit_nobody_new
from hawkapi.cli._announcing import announcing
from hawkapi.cli._application import Loaded, load_again
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL
from hawkapi.cli._settings import Settings
from hawkapi.cli._sockets import bound_sockets
from hawkapi.types import STOP_EXTENSION, ASGIApp, Message, Receive, Scope, Send

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
        "interface": Interfaces(choose_interface(app, settings)),
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


def choose_interface(app: Any, settings: Settings) -> str:
    """Return the interface to use: `asgi` or `rsgi`.

    RSGI is faster where requests go straight to their routes. It cannot carry what WebSockets close with, and behind
    middleware, mounts and proxies the application's requests are translated to ASGI, which granian does faster.

    Raises:
        CommandError: the application has no such interface.
    """
    if settings.interface == "asgi" or (settings.interface == "auto" and not hasattr(app, "__rsgi__")):
        return "asgi"
    if not isinstance(app, HawkAPI):
        raise CommandError(f"--interface rsgi needs an application of hawkapi, not {type(app).__name__}", status=2)
    if settings.interface == "rsgi":
        return "rsgi"
    is_behind = settings.forwarded_allow_ips is not None or bool(settings.root_path)
    return "rsgi" if not is_behind and RSGIEntry.suits(app) else "asgi"


def _loader(loaded: Loaded, settings: Settings, stopping: Any) -> functools.partial[Any]:
    """Return what gives a worker its application; picklable where workers are processes."""
    wrap = functools.partial(
        _for_rsgi if choose_interface(loaded.app, settings) == "rsgi" else _for_asgi, settings, stopping
    )
    if BUILT_WITHOUT_GIL:
        return functools.partial(wrap, loaded.app)
    return functools.partial(_import, loaded.reference, loaded.from_factory, wrap)


def _import(reference: str, factory: bool, wrap: Callable[[Any], Any]) -> Any:
    return wrap(load_again(reference, factory=factory))


def _for_asgi(settings: Settings, stopping: Any, app: Any) -> Any:
    trusted = _trusting(app, settings.forwarded_allow_ips)
    return _closing(announcing(trusted, _Announcement(stopping)), stopping)


def _for_rsgi(settings: Settings, stopping: Any, app: HawkAPI) -> RSGIWorker:
    return RSGIWorker(settings, stopping, app)


class RSGIWorker:
    """An application as granian's RSGI workers get it; they call `__rsgi_init__` and `__rsgi_del__` around its use."""

    def __init__(self, settings: Settings, stopping: Any, app: HawkAPI) -> None:
        around = Surroundings(settings.root_path, extensions={STOP_EXTENSION: _Announcement(stopping)})
        trusted = _trusting(app, settings.forwarded_allow_ips)
        self._stopping = stopping
        self._serve = RSGIEntry(app, around, trusted).serve
        self._close = RSGIEntry(app, around, _closing(trusted, stopping)).serve
        self.__rsgi_init__ = app.__rsgi_init__
        self.__rsgi_del__ = app.__rsgi_del__

    # PERF: as in `announcing`, it returns what the application returns.
    def __rsgi__(self, scope: RSGIScope, protocol: Any) -> Coroutine[Any, Any, None]:
        """Serve one connection."""
        return (self._close if self._stopping.value else self._serve)(scope, protocol)


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
