"""What an application keeps: every container that an object of hawkapi has, found by looking, and how large it may be.

A table is known by the class and the attribute that have it, as `TokenBuckets._buckets`; of several objects of a class
the largest counts. A container in a container is a table too, as `OwnLeases._names[...]`. Nobody has to list a new
table for it to be looked at: what has no cap here is one that requests must not change at all.
"""

from __future__ import annotations

import functools
import gc
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from crowd.crowded_app import MAX_KEYS, MAX_SESSIONS
from hawkapi.middleware._redis import MAX_UNPAID
from hawkapi.middleware._route_keys import MAX_PATHS
from hawkapi.middleware._watching import KNOWN_METHODS
from hawkapi.middleware.adaptive_concurrency import WINDOW
from hawkapi.observability.metrics import MAX_DURATIONS

CONTAINERS: Final = (dict, list, set, deque, WeakKeyDictionary, WeakValueDictionary, WeakSet)
OWNERS: Final = ("hawkapi", "prometheus_client", "crowd")
"""Packages whose objects are looked at: ours, what `PrometheusMiddleware` counts in, and those of `crowded_app`."""

STATUSES: Final = 20
"""An application answers with fewer."""

MAY_CHANGE: Final = 50
"""Entries by which a table without a cap may grow: what is made at the first request of a route, a thread or a loop."""


class Crowd(NamedTuple):
    """How many ask."""

    threads: int
    at_once: int
    """Requests of one thread that run at the same time."""


def caps(crowd: Crowd, routes: int) -> Mapping[str, int]:
    """Return how large each table may be that grows with what clients send.

    Args:
        crowd: each thread may add one entry more than there should be where no lock is held, and has what belongs to
            its running requests.
        routes: of the application; what no route takes is one more.
    """
    running = crowd.threads * crowd.at_once
    templates, paths = routes + 1, MAX_PATHS + crowd.threads + 1
    series = (len(KNOWN_METHODS) + 1) * paths * STATUSES
    return {
        "TokenBuckets._buckets": MAX_KEYS,
        "MemorySessionStore._sessions": MAX_SESSIONS,
        "RouteKeys._paths": MAX_PATHS + crowd.threads,
        "CircuitBreakerMiddleware._circuits": templates,
        "RedisCircuitBreakerMiddleware._circuits": templates,
        "AdaptiveConcurrencyMiddleware._routes": templates,
        "DebugMiddleware._statistics": templates,
        "ForeignBreaker._circuits": paths,
        "ForeignLimit._routes": paths,
        "ForeignStatistics._statistics": paths,
        "RouteLimit._times": WINDOW,
        "Ledger._noted": running,
        "InMemoryMetrics._durations": 2 * MAX_DURATIONS + crowd.threads,
        "Counter._metrics": series,
        "Histogram._metrics": series,
        "Gauge._metrics": len(KNOWN_METHODS) + 1,
        "LoopClient._owed": MAX_UNPAID + running,
        "LoopClient._unpaid": MAX_UNPAID,
        "LoopClient._tasks": running,
        "RedisLink._clients": crowd.threads,
        "OwnLeases._names[...]": running,
        "Bulkhead._leases": running,
        "get_decoder()": 512,
    }


class Sizes(NamedTuple):
    """How large all tables are."""

    largest: Mapping[str, int]
    """By name; of several tables of one name the largest."""
    entries: int
    """Of all of them together."""


def sizes() -> Sizes:
    """Count all tables that there are."""
    found: dict[str, int] = {}
    entries = 0
    for name, size in walk():
        found[name] = max(size, found.get(name, 0))
        entries += size
    return Sizes(found, entries)


def walk() -> Iterator[tuple[str, int]]:
    """Go through all tables that there are."""
    gc.collect()
    for owner in gc.get_objects():
        # Not isinstance: it asks for `__class__`, and an object may answer whatever it likes.
        cls = type(owner)
        if cls is functools._lru_cache_wrapper:
            if str(owner.__module__).startswith(OWNERS):
                yield f"{owner.__name__}()", owner.cache_info().currsize
        elif issubclass(cls, type) or not str(cls.__module__).startswith(OWNERS):
            continue
        else:
            for attribute, value in attributes(owner, cls):
                yield from containers(f"{cls.__name__}.{attribute}", value)


def attributes(owner: Any, cls: type) -> Iterator[tuple[str, Any]]:
    """Go through what an object has, in its dictionary and its slots."""
    yield from list(getattr(owner, "__dict__", {}).items())
    for each in cls.__mro__:
        slots = each.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            try:
                yield slot, object.__getattribute__(owner, slot)
            except AttributeError:  # It is not set, or its name is mangled.
                continue


def containers(name: str, value: Any) -> Iterator[tuple[str, int]]:
    """Go through a container and those in it."""
    if not isinstance(value, CONTAINERS):
        return
    yield name, len(value)
    within = list(value.values()) if isinstance(value, dict) else list(value)
    inner = [len(each) for each in within if isinstance(each, CONTAINERS)]
    if inner:
        yield f"{name}[...]", max(inner)
