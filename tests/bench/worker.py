"""A process that holds one application and drives it when told to.

    python worker.py MODULE [PATH ...]

MODULE is one of `apps/`; the paths are where it finds its framework, before what its environment holds. Commands come
as lines of JSON on stdin, an answer to each goes to stdout: `{"check": ROW}` -> `"right"`, `"absent"` or what is wrong;
`{"measure": ROW, "seconds": S}` -> CPU seconds of one request, `[bare, app]`, out of as many requests as take about S;
`{"threads": ROW, "count": N, "seconds": S}` -> how many times faster N threads are than one, `[bare, app]`. The first
line says what the process is. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import driver
from rows import WORKLOADS
from workloads import Workload

APPS: Final = Path(__file__).parent / "apps"


async def check(module: Any, row: str) -> str:
    """Compare the answer of a module's application with what is expected: `right`, `absent`, or what is wrong."""
    workload = WORKLOADS[row]
    if not hasattr(module, workload.app):
        return "absent"
    app = getattr(module, workload.app)
    try:
        status, body = await driver.ask(app, workload)
    except Exception as exc:  # noqa: BLE001 - whatever an application raises is not its answer
        return f"{type(exc).__name__}: {exc}"
    if status in {404, 405} and status != workload.status:
        return "absent"
    if not driver.is_right(workload, status, body):
        return f"{status} {body[:200]!r}"
    if b"World" not in body:
        return "right"
    name, module.NAME = module.NAME, "Somebody"
    try:
        _, body = await driver.ask(app, workload)
    finally:
        module.NAME = name
    return "right" if b"Somebody" in body else "an answer that the handler was not asked for"


def describe(module: Any) -> dict[str, Any]:
    """Return what this process is: its application, its Python, and which framework runs how."""
    about: dict[str, Any] = {"module": module.__name__, "python": sys.version.split()[0]}
    name = module.__name__.removesuffix("_app")
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        if name != module.__name__:
            about[name] = importlib.metadata.version(name)
    hawkapi = sys.modules.get("hawkapi")
    if hawkapi is not None:
        engine = sys.modules.get("hawkapi.http._query")
        about["hawkapi"] = version_of(hawkapi)
        about["compiled"] = engine is not None and not str(engine.__file__).endswith(".py")
        about["codec"] = os.environ.get("HAWKAPI_CODEC", "")
    return about


def version_of(hawkapi: Any) -> str:
    """Return the version of the distribution that holds the package, or of the checkout; 0.2.0 itself says 0.1.7."""
    place = Path(hawkapi.__file__).parent
    for found in importlib.metadata.distributions(name="hawkapi", path=[str(place.parent)]):
        return found.version
    return str(hawkapi.__version__)


class Worker:
    """Answers commands about one application and the bare callable."""

    def __init__(self, module: Any, bare: Any) -> None:
        self._module = module
        self._bare = bare
        self._enough: dict[tuple[str, float], int] = {}

    async def answer(self, command: dict[str, Any]) -> Any:
        """Do what a command says and return the answer."""
        if "check" in command:
            return await check(self._module, command["check"])
        row = command.get("measure") or command["threads"]
        workload = WORKLOADS[row]
        app = getattr(self._module, workload.app)
        requests = await self._requests(row, app, workload, float(command["seconds"]))
        if "measure" in command:
            return await driver.measure(self._bare, app, workload, requests)
        return await asyncio.to_thread(self._gains, app, workload, requests, int(command["count"]))

    async def _requests(self, row: str, app: Any, workload: Workload, seconds: float) -> int:
        """Return how many requests a measurement of a row takes: the same in every round."""
        if (row, seconds) not in self._enough:
            self._enough[row, seconds] = await driver.enough(app, workload, seconds)
        return self._enough[row, seconds]

    def _gains(self, app: Any, workload: Workload, requests: int, count: int) -> list[float]:
        return [
            driver.in_threads(each, workload, requests, count) / driver.in_threads(each, workload, requests, 1)
            for each in (self._bare, app)
        ]


def main() -> int:
    """Answer commands until there are no more."""
    name, *paths = sys.argv[1:]
    # What an application prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:0] = [str(APPS), *paths]
    module = importlib.import_module(name)
    worker = Worker(module, importlib.import_module("bare").app)
    # One loop for all requests but those of threads, as on a server.
    with asyncio.Runner() as runner:
        start = getattr(module, "start", None)
        if start is not None:
            runner.run(start())
        print(json.dumps(describe(module)), file=answers, flush=True)
        gc.collect()
        gc.freeze()
        for line in sys.stdin:
            print(json.dumps(runner.run(worker.answer(json.loads(line)))), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
