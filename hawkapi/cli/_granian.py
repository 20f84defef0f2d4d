"""Serve with granian, which has its own processes, threads, sockets and signals."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any

from hawkapi.cli._application import Loaded, load_again
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL
from hawkapi.cli._settings import Settings
from hawkapi.cli._sockets import bound_sockets

__all__ = ["resolve", "serve"]


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

    try:
        server = Granian(loaded.reference, **_options(loaded.app, settings))
        server.serve(target_loader=_loader(loaded, settings), wrap_loader=False)
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


def _loader(loaded: Loaded, settings: Settings) -> functools.partial[Any]:
    """Return what gives a worker its application; picklable where workers are processes."""
    if BUILT_WITHOUT_GIL:
        return functools.partial(_trusting, loaded.app, settings.forwarded_allow_ips)
    return functools.partial(_import, loaded.reference, loaded.from_factory, settings.forwarded_allow_ips)


def _import(reference: str, factory: bool, trusted: str | None) -> Any:
    return _trusting(load_again(reference, factory=factory), trusted)


def _trusting(app: Any, trusted: str | None) -> Any:
    """Let an application believe the `X-Forwarded-*` fields of some clients."""
    if trusted is None:
        return app
    proxies: Any = importlib.import_module("granian.utils.proxies")  # It has no types.
    return proxies.wrap_asgi_with_proxy_headers(app, trusted_hosts=trusted)
