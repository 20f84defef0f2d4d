"""What a framework adds to a request, without a server: costs above a bare ASGI callable, in one interleaved run.

    nox -s bench -- [--rounds 15] [--requests 2000]

Every application answers the same requests. A round drives each of them in turn, so that a change of the machine's
speed meets all alike; a row shows the median over the rounds. Only ratios mean anything: the cost above the bare
callable, divided by the cost of hawkapi above the bare callable; and, on free-threaded builds, how much faster two
threads with a loop each are than one, as a part of what the bare callable gains.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
APPS = {"bare": "bare", "hawkapi": "ours", "starlette": "starlette_app", "falcon": "falcon_app"}
WORKLOADS: dict[str, tuple[str, str, bytes, bytes]] = {
    "plaintext": ("GET", "/plaintext", b"", b""),
    "json": ("GET", "/json", b"", b""),
    "path": ("GET", "/users/42", b"", b""),
    "query": ("GET", "/search", b"q=hawk&limit=5", b""),
    "body": ("POST", "/items", b"", b'{"name":"hat","price":12.5,"count":3}'),
}


def make_scope(method: str, path: str, query: bytes, body: bytes) -> dict[str, Any]:
    """Return the scope that a server would make."""
    headers = [(b"host", b"127.0.0.1"), (b"user-agent", b"bench"), (b"accept", b"*/*")]
    if body:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }


async def drive(app: Any, workload: str, requests: int) -> float:
    """Send requests one after the other; return the seconds that one took."""
    method, path, query, body = WORKLOADS[workload]
    # Made by the thread that uses them: threads that share objects would measure how they contend for these.
    template = make_scope(method, path, query, body)
    message = {"type": "http.request", "body": body, "more_body": False}

    async def receive() -> dict[str, Any]:
        return message

    async def send(message: dict[str, Any]) -> None:
        pass

    started = time.perf_counter()
    for _ in range(requests):
        await app(template.copy(), receive, send)
    return (time.perf_counter() - started) / requests


async def check(name: str, app: Any, workload: str, expected: Any) -> None:
    """Make sure that an application gives the right answer before its speed is looked at."""
    method, path, query, body = WORKLOADS[workload]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(make_scope(method, path, query, body), receive, send)
    answer = b"".join(message.get("body", b"") for message in sent)
    right = answer == expected if workload == "plaintext" else json.loads(answer) == json.loads(expected)
    if sent[0]["status"] != 200 or not right:
        raise SystemExit(f"{name} answers {workload} with {sent[0]['status']} {answer!r}")


def in_threads(app: Any, workload: str, requests: int, threads: int) -> float:
    """Return requests per second of several threads with a loop each, started together."""
    barrier = threading.Barrier(threads + 1)

    def work() -> None:
        async def main() -> None:
            await drive(app, workload, 50)
            barrier.wait()
            await drive(app, workload, requests)
            barrier.wait()

        asyncio.run(main())

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    barrier.wait()
    started = time.perf_counter()
    barrier.wait()
    seconds = time.perf_counter() - started
    for worker in workers:
        worker.join()
    return threads * requests / seconds


def measure_costs(apps: dict[str, Any], rounds: int, requests: int) -> None:
    """Print, for each workload, what each framework costs in units of hawkapi's cost."""
    names = [name for name in apps if name != "bare"]
    print(f"{'cost above the bare callable':<30}" + "".join(f"{name:>12}" for name in names))
    for workload in WORKLOADS:
        seconds: dict[str, list[float]] = {name: [] for name in apps}
        for _ in range(rounds):
            for name, app in apps.items():
                seconds[name].append(asyncio.run(drive(app, workload, requests)))
        costs = {
            name: statistics.median(mine - bare for mine, bare in zip(seconds[name], seconds["bare"], strict=True))
            for name in names
        }
        print(f"{workload:<30}" + "".join(f"{costs[name] / costs['hawkapi']:>11.2f}x" for name in names), flush=True)


def measure_threads(apps: dict[str, Any], rounds: int, requests: int) -> None:
    """Print, for each workload, the gain of a second thread relative to the bare callable's."""
    names = [name for name in apps if name != "bare"]
    print(f"{'gain of a second thread':<30}" + "".join(f"{name:>12}" for name in names) + f"{'bare itself':>14}")
    for workload in WORKLOADS:
        gains: dict[str, list[float]] = {name: [] for name in apps}
        for _ in range(rounds):
            for name, app in apps.items():
                one = in_threads(app, workload, requests, 1)
                gains[name].append(in_threads(app, workload, requests, 2) / one)
        bare = statistics.median(gains["bare"])
        row = "".join(f"{statistics.median(gains[name]) / bare:>11.2f}x" for name in names)
        print(f"{workload:<30}{row}{bare:>13.2f}x", flush=True)


def main() -> int:
    """Print the tables of this interpreter."""
    parser = argparse.ArgumentParser(description="Measure what frameworks add to a request, in one process.")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds (default 15)")
    parser.add_argument("--requests", type=int, default=2000, help="requests per round and application (default 2000)")
    options = parser.parse_args()
    sys.path[:0] = [str(HERE / "apps"), str(HERE.parent.parent)]
    apps = {name: importlib.import_module(module).app for name, module in APPS.items()}
    bare = importlib.import_module("bare").ANSWERS
    for workload, (_, path, _, _) in WORKLOADS.items():
        for name, app in apps.items():
            asyncio.run(check(name, app, workload, bare[path][1]))
    free_threaded = not getattr(sys, "_is_gil_enabled", lambda: True)()
    gc.freeze()
    print(f"\n{sys.version.split()[0]}{'t' if free_threaded else ''}, {options.rounds} rounds of {options.requests}")
    measure_costs(apps, options.rounds, options.requests)
    if free_threaded:
        measure_threads(apps, max(3, options.rounds // 3), options.requests)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
