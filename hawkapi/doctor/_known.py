"""Classes of which an instance belongs to one event loop, or to one thread, by the names that they are imported by.

A row is the module, or a package that holds it, and names in it: of classes, and of functions that make instances. What
a class derives from counts as the class. A library that is not here is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "LOOP_BOUND",
    "PRIMITIVES",
    "TABLES",
    "THREAD_BOUND",
    "Table",
    "class_of",
    "dotted_name",
    "made_by",
    "matches",
]

type Table = Mapping[str, frozenset[str]]

PRIMITIVES: Final[Table] = {
    "asyncio": frozenset(
        {
            "Barrier",
            "BoundedSemaphore",
            "Condition",
            "Event",
            "Future",
            "LifoQueue",
            "Lock",
            "PriorityQueue",
            "Queue",
            "Semaphore",
        }
    ),
    "anyio": frozenset(
        {"CapacityLimiter", "Condition", "Event", "Lock", "Semaphore", "create_memory_object_stream"}
        | {"MemoryObjectReceiveStream", "MemoryObjectSendStream"}
    ),
    "aiolimiter": frozenset({"AsyncLimiter"}),
}
"""What tasks of one event loop wait for each other with."""

LOOP_BOUND: Final[Table] = {
    "aio_pika": frozenset({"connect", "connect_robust", "Connection", "RobustConnection"}),
    "aiohttp": frozenset({"ClientSession", "TCPConnector", "UnixConnector"}),
    "aiokafka": frozenset({"AIOKafkaConsumer", "AIOKafkaProducer"}),
    "aiomcache": frozenset({"Client"}),
    "aiomysql": frozenset({"Connection", "Pool", "connect", "create_pool"}),
    "aiopg": frozenset({"Connection", "Pool", "connect", "create_pool"}),
    "aioredis": frozenset({"ConnectionPool", "Redis", "from_url"}),
    "aiosmtplib": frozenset({"SMTP"}),
    "aiosqlite": frozenset({"Connection", "connect"}),
    "anthropic": frozenset({"AsyncAnthropic"}),
    "asyncpg": frozenset({"Connection", "Pool", "connect", "create_pool"}),
    "databases": frozenset({"Database"}),
    "elasticsearch": frozenset({"AsyncElasticsearch"}),
    "grpc.aio": frozenset({"Channel", "insecure_channel", "secure_channel"}),
    "httpcore": frozenset({"AsyncConnectionPool", "AsyncHTTPProxy"}),
    "httpx": frozenset({"AsyncClient", "AsyncHTTPTransport"}),
    "motor": frozenset({"AsyncIOMotorClient"}),
    "nats": frozenset({"Client", "connect"}),
    "neo4j": frozenset({"AsyncDriver", "AsyncGraphDatabase"}),
    "openai": frozenset({"AsyncAzureOpenAI", "AsyncOpenAI"}),
    "opensearchpy": frozenset({"AsyncOpenSearch"}),
    "psycopg": frozenset({"AsyncConnection"}),
    "psycopg_pool": frozenset({"AsyncConnectionPool", "AsyncNullConnectionPool"}),
    "pymongo": frozenset({"AsyncMongoClient"}),
    "qdrant_client": frozenset({"AsyncQdrantClient"}),
    "redis.asyncio": frozenset(
        {"BlockingConnectionPool", "Connection", "ConnectionPool", "Redis", "RedisCluster", "Sentinel", "from_url"}
    ),
    "sqlalchemy.ext.asyncio": frozenset({"AsyncConnection", "AsyncEngine", "AsyncSession", "create_async_engine"}),
    "valkey.asyncio": frozenset({"ConnectionPool", "Sentinel", "Valkey", "ValkeyCluster", "from_url"}),
}
"""Clients and pools whose connections are transports of the event loop that opened them."""

THREAD_BOUND: Final[Table] = {
    "sqlite3": frozenset({"Connection", "connect"}),
    "sqlalchemy.orm": frozenset({"Session"}),
}
"""What only one thread at a time may use, and no lock of its own makes sure of."""

TABLES: Final = (PRIMITIVES, LOOP_BOUND, THREAD_BOUND)

MAKERS: Final = ("connect", "create", "driver", "from_")
"""What the names of class methods that make instances begin with."""


def matches(value: object, table: Table) -> str | None:
    """Return what an object is, `module.Class` as users know it, if its class is in a table."""
    return next(
        (f"{package}.{base.__name__}" for base in class_of(value).__mro__ for package in _packages(base, table)), None
    )


def class_of(value: object) -> type[Any]:
    """Return the class of anything, which a checker of types would have to know more about."""
    return type(value)


def _packages(cls: type, table: Table) -> list[str]:
    return [package for package, names in table.items() if cls.__name__ in names and _is_below(cls.__module__, package)]


def made_by(dotted: str | None, table: Table) -> str | None:
    """Return what a call makes, as users know it, when the name that is called is in a table.

    Args:
        dotted: the whole name, as `httpx.AsyncClient` or `redis.asyncio.client.Redis.from_url`.
        table: one of the above.
    """
    for package, names in table.items():
        if dotted is None or not _is_below(dotted, package):
            continue
        *before, last = dotted.split(".")
        if last in names:
            return f"{package}.{last}"
        if before[-1] in names and last.startswith(MAKERS):
            return f"{package}.{before[-1]}"
    return None


def _is_below(dotted: str, package: str) -> bool:
    return dotted == package or dotted.startswith(f"{package}.")


def dotted_name(value: Any) -> str | None:
    """Return the whole name of a class or a function."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    return f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else None
