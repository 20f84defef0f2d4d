"""Documents that are made while routes come and go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from apps import NO_PROBES, hello

from hawkapi import HawkAPI


@pytest.mark.race
def test_document_while_routes_are_registered() -> None:
    """Every document is one of a moment, and the last has all routes."""
    app, barrier = HawkAPI(**NO_PROBES), threading.Barrier(4)

    def register() -> None:
        barrier.wait(30)
        for number in range(50):
            app.get(f"/{number}")(hello)

    def read() -> None:
        barrier.wait(30)
        counts = [len(app.openapi()["paths"]) for _ in range(20)]
        assert counts == sorted(counts)

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work) for work in (register, read, read, read)]:
            future.result(60)
    assert len(app.openapi()["paths"]) == 50
