"""Real servers in processes of their own, on free loopback ports, whose logs are read when they have stopped."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from subprocesses import environment

STOP_TIMEOUT_S = 30.0
"""How long a server may take to stop; it has ended its requests by then, or hangs."""

START_TIMEOUT_S = 60.0

FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether the GIL is off. COMPAT: granian 2.7.9 panics there when it stops, whatever it serves, so its last words are
not judged."""

ON_PURPOSE = "on purpose"
"""What the text of every exception says that a test application raises by intent."""

_EXCEPTION_LINE = re.compile(r"^(?:\s*\|\s*)?(?:\w+\.)*\w*(?:Error|Exception|Disconnect|Warning|Interrupt|Group)\b")
_COMPLAINTS = (
    "was destroyed but it is pending",
    "was never awaited",
    "never retrieved",
    "Fatal Python error",
    "panick",
)


@dataclass(frozen=True)
class Served:
    """A server that is running."""

    kind: str
    address: tuple[str, int]
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def leaves_clients_waiting(self) -> bool:
        """Whether connections stay open, in silence, that an application gives up or whose body it does not read.

        COMPAT: granian 2.7.9 does so on free-threaded builds, whatever it serves.
        """
        return self.kind.startswith("granian") and FREE_THREADED

    def has_to_end_connections(self) -> None:
        """Skip a test that would wait for the end of a connection in vain."""
        if self.leaves_clients_waiting:
            pytest.skip("granian 2.7.9 leaves such a connection open on free-threaded builds, whatever it serves")

    def resident_bytes(self) -> int:
        """Return how much memory the process that serves has now, its workers included."""
        return sum(resident_bytes(pid) for pid in family(self.process.pid))

    def peak_bytes(self) -> int:
        """Return the most memory that the process ever had, its workers included."""
        return sum(resident_bytes(pid, "VmHWM") for pid in family(self.process.pid))


def can_serve(kind: str) -> bool:
    """Whether the packages of a kind of server are installed."""
    modules = {
        "uvicorn": ["uvicorn"],
        "httptools": ["uvicorn", "httptools"],
        "websockets": ["uvicorn", "websockets"],
        "wsproto": ["uvicorn", "wsproto"],
        "granian": ["granian"],
        "granian-rsgi": ["granian"],
        "granian-ws": ["granian"],
    }[kind]
    return all(importlib.util.find_spec(name) for name in modules)


@contextmanager
def serve(kind: str, place: Path, application: str, *, python: str | None = None, **variables: str) -> Iterator[Served]:
    """Serve an application until the block ends; the server must stop by itself and have nothing to complain about.

    Args:
        kind: `uvicorn` (h11), `httptools` (uvicorn with that parser) or `granian`; with WebSockets `websockets`,
            `wsproto` (uvicorn with these implementations) or `granian-ws`.
        place: the directory of the module.
        application: `module:attribute`.
        python: the interpreter that runs uvicorn, default this one.
        variables: environment variables to set.

    Raises:
        AssertionError: the log tells of an exception that was not on purpose, or the server had to be killed.
    """
    with tempfile.TemporaryDirectory(prefix="hawkapi-served-") as scratch:
        log = Path(scratch, "log")
        with log.open("wb") as stream:
            if kind.startswith("granian"):
                serving = _granian(kind, place, application, stream, variables)
            else:
                serving = _uvicorn(kind, place, application, stream, variables, python or sys.executable)
            with serving as (address, process):
                yield Served(kind, address, process, log)
                text = log.read_text("utf-8", "replace")
        if not kind.startswith("granian") or not FREE_THREADED:
            text = log.read_text("utf-8", "replace")
        found = complaints(text)
        assert not found, f"the server said {found}; its log:\n{text}"


@contextmanager
def listening_process(
    command: Sequence[str], stream: IO[bytes], variables: dict[str, str], sockets: int = 1
) -> Iterator[tuple[list[tuple[str, int]], subprocess.Popen[bytes]]]:
    """Run a command with listening sockets, whose numbers are appended to it; stop it at the end.

    The sockets listen before the process runs, so a client that comes early waits in their queues.
    """
    opened = [socket.create_server(("127.0.0.1", 0), backlog=256) for _ in range(sockets)]
    for listening in opened:
        # Connections inherit it. asyncio sets it only where it knows the protocol, which it does not of a descriptor.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    try:
        numbers = [listening.fileno() for listening in opened]
        addresses = [listening.getsockname() for listening in opened]
        with running([*command, *map(str, numbers)], stream, variables, numbers) as process:
            yield addresses, process
    finally:
        for listening in opened:
            listening.close()


@contextmanager
def running(
    command: Sequence[str],
    stream: IO[bytes],
    variables: dict[str, str],
    descriptors: Sequence[int] = (),
    *,
    may_get_stuck: bool = False,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process and stop it as a service manager does, with SIGTERM; one that may get stuck is killed then."""
    # Elsewhere, because some servers put the current directory on the path, and hawkapi may be in it.
    with (
        tempfile.TemporaryDirectory(prefix="hawkapi-cwd-") as elsewhere,
        subprocess.Popen(
            command,
            env=environment(**variables),
            pass_fds=descriptors,
            stdout=stream,
            stderr=stream,
            cwd=elsewhere,
            process_group=0,
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5 if may_get_stuck else STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # With the workers it has started.
            if not may_get_stuck:
                raise AssertionError(f"the server did not stop within {STOP_TIMEOUT_S:.0f} s") from None


@contextmanager
def _uvicorn(
    kind: str, place: Path, application: str, stream: IO[bytes], variables: dict[str, str], python: str
) -> Iterator[tuple[tuple[str, int], subprocess.Popen[bytes]]]:
    parser = "httptools" if kind == "httptools" else "h11"
    sockets = {"websockets": "websockets-sansio", "wsproto": "wsproto"}.get(kind, "none")
    options = ["--http", parser, "--lifespan", "on", "--no-access-log", "--log-level", "warning", "--ws", sockets]
    module = ["-P", "-W", "error", "-m", "uvicorn", application, "--app-dir", str(place)]
    command = [python, *module, *options, "--loop", "asyncio", "--timeout-graceful-shutdown", "10", "--fd"]
    with listening_process(command, stream, variables) as (addresses, process):
        yield addresses[0], process


@contextmanager
def _granian(
    kind: str, place: Path, application: str, stream: IO[bytes], variables: dict[str, str]
) -> Iterator[tuple[tuple[str, int], subprocess.Popen[bytes]]]:
    address = free_address()
    interface = "rsgi" if kind == "granian-rsgi" else "asgi"
    options = ["--interface", interface, "--workers", "1", "--http", "1", "--loop", "asyncio"]
    options.append("--ws" if kind == "granian-ws" else "--no-ws")
    where = ["--host", address[0], "--port", str(address[1]), "--log-level", "warning", "--no-access-log"]
    module = ["-P", "-m", "granian", application, "--working-dir", str(place)]
    # granian 2.7.9 does not always stop when a response was sent before the body of the request was read: with an
    # application that is nothing but such a response, it did not in two of eight runs.
    command = [sys.executable, *module, *options, *where]
    with running(command, stream, variables, may_get_stuck=True) as process:
        wait_until_listening(address, process)
        yield address, process


def free_address() -> tuple[str, int]:
    """Return an address for a server that takes a port and not a socket.

    Below the ports that the system gives to clients: one of these, waiting for the server, could connect to itself.
    """
    while True:
        address = ("127.0.0.1", 10_000 + secrets.randbelow(20_000))
        with suppress(OSError), socket.create_server(address):
            return address


def wait_until_listening(address: tuple[str, int], process: subprocess.Popen[bytes]) -> None:
    """Wait until a server accepts connections."""
    for _ in range(int(START_TIMEOUT_S / 0.1)):
        try:
            socket.create_connection(address, timeout=1).close()
        except ConnectionRefusedError:
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"the server ended with {process.returncode}") from None
        else:
            return
    raise AssertionError(f"nothing listens on {address}")


def complaints(log: str) -> list[str]:
    """Return the lines of a log that tell of what no test intended."""
    return [
        line
        for line in log.splitlines()
        if (_EXCEPTION_LINE.match(line) or any(text in line for text in _COMPLAINTS)) and ON_PURPOSE not in line
    ]


def family(pid: int) -> list[int]:
    """Return a process and all that it started."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text("ascii").split()
    ]
    return [pid, *(member for child in children for member in family(child))]


def resident_bytes(pid: int, what: str = "VmRSS") -> int:
    """Return the memory of a process, in bytes, as Linux counts it."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) * 1024
    raise AssertionError(f"/proc/{pid}/status has no {what}")
