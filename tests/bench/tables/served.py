"""Requests per second behind real servers, asked by wrk: granian with either interface, and uvicorn."""

from __future__ import annotations

import contextlib
import os
import random
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contenders import HERE, Contender, ContenderError, contenders
from drawn import VARIABLE
from grid import Grid
from plan import Plan, say
from results import Data, median_grid, names_in
from tables.base import Table

ROUNDS: Final = 5
"""At most."""
SECONDS: Final = 50
"""How many times longer than an in-process measurement wrk asks; at least one second, which is what it counts in."""
CONNECTIONS: Final = 16
STARTS_WITHIN_S: Final = 120
RATE: Final = re.compile(r"Requests/sec:\s+([\d.]+)")
FAILURES: Final = re.compile(r"(Non-2xx|Socket errors).*")
PATH: Final = "/json"


@dataclass(frozen=True)
class Served:
    """A contender behind a server."""

    contender: Contender
    server: str
    """`granian` or `uvicorn`."""
    interface: str = "asgi"
    """Of granian: `asgi` or `rsgi`."""

    @property
    def row(self) -> str:
        """Where its figure stands."""
        return f"{self.server}, {self.interface.upper()}" if self.server == "granian" else self.server

    def command(self, port: int) -> list[str | Path]:
        """Return the command line of its server: one worker, one loop of asyncio."""
        target = f"{self.contender.module}:app"
        program: list[str | Path] = [self.contender.python, "-m", self.server]
        address = ["--host", "127.0.0.1", "--port", str(port)]
        if self.server == "granian":
            options = ["--interface", self.interface, "--workers", "1", "--loop", "asyncio", "--no-ws"]
            return [*program, *address, *options, "--log-level", "warning", target]
        options = ["--workers", "1", "--loop", "asyncio", "--lifespan", "auto", "--no-access-log"]
        parser = "httptools" if has(self.contender, "httptools") else "h11"
        return [*program, *address, *options, "--http", parser, "--log-level", "warning", target]


def has(contender: Contender, module: str) -> bool:
    """Say whether a module is installed in a contender's environment."""
    code = f"import importlib.util as u; raise SystemExit(not u.find_spec({module!r}))"
    command = [str(contender.python), "-c", code]
    return subprocess.run(command, env=contender.environment(), check=False).returncode == 0


def speaks_rsgi(contender: Contender) -> bool:
    """Say whether the application of a contender can be served by RSGI."""
    if not contender.ours:
        return False
    paths = [str(HERE), str(HERE / "apps"), *map(str, contender.paths)]
    code = f"import sys; sys.path[:0] = {paths!r}; import ours; raise SystemExit(not hasattr(ours.app, '__rsgi__'))"
    return subprocess.run([contender.python, "-c", code], env=contender.environment(), check=False).returncode == 0


def subjects(plan: Plan) -> list[Served]:
    """Return everybody behind every server that is installed where they are."""
    found = [Contender("bare", "bare", plan.python), *contenders(plan)]
    served = []
    for server in ("granian", "uvicorn"):
        for contender in found:
            if has(contender, server):
                served.append(Served(contender, server))
                if server == "granian" and speaks_rsgi(contender):
                    served.append(Served(contender, server, "rsgi"))
            else:
                say(f"   {contender.name}: {server} is not in its environment")
    return served


@contextlib.contextmanager
def serving(served: Served, seed: int) -> Iterator[int]:
    """Give the port of a running server.

    Raises:
        ContenderError: it does not answer.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    paths = os.pathsep.join(map(str, [HERE, HERE / "apps", *served.contender.paths]))
    environment = served.contender.environment(PYTHONPATH=paths, **{VARIABLE: str(seed)})
    process = subprocess.Popen(served.command(port), env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(process, served, port)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(STARTS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], served: Served, port: int) -> None:
    """Return when a server answers.

    Raises:
        ContenderError: it ends, or takes too long.
    """
    ends = time.monotonic() + STARTS_WITHIN_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{PATH}", timeout=STARTS_WITHIN_S):
                return
        except urllib.error.HTTPError as exc:
            raise ContenderError(f"{served.contender.name} answers {exc.code} behind {served.row}") from exc
        except OSError:
            time.sleep(0.05)
    raise ContenderError(f"{served.contender.name} does not answer behind {served.row}; its own words are above")


def ask(wrk: Path, port: int, seconds: int) -> float:
    """Return requests per second.

    Raises:
        ContenderError: an answer is an error, or wrk fails.
    """
    url = f"http://127.0.0.1:{port}{PATH}"
    command = [str(wrk), "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rate, failures = RATE.search(done.stdout), FAILURES.search(done.stdout)
    if rate is None or failures is not None:
        raise ContenderError(f"{' '.join(command)}: {failures.group() if failures else done.stdout + done.stderr}")
    return float(rate.group(1))


def measure(plan: Plan) -> Data:
    """Return requests per second, one number for each round; all servers of a kind run at the same time, idle."""
    if plan.wrk is None:
        say("   there is no wrk, so nothing is served: put it on PATH, for example: apt-get install wrk")
        return {}
    seconds = max(1, round(plan.seconds * SECONDS))
    order = random.Random(plan.seed)  # noqa: S311 - the same order every time is what is wanted
    everybody = subjects(plan)
    data: dict[str, dict[str, list[float]]] = {}
    for row in dict.fromkeys(served.row.partition(",")[0] for served in everybody):
        with contextlib.ExitStack() as stack:
            group = [served for served in everybody if served.server == row]
            ports = {served: stack.enter_context(serving(served, plan.seed)) for served in group}
            for served in group:
                data.setdefault(served.row, {})[served.contender.name] = []
            rounds = plan.fewer(ROUNDS)
            for number in range(rounds):
                for served in order.sample(group, len(group)):
                    data[served.row][served.contender.name].append(ask(plan.wrk, ports[served], seconds))
                say(f"   {row}: round {number + 1} of {rounds}")
    return data


def grids(data: Data) -> Sequence[Grid]:
    """Return the medians."""
    unit = "requests per second"
    return [median_grid(data, names_in(data), name="served", title=unit, unit=unit)] if data else []


TABLE = Table(
    "served",
    "Behind servers",
    f"Requests per second to the `json` row, asked by wrk over {CONNECTIONS} connections for a second at a time: one "
    "process with one event loop, granian by ASGI and by RSGI, and uvicorn (with httptools where it has wheels).",
    measure,
    grids,
)
