"""Documents that are made while routes come and go."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from apps import NO_PROBES, hello

from hawkapi import HawkAPI, WebSocket


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
