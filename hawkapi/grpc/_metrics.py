"""What gRPC servers count, in the global registry of `prometheus_client`."""

from __future__ import annotations

import importlib
from typing import Any, Final, NamedTuple

from hawkapi._threading import Once

__all__ = ["Collectors", "collectors"]


class Collectors(NamedTuple):
    """The metrics of all mounts; the registry takes each name once."""

    requests: Any
    duration: Any


_collectors: Final[Once[Collectors | None]] = Once()


def collectors() -> Collectors | None:
    """Return the metrics, made when they are first asked for; `None` without prometheus_client."""
    return _collectors.get(_make)


def _make() -> Collectors | None:
    try:
        prometheus: Any = importlib.import_module("prometheus_client")
    except ImportError:
        return None
    return Collectors(
        prometheus.Counter("hawkapi_grpc_requests_total", "RPCs that were answered.", ["method", "code"]),
        prometheus.Histogram("hawkapi_grpc_request_duration_seconds", "Time to answer an RPC.", ["method"]),
    )
