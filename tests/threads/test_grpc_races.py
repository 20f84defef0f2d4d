"""A gRPC mount is one object for many event loops; the servers here listen nowhere, so grpcio is not needed."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from loops import run_in_loops, run_in_threads
from rpcs import FakeServer, add_to_fake

from hawkapi import HawkAPI
from hawkapi.grpc import ConfigurationError, GrpcMount, GrpcOptions

pytestmark = pytest.mark.race

LOOPS = 8
ROUNDS = 30


def test_one_server_is_started_by_many_loops() -> None:
    """Of loops that start a mount at one moment, one makes the server, and all find it running."""
    for _ in range(ROUNDS):
        made: list[FakeServer] = []

        def make(made: list[FakeServer] = made, **options: Any) -> FakeServer:
            made.append(FakeServer())
            return made[-1]

        mount = GrpcMount(GrpcOptions(port=5), make_server=make)
        everybody = threading.Barrier(LOOPS)

        async def start(index: int, mount: GrpcMount = mount, everybody: threading.Barrier = everybody) -> Any:
            await mount.start()
            server = mount.server
            # No loop may close before all have looked, for a server goes with its loop.
            await asyncio.to_thread(everybody.wait, 60)
            return server

        assert run_in_loops(LOOPS, start) == made * LOOPS
        assert len(made) == 1
        assert made[0].is_running


def test_a_servicer_is_served_or_refused() -> None:
    """A servicer that comes while the server starts is in it, or its mount is refused; none is left out silently."""
    for _ in range(ROUNDS):
        server = FakeServer()
        mount = GrpcMount(GrpcOptions(port=5), make_server=lambda server=server, **_: server)

        def act(index: int, mount: GrpcMount = mount) -> int | None:
            if index == 0:
                asyncio.run(mount.start())
                return None
            try:
                mount.add(index, add_to_fake)
            except ConfigurationError:
                return None
            return index

        added = [index for index in run_in_threads(LOOPS, act) if index is not None]
        assert sorted(server.servicers) == added


def test_servicers_mounted_from_many_threads() -> None:
    """Servicers of one port that are mounted at one moment share a mount, and none is lost."""
    pytest.importorskip("grpc.aio", reason="there are no wheels of it for this interpreter")
    for _ in range(5):
        app = HawkAPI()
        added: list[int] = []

        def act(index: int, app: HawkAPI = app, added: list[int] = added) -> GrpcMount:
            return app.mount_grpc(index, add_to_server=lambda servicer, _: added.append(servicer), port=0)

        [mount] = set(run_in_threads(LOOPS, act))
        asyncio.run(started_once(mount))
        assert sorted(added) == list(range(LOOPS))


async def started_once(mount: GrpcMount) -> None:
    """Start a mount, and stop it."""
    await mount.start()
    await mount.stop()
