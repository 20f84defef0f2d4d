"""The listening sockets of `hawkapi run`: one for each event loop.

On Linux each gets a socket of its own for one port (SO_REUSEPORT), and the kernel spreads connections over them. One
that all share would not do: asyncio accepts whatever waits whenever it wakes, so the first loop would take a whole
burst. Elsewhere the option spreads nothing or means something else, so there, and for Unix sockets, loops share one.

The sockets are bound and do not listen yet: a server makes them when its application has started, so that nobody
connects to one that is not ready.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hawkapi.cli._errors import CommandError
from hawkapi.cli._settings import Settings

__all__ = ["bound_sockets"]


@contextmanager
def bound_sockets(settings: Settings, count: int) -> Generator[list[socket.socket]]:
    """Bind what the settings name, once for each of `count` loops; the file of a Unix socket is removed at the end.

    Raises:
        CommandError: the address is taken, unknown or forbidden.
    """
    path = settings.unix_socket
    sockets = _bind_port(settings.host, settings.port, count) if path is None else _shared(_bind_path(path), count)
    try:
        yield sockets
    finally:
        # The servers have closed theirs when they stopped, and not when they could not start.
        for each in sockets:
            each.close()
        if path is not None:
            path.unlink(missing_ok=True)


def _bind_port(host: str, port: int, count: int) -> list[socket.socket]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # Without SO_REUSEPORT, which would let a second server of the same user quietly take half of the connections.
        first = _listening_socket(family, address)
        if count == 1:
            return [first]
        if sys.platform != "linux":
            return _shared(first, count)
        address = first.getsockname()
        first.close()
        return [_listening_socket(family, address, reuse_port=True) for _ in range(count)]
    except OSError as exc:
        hint = "; another program uses it, choose a different --port" if exc.errno == errno.EADDRINUSE else ""
        raise CommandError(f"cannot listen on {host} port {port}: {exc.strerror or exc}{hint}") from exc


def _listening_socket(family: int, address: Any, *, reuse_port: bool = False) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # There it would let two programs have one port; here it only allows a restart while old connections end.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port and sys.platform == "linux":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _bind_path(path: Path) -> socket.socket:
    if sys.platform == "win32" or not hasattr(socket, "AF_UNIX"):
        raise CommandError("this system has no Unix sockets; use --host and --port")
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_abandoned(path)
        made.bind(str(path))
        # Whoever may enter the directory may connect: the reverse proxy usually runs as another user.
        path.chmod(0o666)
    except OSError as exc:
        made.close()
        raise CommandError(f"cannot listen on {path}: {exc.strerror or exc}") from exc
    made.setblocking(False)
    return made


def _remove_abandoned(path: Path) -> None:
    """Remove the socket of a server that was killed; anything else at its path stays.

    Raises:
        OSError: a server listens there.
    """
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) != errno.ECONNREFUSED:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    path.unlink()


def _shared(one: socket.socket, count: int) -> list[socket.socket]:
    # No further descriptor is kept: the queue of connections ends with the last of these, when all have emptied it.
    return [one, *(one.dup() for _ in range(count - 1))]
