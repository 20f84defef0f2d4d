"""`hawkapi run`: serve an application in production."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import hawkapi.codec as codec
from hawkapi.cli._application import Loaded, load
from hawkapi.cli._arguments import add_target, port_number, positive
from hawkapi.cli._errors import CommandError
from hawkapi.cli._gil import BUILT_WITHOUT_GIL, GilWatch, gil_enabled, watch
from hawkapi.cli._settings import Settings

DESCRIPTION: Final = (
    "Serve an application in production, until SIGINT or SIGTERM; a second signal does not wait for running requests. "
    "Exits with 0 after a graceful stop, 1 when a server failed, 3 when the application's start-up failed."
)
LOG_LEVELS: Final = ("critical", "error", "warning", "info", "debug", "trace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument(
        "--server",
        choices=("auto", "granian", "uvicorn"),
        default="auto",
        help="default: granian where it is installed and stops cleanly (not on free-threaded builds), else uvicorn",
    )
    parser.add_argument(
        "--interface",
        choices=("auto", "asgi", "rsgi"),
        default="auto",
        help="how granian talks to the application; default rsgi where it is faster and nothing is lost by it (no "
        "WebSockets, mounted applications and middleware), else asgi; uvicorn always uses asgi",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, default 127.0.0.1")
    parser.add_argument("--port", type=port_number, default=8000, help="port to listen on, default 8000; 0 for any")
    parser.add_argument("--unix-socket", type=Path, metavar="PATH", help="listen on a Unix socket instead")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes, default 1")
    parser.add_argument(
        "--threads",
        type=positive,
        default=1,
        metavar="N",
        help="threads with one event loop each and one application for all, default 1; for free-threaded builds",
    )
    parser.add_argument(
        "--gil",
        choices=("warn", "refuse", "ignore"),
        default="warn",
        help="what to do on a free-threaded build when an import has switched the GIL on, default warn",
    )
    _add_connection_arguments(parser)
    parser.add_argument("--access-log", action=argparse.BooleanOptionalAction, default=False, help="default off")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="of the server, default info")
    parser.add_argument(
        "--graceful-timeout",
        type=positive,
        default=10,
        metavar="SECONDS",
        help="how long running requests may take to end when the server stops, default 10",
    )


def _add_connection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ssl-certfile", type=Path, metavar="FILE", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--ssl-keyfile", type=Path, metavar="FILE", help="its key, where that is another file")
    parser.add_argument(
        "--proxy-headers",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="believe X-Forwarded-For and X-Forwarded-Proto of the proxies that --forwarded-allow-ips names",
    )
    parser.add_argument(
        "--forwarded-allow-ips",
        default="127.0.0.1,::1",
        metavar="LIST",
        help="addresses and networks of proxies, with commas, or *; default 127.0.0.1,::1",
    )
    parser.add_argument("--root-path", default="", metavar="PATH", help="what a proxy takes off the front of paths")
    parser.add_argument(
        "--backlog", type=positive, default=2048, metavar="N", help="connections that may wait, default 2048"
    )


def execute(options: argparse.Namespace) -> int:
    """Load the application, serve it, and return the exit status."""
    settings = _settings(options)
    server = choose_server(options.server)
    if settings.interface == "rsgi" and server != "granian":
        raise CommandError(f"--interface rsgi needs granian, and {server} serves; give --server granian", status=2)
    with watch() as gil:
        loaded = load(options.app, factory=options.factory)
    heed_gil(gil, options.gil, settings.threads)
    return _serve_granian(loaded, settings) if server == "granian" else _serve_uvicorn(loaded, settings)


def _settings(options: argparse.Namespace) -> Settings:
    if options.workers > 1 and options.threads > 1:
        raise CommandError("--workers and --threads exclude each other: processes, or threads of one process", status=2)
    if options.ssl_keyfile is not None and options.ssl_certfile is None:
        raise CommandError("--ssl-keyfile needs --ssl-certfile", status=2)
    return Settings(
        host=options.host,
        port=options.port,
        unix_socket=options.unix_socket and options.unix_socket.absolute(),
        workers=options.workers,
        threads=options.threads,
        ssl_certfile=options.ssl_certfile,
        ssl_keyfile=options.ssl_keyfile,
        forwarded_allow_ips=options.forwarded_allow_ips if options.proxy_headers else None,
        access_log=options.access_log,
        graceful_timeout_s=options.graceful_timeout,
        log_level=options.log_level,
        root_path=options.root_path,
        backlog=options.backlog,
        interface=options.interface,
    )


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def choose_server(
    wanted: str, installed: Callable[[str], bool] = is_installed, *, free_threaded: bool = BUILT_WITHOUT_GIL
) -> str:
    """Return the server to use.

    Raises:
        CommandError: it is not installed.
    """
    # COMPAT: granian 2.7.9, the last for 3.13t, panics on free-threaded builds when it stops, and lets clients wait.
    order = ("uvicorn", "granian") if free_threaded else ("granian", "uvicorn")
    for name in order if wanted == "auto" else (wanted,):
        if installed(name):
            return name
    if wanted == "auto":
        raise CommandError("no server is installed: pip install 'hawkapi[granian]' or 'hawkapi[uvicorn]'")
    raise CommandError(f"{wanted} is not installed: pip install 'hawkapi[{wanted}]'")


def heed_gil(gil: GilWatch, policy: str, threads: int) -> None:
    """Warn or refuse when the GIL is on and ought not to be.

    Raises:
        CommandError: it is, and the policy is to refuse.
    """
    if not gil.enabled or policy == "ignore" or (not gil.free_threaded and threads == 1):
        return
    turns = f", so {threads} threads take turns (--workers uses processes)" if threads > 1 else ""
    message = f"the GIL is on{turns}: {gil.reason()}"
    if policy == "refuse":
        raise CommandError(message)
    say(f"warning: {message}")


def say(text: str) -> None:
    """Print a line where servers write theirs."""
    print(f"hawkapi: {text}", file=sys.stderr, flush=True)  # noqa: T201


def summary(server: str, settings: Settings, port: int | None = None) -> str:
    """Return the one line that says what serves, where and how.

    Args:
        server: its name.
        settings: where and how.
        port: the one that was bound, where the settings leave it to the system.
    """
    if settings.threads > 1:
        shape = f"{settings.threads} threads"
    else:
        shape = "1 worker" if settings.workers == 1 else f"{settings.workers} workers"
    gil = "on" if gil_enabled() else "off"
    return f"{settings.url(port)} ({server}, {shape}, GIL {gil}, codec {codec.CODEC})"


def _serve_granian(loaded: Loaded, settings: Settings) -> int:
    from hawkapi.cli import _granian  # Only here: its server may not be installed.

    resolved = _granian.resolve(settings)
    say(summary("granian", settings, resolved.port))
    return _granian.serve(loaded, resolved)


def _serve_uvicorn(loaded: Loaded, settings: Settings) -> int:
    from hawkapi.cli._processes import Supervisor  # Only here: they import uvicorn, which may not be installed.
    from hawkapi.cli._sockets import bound_sockets
    from hawkapi.cli._threads import Crew, make_configs, on_stop_signals

    with bound_sockets(settings, max(settings.workers, settings.threads)) as sockets:
        servers: Crew | Supervisor
        if settings.workers > 1:
            servers = Supervisor(loaded, settings, sockets)
        else:
            servers = Crew(make_configs(loaded.app, settings, settings.threads), sockets)
        forced = on_stop_signals(servers.stop, servers.force)
        say(summary("uvicorn", settings, None if settings.unix_socket else sockets[0].getsockname()[1]))
        status = servers.run()
    number = forced()
    return status if number is None else 128 + number
