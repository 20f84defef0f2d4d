"""Documents that are made while routes come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from apps import NO_PROBES, hello
from asgi import call
from loops import run_in_loops, run_in_threads

from hawkapi import HawkAPI, Middleware, Router, WebSocket
from hawkapi._threading import ShardedCounter


def add_request(app: HawkAPI, number: int) -> None:
    """Register what OpenAPI describes."""
    app.get(f"/{number}")(hello)


def add_websocket(app: HawkAPI, number: int) -> None:
    """Register what AsyncAPI describes."""

    @app.websocket(f"/{number}", name=f"socket{number}")
    async def handler(ws: WebSocket) -> None: ...


@pytest.mark.race
@pytest.mark.parametrize(
    ("add", "count"),
    [
        pytest.param(add_request, lambda app: len(app.openapi()["paths"]), id="openapi"),
        pytest.param(add_websocket, lambda app: len(app.asyncapi()["channels"]), id="asyncapi"),
    ],
)
def test_document_while_routes_are_registered(
    add: Callable[[HawkAPI, int], None], count: Callable[[HawkAPI], int]
) -> None:
    """Every document is one of a moment, and the last has all routes."""
    app, barrier = HawkAPI(**NO_PROBES), threading.Barrier(4)

    def register() -> None:
        barrier.wait(30)
        for number in range(50):
            add(app, number)

    def read() -> None:
        barrier.wait(30)
        counts = [count(app) for _ in range(20)]
        assert counts == sorted(counts)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for work in (register, read, read, read)]:
            future.result(60)
    assert count(app) == 50


class Makings:
    """Counts the documents that are made."""

    def __init__(self) -> None:
        self.count = ShardedCounter()

    def on_schema_generated(self, spec: dict[str, Any]) -> None:
        self.count.add()


@pytest.mark.race
def test_documents_that_are_made_together_are_all_kept() -> None:
    """Threads that ask for a version each make one document each; whoever asks afterwards finds them all."""
    app, makings, barrier = HawkAPI(**NO_PROBES), Makings(), threading.Barrier(4)
    app.add_plugin(makings)
    versions = ["v1", "v2", "v3", "v4"]
    for version in versions:
        app.get("/thing", version=version)(hello)

    def ask(index: int) -> None:
        for number in range(50):
            barrier.wait(30)
            if index == 0:
                app.get(f"/{number}")(hello)
            barrier.wait(30)
            app.openapi(versions[index])
            barrier.wait(30)
            for version in versions:
                app.openapi(version)

    run_in_threads(4, ask)
    assert makings.count.value == 50 * len(versions)


@pytest.mark.race
def test_document_after_a_registration_of_ones_own() -> None:
    """Whoever registers, replaces or removes sees that in the next document, and a router always as a whole."""
    app = HawkAPI(**{**NO_PROBES, "openapi_url": "/openapi.json"})

    def router(prefix: str, *names: str) -> Router:
        made = Router(prefix=prefix)
        for name in names:
            made.get(f"/{name}", name=f"{prefix}{name}")(hello)
        return made

    async def paths() -> set[str]:
        found = set((await call(app, "GET", "/openapi.json")).json()["paths"])
        assert all((path[:-1] + "b" in found) == (path[:-1] + "a" in found) for path in found)
        return found

    async def main(index: int) -> None:
        for number in range(10):
            prefix = f"/{index}/{number}"
            old, new = router(prefix, "a", "b"), router(prefix, "c", "d")
            app.include_router(old)
            assert {f"{prefix}/a", f"{prefix}/b"} <= await paths()
            app.add_plugin(object())
            app.replace_router(old, new)
            assert {path for path in await paths() if path.startswith(f"{prefix}/")} == {f"{prefix}/c", f"{prefix}/d"}
            if number == 5:
                app.add_middleware(Middleware)
            app.remove_route(f"{prefix}/c")
            app.remove_route(f"{prefix}/d")
            assert not any(path.startswith(f"{prefix}/") for path in app.openapi()["paths"])

    run_in_loops(8, main)
    assert app.openapi()["paths"] == {}
