"""What the built-in interceptor adds to RPCs, and what it leaves as it is."""

from __future__ import annotations

import asyncio
import logging
import queue
from collections.abc import Iterator
from typing import Any

import pytest
from rpcs import Echo, add_to_server, ask, unary

from hawkapi import HawkAPI
from hawkapi.grpc.interceptor import code_of

grpc: Any = pytest.importorskip("grpc", reason="there are no wheels of it for this interpreter")


@pytest.fixture
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[queue.SimpleQueue[logging.LogRecord]]:
    """Give what is logged of RPCs that have ended; of one in a thread that is after the client has its answer."""
    found: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    handler = logging.Handler()
    handler.emit = lambda record: found.put(record) if record.getMessage() == "grpc.response" else None  # type: ignore[method-assign]
    logger = logging.getLogger("hawkapi.grpc")
    logger.addHandler(handler)
    with caplog.at_level(logging.INFO, logger="hawkapi.grpc"):
        yield found
    logger.removeHandler(handler)


def serve(servicer: Any, method: str, *messages: bytes, app: HawkAPI | None = None, **options: Any) -> list[bytes]:
    """Mount a servicer, call a method of it, and return what it answers with."""

    async def main() -> list[bytes]:
        mount = (app or HawkAPI()).mount_grpc(servicer, add_to_server=add_to_server, port=0, **options)
        await mount.start()
        try:
            return await ask(mount.port, method, *messages)
        finally:
            await mount.stop()

    return asyncio.run(main())


@pytest.mark.parametrize("observability", [True, False], ids=["watched", "bare"])
@pytest.mark.parametrize(
    ("method", "messages", "answers"),
    [
        pytest.param("unary", [b"a"], [b"a"], id="unary"),
        pytest.param("plain_unary", [b"a"], [b"a"], id="unary-plain"),
        pytest.param("many", [b"a"], [b"a", b"a"], id="stream"),
        pytest.param("many_written", [b"a"], [b"a", b"a"], id="stream-written"),
        pytest.param("plain_many", [b"a"], [b"a", b"a"], id="stream-plain"),
        pytest.param("joined", [b"a", b"b"], [b"ab"], id="of-a-stream"),
        pytest.param("plain_joined", [b"a", b"b"], [b"ab"], id="of-a-stream-plain"),
        pytest.param("both", [b"a", b"b"], [b"a", b"b"], id="both"),
        pytest.param("both_written", [b"a", b"b"], [b"a", b"b"], id="both-written"),
        pytest.param("plain_both", [b"a", b"b"], [b"a", b"b"], id="both-plain"),
    ],
)
def test_every_kind_of_method(method: str, messages: list[bytes], answers: list[bytes], observability: bool) -> None:
    """A method answers as it does without the interceptor, async or plain, with one message or many."""
    assert serve(Echo(), method, *messages, observability=observability) == answers


def test_what_the_context_has() -> None:
    """The application and an id are in the context, beside what grpcio has there."""
    app = HawkAPI()
    seen: list[Any] = []

    async def answer(message: bytes, context: Any) -> bytes:
        seen.extend([context.hawkapi_app, context.hawkapi_request_id, context.peer()])
        return message

    serve(unary(answer), "unary", b"a", app=app)
    assert seen[0] is app
    assert len(seen[1]) == 32
    assert int(seen[1], 16) >= 0
    assert seen[2].startswith("ipv4:127.0.0.1:")


async def aborts(message: bytes, context: Any) -> bytes:
    """End the RPC with a status."""
    await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    return message


def aborts_in_thread(message: bytes, context: Any) -> bytes:
    """End the RPC with a status, in a thread."""
    context.abort(grpc.StatusCode.ALREADY_EXISTS, "no such thing")
    return message


async def aborts_with_status(message: bytes, context: Any) -> bytes:
    """End the RPC with a status that has its details."""
    await context.abort_with_status(_Status())
    return message


class _Status:
    """A `grpc.Status`."""

    code = grpc.StatusCode.OUT_OF_RANGE
    details = "no such thing"
    trailing_metadata = ()


grpc.Status.register(_Status)


async def fails(message: bytes, context: Any) -> bytes:
    """Fail."""
    raise ValueError(message)


def fails_in_thread(message: bytes, context: Any) -> bytes:
    """Fail in a thread."""
    raise ValueError(message)


async def fails_with_status(message: bytes, context: Any) -> bytes:
    """Fail after a status was set."""
    context.set_code(grpc.StatusCode.DATA_LOSS)
    raise ValueError(message)


async def sets_status(message: bytes, context: Any) -> bytes:
    """Set a status, and answer."""
    context.set_code(grpc.StatusCode.CANCELLED)
    return message


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(aborts, "NOT_FOUND", id="abort"),
        pytest.param(aborts_in_thread, "ALREADY_EXISTS", id="abort-plain"),
        pytest.param(aborts_with_status, "OUT_OF_RANGE", id="abort-with-status"),
        pytest.param(fails, "UNKNOWN", id="raise"),
        pytest.param(fails_in_thread, "UNKNOWN", id="raise-plain"),
        pytest.param(fails_with_status, "DATA_LOSS", id="raise-after-status"),
        pytest.param(sets_status, "CANCELLED", id="status"),
    ],
)
def test_the_status_is_the_client_s(answer: Any, code: str, ended: queue.SimpleQueue[logging.LogRecord]) -> None:
    """The client sees the status that the method ended with, and the log and the metrics have the same."""
    prometheus = pytest.importorskip("prometheus_client", reason="it is optional")

    def counted() -> float:
        labels = {"method": "/test.Echo/unary", "code": code}
        return prometheus.REGISTRY.get_sample_value("hawkapi_grpc_requests_total", labels) or 0.0

    before = counted()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        serve(unary(answer), "unary", b"a")
    assert caught.value.code().name == code
    assert vars(ended.get(timeout=30))["code"] == code
    assert counted() == before + 1


def test_what_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The beginning and the end of an RPC are logged, with the same id."""
    with caplog.at_level(logging.INFO, logger="hawkapi.grpc"):
        serve(Echo(), "unary", b"a")
    began, ended = (vars(record) for record in caplog.records if record.getMessage().startswith("grpc.re"))
    assert (began["event"], began["method"]) == ("grpc.request", "/test.Echo/unary")
    assert began["peer"].startswith("ipv4:127.0.0.1:")
    assert (ended["event"], ended["method"], ended["code"]) == ("grpc.response", "/test.Echo/unary", "OK")
    assert ended["duration_ms"] >= 0
    assert ended["request_id"] == began["request_id"]


def test_a_method_that_nobody_has(caplog: pytest.LogCaptureFixture) -> None:
    """What no servicer has is refused, and neither logged nor counted: clients choose such names."""
    with caplog.at_level(logging.INFO, logger="hawkapi.grpc"), pytest.raises(grpc.aio.AioRpcError) as caught:
        serve(unary(aborts), "many", b"a")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert [record for record in caplog.records if record.getMessage() == "grpc.request"] == []


def test_a_client_that_leaves(ended: queue.SimpleQueue[logging.LogRecord]) -> None:
    """An RPC whose client has gone is cancelled, which is logged."""
    begun, left = asyncio.Event(), asyncio.Event()

    async def waits(message: bytes, context: Any) -> bytes:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        return message

    async def main() -> None:
        mount = HawkAPI().mount_grpc(unary(waits), add_to_server=add_to_server, port=0)
        await mount.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{mount.port}") as channel:
            call = channel.unary_unary("/test.Echo/unary")(b"a")
            await asyncio.wait_for(begun.wait(), 30)
            call.cancel()
            await asyncio.wait_for(left.wait(), 30)
        await mount.stop()

    asyncio.run(main())
    assert vars(ended.get(timeout=30))["code"] == "CANCELLED"


@pytest.mark.parametrize(
    ("status", "exc", "name"),
    [
        pytest.param(None, None, "OK", id="nothing-set"),
        pytest.param(5, None, "NOT_FOUND", id="number"),
        pytest.param(grpc.StatusCode.OK, ValueError(), "UNKNOWN", id="ok-and-raised"),
        pytest.param(None, GeneratorExit(), "CANCELLED", id="closed"),
    ],
)
def test_code(status: Any, exc: BaseException | None, name: str) -> None:
    """The name of the status that the client sees."""
    assert code_of(status, exc) == name


def test_order_of_interceptors() -> None:
    """The built-in interceptor is outermost, then come those of the user in their order."""
    order: list[str] = []

    class Named(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # grpcio has no types
        def __init__(self, name: str) -> None:
            self.name = name

        async def intercept_service(self, continuation: Any, details: Any) -> Any:
            order.append(self.name)
            return await continuation(details)

    async def answer(message: bytes, context: Any) -> bytes:
        order.append("method" if context.hawkapi_request_id else "unwatched")
        return message

    serve(unary(answer), "unary", b"a", interceptors=[Named("first"), Named("second")])
    assert order == ["first", "second", "method"]
