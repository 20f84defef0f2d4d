"""What several of these tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis_servers import RedisServer, redis_server


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Give a Redis server for the tests of a module."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(shared_redis: RedisServer) -> RedisServer:
    """Give a Redis server that is empty."""
    with shared_redis.client() as client:
        client.flushall()
    return shared_redis
