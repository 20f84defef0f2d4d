"""A process that holds one application and drives it when told to.

    python worker.py MODULE [PATH ...]

MODULE is one of `apps/`; the paths are where it finds its framework, before what its environment holds. Commands come
as lines of JSON on stdin, an answer to each goes to stdout: `{"check": ROW}` -> `"right"`, `"absent"` or what is wrong;
`{"measure": ROW, "requests": N}` -> seconds of one request, `[bare, app]`; `{"threads": ROW, "requests": N}` -> the
gain of a second thread, `[bare, app]`. The first line says what the process is. It ends with its stdin.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.metadata
import json
import os
import sys
from pathlib import Path
from typing import Any

import driver
from workloads import WORKLOADS

APPS = Path(__file__).parent / "apps"


def check(module: Any, row: str) -> str:
    """Compare the answer of a module's application with what is expected: `right`, `absent`, or what is wrong."""
    workload = WORKLOADS[row]
    if not hasattr(module, workload.app):
        return "absent"
    app = getattr(module, workload.app)
    status, body = asyncio.run(driver.ask(app, workload))
    if status == 404 != workload.status:
        return "absent"
    if not driver.is_right(workload, status, body):
        return f"{status} {body!r}"
    if b"World" not in body:
        return "right"
    name, module.NAME = module.NAME, "Somebody"
    try:
        _, body = asyncio.run(driver.ask(app, workload))
    finally:
        module.NAME = name
    return "right" if b"Somebody" in body else "an answer that the handler was not asked for"


def describe(module: Any) -> dict[str, Any]:
    """Return what this process is: its application, its Python, and which hawkapi, if any, runs how."""
    about: dict[str, Any] = {"module": module.__name__, "python": sys.version.split()[0]}
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


def answer(command: dict[str, Any], module: Any, bare: Any) -> Any:
    """Do what a command says and return the answer."""
    if "check" in command:
        return check(module, command["check"])
    row = command.get("measure") or command["threads"]
    workload, requests = WORKLOADS[row], int(command["requests"])
    app = getattr(module, workload.app)
    if "measure" in command:
        return driver.measure(bare, app, workload, requests)
    return [
        driver.in_threads(each, workload, requests, 2) / driver.in_threads(each, workload, requests, 1)
        for each in (bare, app)
    ]


def main() -> int:
    """Answer commands until there are no more."""
    name, *paths = sys.argv[1:]
    # What an application prints must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:0] = [str(APPS), *paths]
    module = importlib.import_module(name)
    bare = importlib.import_module("bare").app
    print(json.dumps(describe(module)), file=answers, flush=True)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), module, bare)), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
