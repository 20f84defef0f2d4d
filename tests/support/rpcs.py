"""gRPC without generated code: a service whose messages are bytes, with a method of every kind, and calls of it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

SERVICE = "test.Echo"


class Echo:
    """Methods of every kind that grpcio knows; those of several messages answer with each request."""

    async def unary(self, message: bytes, context: Any) -> bytes:
        return message

    def plain_unary(self, message: bytes, context: Any) -> bytes:
        return message

    async def many(self, message: bytes, context: Any) -> AsyncIterator[bytes]:
        yield message
        yield message

    async def many_written(self, message: bytes, context: Any) -> None:
        await context.write(message)
        await context.write(message)

    def plain_many(self, message: bytes, context: Any) -> Iterator[bytes]:
        yield message
        yield message

    async def joined(self, messages: AsyncIterator[bytes], context: Any) -> bytes:
        return b"".join([message async for message in messages])

    def plain_joined(self, messages: Iterator[bytes], context: Any) -> bytes:
        return b"".join(messages)

    async def both(self, messages: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        async for message in messages:
            yield message

    async def both_written(self, messages: AsyncIterator[bytes], context: Any) -> None:
        async for message in messages:
            await context.write(message)

    def plain_both(self, messages: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield from messages


KINDS = {
    "unary": "unary_unary",
    "plain_unary": "unary_unary",
    "many": "unary_stream",
    "many_written": "unary_stream",
    "plain_many": "unary_stream",
    "joined": "stream_unary",
    "plain_joined": "stream_unary",
    "both": "stream_stream",
    "both_written": "stream_stream",
    "plain_both": "stream_stream",
}
"""What each method of `Echo` is called with and answers with, as grpcio names it."""


def add_to_server(servicer: Any, server: Any, service: str = SERVICE) -> None:
    """Do what protoc generates for the methods that a servicer has."""
    grpc: Any = importlib.import_module("grpc")
    handlers = {
        name: getattr(grpc, f"{kind}_rpc_method_handler")(getattr(servicer, name))
        for name, kind in KINDS.items()
        if hasattr(servicer, name)
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


class FakeServer:
    """A server of grpcio for tests of when one is made: it listens nowhere, and has what was added to it."""

    def __init__(self, **options: Any) -> None:
        self.servicers: list[Any] = []
        self.addresses: list[str] = []
        self.is_running = False

    def add_insecure_port(self, address: str) -> int:
        """Listen nowhere."""
        self.addresses.append(address)
        return int(address.rpartition(":")[2])

    async def start(self) -> None:
        """Start, as others take turns."""
        await asyncio.sleep(0)
        self.is_running = True

    async def stop(self, grace: float | None) -> None:
        """Stop, as others take turns."""
        await asyncio.sleep(0)
        self.is_running = False


def add_to_fake(servicer: Any, server: Any) -> None:
    """Add a servicer to a `FakeServer`."""
    server.servicers.append(servicer)


def unary(answer: Callable[[bytes, Any], Any]) -> Any:
    """Return a servicer whose method `unary` is a function."""
    return type("Unary", (), {"unary": staticmethod(answer)})()


async def ask(port: int, method: str, *messages: bytes, service: str = SERVICE, **options: Any) -> list[bytes]:
    """Call a method, and return what it answers with.

    Raises:
        grpc.aio.AioRpcError: the status is not OK.
    """
    aio: Any = importlib.import_module("grpc.aio")
    kind = KINDS[method]
    given: Any = _each(messages) if kind.startswith("stream") else messages[0]
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        called = getattr(channel, kind)(f"/{service}/{method}")(given, timeout=30, **options)
        if kind.endswith("stream"):
            return [message async for message in called]
        return [await called]


async def _each(messages: Iterable[bytes]) -> AsyncIterator[bytes]:
    for message in messages:
        yield message
