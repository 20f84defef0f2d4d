"""Real Redis servers, on free loopback ports, that are stopped and started while something uses them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from servers import free_address, wait_until_listening

SECRET = "hidden:p@ss/word"  # noqa: S105 - of a server that only the tests can reach
QUOTED = "hidden%3Ap%40ss%2Fword"
STOP_TIMEOUT_S = 30.0


def redis_program() -> str:
    """Return the program that `HAWKAPI_REDIS_SERVER` names, as the nox sessions set it, or one that is found here."""
    given = os.environ.get("HAWKAPI_REDIS_SERVER")
    if given is not None:
        return given
    found = shutil.which("redis-server")
    if found is not None:
        return found
    try:
        # Here: the scripts of the checkout are not there when an installed wheel is tested.
        from programs import installed
    except ImportError:
        program = None
    else:
        program = installed("redis-server")
    if program is None:
        pytest.skip("there is no redis-server here; `nox -s tests` fetches one, or install it")
    return str(program)


class RedisServer:
    """One server, whose password is `SECRET`; it keeps nothing when it is stopped."""

    def __init__(self, place: Path) -> None:
        self._program = redis_program()
        self._place = place
        self._address = free_address()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, with its password."""
        return f"redis://:{QUOTED}@{self._address[0]}:{self._address[1]}/0"

    @property
    def label(self) -> str:
        """How it is called in messages."""
        return f"Redis at {self._address[0]}:{self._address[1]}"

    def start(self) -> None:
        """Start it, empty, at the same address each time, if it does not run."""
        if self._process is not None:
            return
        host, port = self._address
        command = [self._program, "--bind", host, "--port", str(port), "--dir", str(self._place), "--save", ""]
        command += ["--appendonly", "no", "--requirepass", SECRET]
        with (self._place / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, process_group=0)
        wait_until_listening(self._address, self._process)

    def stop(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Let it accept connections and answer nothing until the block ends."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def wait_for(self, condition: Callable[[], bool], within_s: float = 30) -> None:
        """Wait until something is so that nobody tells, as that Redis is used again."""
        for _ in range(int(within_s / 0.05)):
            if condition():
                return
            threading.Event().wait(0.05)
        pytest.fail(f"it did not happen within {within_s} seconds")

    def client(self) -> redis.Redis:
        """Return a client for a test's own questions."""
        return redis.Redis.from_url(self.url, decode_responses=True)


@contextmanager
def redis_server(place: Path) -> Iterator[RedisServer]:
    """Run a server until the block ends."""
    server = RedisServer(place)
    try:
        server.start()
        yield server
    finally:
        server.stop()
