"""Mounting gRPC servicers: when their servers run, and what is refused."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from lifespans import COMPLETE, LoopThread, run_events
from rpcs import Echo, FakeServer, add_to_server, ask

from hawkapi import GrpcMount, HawkAPI, TestClient
from hawkapi.grpc import ConfigurationError, GrpcOptions

HAS_GRPC = importlib.util.find_spec("grpc") is not None and hasattr(importlib.import_module("grpc"), "StatusCode")
needs_grpc = pytest.mark.skipif(not HAS_GRPC, reason="there are no wheels of grpcio for this interpreter")


def mounted(app: HawkAPI, **options: Any) -> GrpcMount:
    """Mount a servicer on a free port."""
    return app.mount_grpc(Echo(), add_to_server=add_to_server, **{"port": 0, **options})


@pytest.mark.skipif(HAS_GRPC, reason="grpcio is installed")
def test_without_grpcio() -> None:
    """Who mounts without grpcio is told what to install, in one line."""
    with pytest.raises(ImportError, match=r"^gRPC needs grpcio: pip install 'hawkapi\[grpc\]'\. [^\n]*$"):
        mounted(HawkAPI())


def test_a_directory_called_grpc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A directory of the name beside the program, a package to Python, is not taken for grpcio."""
    (tmp_path / "grpc").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    for name in [name for name in sys.modules if name.partition(".")[0] == "grpc"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError, match="gRPC needs grpcio"):
        mounted(HawkAPI())
    monkeypatch.delitem(sys.modules, "grpc")


@needs_grpc
def test_it_lives_as_long_as_the_application() -> None:
    """The server starts with the application, is asked from elsewhere, and stops; the next period has another."""
    app = HawkAPI()
    mount = mounted(app)
    assert (mount.server, mount.port) == (None, 0)
    for _ in range(2):
        with TestClient(app):
            assert asyncio.run(ask(mount.port, "unary", b"a")) == [b"a"]
        assert mount.server is None


@needs_grpc
def test_it_starts_after_start_up_and_stops_before_shutdown() -> None:
    """Servicers answer only while what start-up made is there."""
    app = HawkAPI()
    mount = mounted(app)
    running: list[bool] = []
    app.on_startup(lambda: running.append(mount.server is not None))
    app.on_shutdown(lambda: running.append(mount.server is not None))
    with TestClient(app):
        running.append(mount.server is not None)
    assert running == [False, True, False]


@needs_grpc
def test_one_server_for_all_loops() -> None:
    """Of several loops the first has the server; it serves until the last has gone."""
    app = HawkAPI()
    mount = mounted(app)
    first = LoopThread(app, "first")
    assert first.started.result(30) == COMPLETE[0]
    server = mount.server
    second = LoopThread(app, "second")
    assert second.started.result(30) == COMPLETE[0]
    assert mount.server is server
    second.request_stop()
    second.join()
    assert asyncio.run(ask(mount.port, "unary", b"a")) == [b"a"]
    first.request_stop()
    first.join()
    assert mount.server is None


@needs_grpc
def test_started_by_hand() -> None:
    """Without autostart nothing listens until `start`; starting twice and stopping twice is as good as once."""
    app = HawkAPI()
    mount = mounted(app, autostart=False)

    async def by_hand() -> None:
        assert mount.server is None
        await mount.start()
        server, port = mount.server, mount.port
        await mount.start()
        assert (mount.server, mount.port) == (server, port)
        assert await ask(port, "unary", b"a") == [b"a"]
        await mount.stop(grace=None)
        await mount.stop()
        assert mount.server is None
        await mount.start()

    assert asyncio.run(run_events(app, by_hand)) == COMPLETE
    assert mount.server is None


@needs_grpc
def test_stopped_from_another_loop() -> None:
    """`stop` may be called anywhere; the server is stopped where it runs."""
    app = HawkAPI()
    mount = mounted(app)
    with TestClient(app):
        port = mount.port
        asyncio.run(mount.stop(grace=1))
        assert mount.server is None
        with pytest.raises(Exception, match="UNAVAILABLE"):
            asyncio.run(ask(port, "unary", b"a"))


def test_a_loop_that_was_closed() -> None:
    """A server whose loop was closed without a shutdown is gone; the mount starts another one."""
    made: list[FakeServer] = []

    def make(**options: Any) -> FakeServer:
        made.append(FakeServer())
        return made[-1]

    mount = GrpcMount(GrpcOptions(port=5), make_server=make)
    asyncio.run(mount.start())
    asyncio.run(mount.start())
    server = mount.server
    assert server is made[1]
    asyncio.run(mount.stop())
    assert mount.server is None
    assert made[1].is_running, "nothing can be awaited on a loop that is closed"


@needs_grpc
def test_servicers_of_one_port_share_a_server() -> None:
    """The same port gives the same mount, which serves both."""
    app = HawkAPI()
    mount = mounted(app, max_workers=2)
    add_other = partial(add_to_server, service="test.Other")
    assert app.mount_grpc(Echo(), add_to_server=add_other, port=0) is mount
    assert app.mount_grpc(Echo(), add_to_server=add_to_server, port=1) is not mount

    async def main() -> None:
        await mount.start()
        assert await ask(mount.port, "unary", b"a") == [b"a"]
        assert await ask(mount.port, "unary", b"b", service="test.Other") == [b"b"]
        await mount.stop()

    asyncio.run(main())


@needs_grpc
@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param({"host": "127.0.0.2"}, "host='127.0.0.1'", id="host"),
        pytest.param({"interceptors": [object()]}, r"interceptors=\(\)", id="interceptors"),
        pytest.param({"reflection": True}, "reflection=False", id="reflection"),
        pytest.param({"ssl_credentials": object()}, "ssl_credentials=None", id="tls"),
        pytest.param({"maximum_concurrent_rpcs": 3}, "maximum_concurrent_rpcs=1000", id="limit"),
        pytest.param({"max_workers": 3}, "max_workers=None", id="workers"),
        pytest.param({"options": [("a", 1)]}, r"options=\(\)", id="options"),
        pytest.param({"observability": False}, "observability=True", id="observability"),
        pytest.param({"autostart": False}, "autostart=True", id="autostart"),
    ],
)
def test_other_options_on_the_same_port(options: dict[str, Any], named: str) -> None:
    """What the server on the port was not made with is refused, not ignored."""
    app = HawkAPI()
    mounted(app)
    with pytest.raises(ConfigurationError, match=f"^the gRPC server on port 0 was mounted with {named}, and no other$"):
        mounted(app, **options)


@needs_grpc
def test_the_same_options_on_the_same_port() -> None:
    """Options may be repeated, or left to the first call."""
    app = HawkAPI()
    mount = mounted(app, host="127.0.0.2", options=[("a", 1)])
    assert mounted(app, host="127.0.0.2", options=[("a", 1)]) is mount
    assert mounted(app) is mount


@needs_grpc
def test_a_servicer_that_comes_late() -> None:
    """A server that runs takes no more servicers, and says so; after it was stopped the next one does."""
    app = HawkAPI()
    mount = mounted(app)

    async def main() -> None:
        await mount.start()
        with pytest.raises(ConfigurationError, match=f"the gRPC server on port {mount.port} runs; mount Echo before"):
            mounted(app)
        await mount.stop()

    asyncio.run(main())
    assert app.mount_grpc(Echo(), add_to_server=partial(add_to_server, service="test.Other"), port=0) is mount


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"port": -1}, "port is -1", id="port-below"),
        pytest.param({"port": 65_536}, "port is 65536", id="port-above"),
        pytest.param({"max_workers": 0}, "max_workers is 0", id="workers"),
        pytest.param({"maximum_concurrent_rpcs": 0}, "maximum_concurrent_rpcs is 0", id="limit"),
    ],
)
def test_numbers_out_of_range(options: dict[str, Any], message: str) -> None:
    """A number that cannot be is refused when the servicer is mounted."""
    with pytest.raises(ConfigurationError, match=message):
        mounted(HawkAPI(), **options)


@needs_grpc
def test_a_port_that_is_taken() -> None:
    """A server that cannot listen fails the start of the application, and the mount can be started later."""
    app = HawkAPI()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        mount = mounted(app, port=port)
        answers = asyncio.run(run_events(app))
        assert answers[0]["type"] == "lifespan.startup.failed"
        assert f"gRPC cannot listen on 127.0.0.1:{port}" in answers[0]["message"]
        assert mount.server is None
        asyncio.run(mount.stop())
    with TestClient(app):
        assert asyncio.run(ask(port, "unary", b"a")) == [b"a"]


@needs_grpc
def test_a_port_of_another_application() -> None:
    """Two servers never share a port by accident, with the clients of one going to the other."""

    async def main() -> None:
        first = mounted(HawkAPI())
        await first.start()
        with pytest.raises(ConfigurationError, match="gRPC cannot listen"):
            await mounted(HawkAPI(), port=first.port).start()
        await first.stop()

    asyncio.run(main())


@needs_grpc
@pytest.mark.parametrize(
    ("host", "warned"),
    [
        pytest.param("0.0.0.0", True, id="all"),  # noqa: S104 - that is what is warned of
        pytest.param("127.0.0.1", False, id="this-machine"),
        pytest.param("localhost", False, id="this-machine-by-name"),
    ],
)
def test_a_server_that_is_open_to_others(host: str, warned: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Without TLS, other machines are not let in without a warning."""

    async def main() -> None:
        mount = mounted(HawkAPI(), host=host)
        await mount.start()
        await mount.stop()

    with caplog.at_level(logging.WARNING, logger="hawkapi.grpc"):
        asyncio.run(main())
    assert [record.getMessage() for record in caplog.records] == (
        ["gRPC on 0.0.0.0:0 is open to other machines, without TLS: pass ssl_credentials="] if warned else []
    )


@pytest.mark.parametrize(
    ("host", "address"),
    [
        pytest.param("127.0.0.1", "127.0.0.1:5", id="4"),
        pytest.param("::1", "[::1]:5", id="6"),
        pytest.param("[::]", "[::]:5", id="6-in-brackets"),
        pytest.param("db.test", "db.test:5", id="name"),
    ],
)
def test_addresses(host: str, address: str) -> None:
    """An IPv6 address stands in brackets before a port."""
    server = FakeServer()

    async def main() -> None:
        mount = GrpcMount(GrpcOptions(port=5, host=host), make_server=lambda **_: server)
        await mount.start()
        await mount.stop()

    asyncio.run(main())
    assert server.addresses == [address]


@needs_grpc
def test_tls(tmp_path: Path) -> None:
    """With credentials the server speaks TLS, and nothing else."""
    grpc: Any = importlib.import_module("grpc")
    key, certificate = self_signed(tmp_path)
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    mount = mounted(HawkAPI(), ssl_credentials=credentials)

    async def main() -> bytes:
        await mount.start()
        known = grpc.ssl_channel_credentials(certificate)
        names = [("grpc.ssl_target_name_override", "localhost")]
        try:
            async with grpc.aio.secure_channel(f"127.0.0.1:{mount.port}", known, options=names) as channel:
                answer: bytes = await channel.unary_unary("/test.Echo/unary")(b"a", timeout=30)
            with pytest.raises(grpc.aio.AioRpcError):
                await ask(mount.port, "unary", b"a")
        finally:
            await mount.stop()
        return answer

    assert asyncio.run(main()) == b"a"


def self_signed(directory: Path) -> tuple[bytes, bytes]:
    """Return a key and a certificate for localhost, made by openssl."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"there is no openssl program ({ssl.OPENSSL_VERSION} is a library)")
    return key.read_bytes(), certificate.read_bytes()


@needs_grpc
def test_reflection_with_one_text() -> None:
    """It is not taken for the names of its letters, and nothing is mounted."""
    app = HawkAPI()
    with pytest.raises(ConfigurationError, match=r"it is a list of names: \['test.Echo'\]$"):
        mounted(app, reflection=True, reflection_service_names="test.Echo")
    assert mounted(app).options.reflection is False


@needs_grpc
def test_reflection_without_names() -> None:
    """Reflection needs names, and says which parameter has them; the mount can be stopped afterwards."""
    mount = mounted(HawkAPI(), reflection=True)

    async def main() -> None:
        with pytest.raises(ConfigurationError, match="reflection_service_names"):
            await mount.start()
        assert mount.server is None
        await mount.stop()

    asyncio.run(main())


@needs_grpc
def test_reflection_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reflection needs is named where it is missing."""
    monkeypatch.setitem(sys.modules, "grpc_reflection", None)
    monkeypatch.setitem(sys.modules, "grpc_reflection.v1alpha.reflection", None)
    mount = mounted(HawkAPI(), reflection=True, reflection_service_names=["test.Echo"])
    with pytest.raises(ConfigurationError, match=r"grpcio-reflection: pip install 'hawkapi\[grpc\]'"):
        asyncio.run(mount.start())


@needs_grpc
def test_reflection() -> None:
    """Clients can ask for the services of all servicers of a port."""
    pb2: Any = pytest.importorskip("grpc_reflection.v1alpha.reflection_pb2")
    pb2_grpc: Any = importlib.import_module("grpc_reflection.v1alpha.reflection_pb2_grpc")
    aio: Any = importlib.import_module("grpc.aio")
    app = HawkAPI()
    mount = mounted(app, reflection=True, reflection_service_names=["test.Echo"])
    add_other = partial(add_to_server, service="test.Other")
    app.mount_grpc(Echo(), add_to_server=add_other, port=0, reflection_service_names=["test.Other"])

    async def listed() -> list[str]:
        await mount.start()
        try:
            async with aio.insecure_channel(f"127.0.0.1:{mount.port}") as channel:
                stub = pb2_grpc.ServerReflectionStub(channel)
                asked = iter([pb2.ServerReflectionRequest(list_services="")])
                [answer] = [each async for each in stub.ServerReflectionInfo(asked)]
                return [each.name for each in answer.list_services_response.service]
        finally:
            await mount.stop()

    assert asyncio.run(listed()) == ["grpc.reflection.v1alpha.ServerReflection", "test.Echo", "test.Other"]


@needs_grpc
def test_health() -> None:
    """The standard health service is a servicer like others."""
    health: Any = pytest.importorskip("grpc_health.v1.health")
    pb2: Any = importlib.import_module("grpc_health.v1.health_pb2")
    pb2_grpc: Any = importlib.import_module("grpc_health.v1.health_pb2_grpc")
    aio: Any = importlib.import_module("grpc.aio")
    add: Callable[[Any, Any], None] = pb2_grpc.add_HealthServicer_to_server
    mount = HawkAPI().mount_grpc(health.aio.HealthServicer(), add_to_server=add, port=0)

    async def main() -> int:
        await mount.start()
        try:
            async with aio.insecure_channel(f"127.0.0.1:{mount.port}") as channel:
                answer = await pb2_grpc.HealthStub(channel).Check(pb2.HealthCheckRequest(), timeout=30)
                status: int = answer.status
                return status
        finally:
            await mount.stop()

    assert asyncio.run(main()) == pb2.HealthCheckResponse.SERVING
