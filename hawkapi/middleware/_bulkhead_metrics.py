"""What bulkheads count, in the global registry of `prometheus_client`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, final

from hawkapi._optional import load_optional
from hawkapi._threading import Once


class Collectors(NamedTuple):
    """The four metrics of all bulkheads; the registry takes each name once."""

    in_flight: Any
    capacity: Any
    rejections: Any
    latency: Any


_collectors: Final[Once[Collectors]] = Once()


def _make() -> Collectors:
    who = "metrics=True"
    prometheus = load_optional("prometheus_client", needed_by=who, package="prometheus_client", extra="metrics")
    return Collectors(
        prometheus.Gauge("hawkapi_bulkhead_in_flight", "Slots that are taken.", ["name"]),
        prometheus.Gauge("hawkapi_bulkhead_capacity", "Slots that there are.", ["name"]),
        prometheus.Counter("hawkapi_bulkhead_rejections", "Refusals.", ["name", "reason"]),
        prometheus.Histogram("hawkapi_bulkhead_acquire_latency_seconds", "Time to get a slot.", ["name"]),
    )


@final
class BulkheadMetrics:
    """The metrics of one bulkhead. Thread-safe, as the library is."""

    def __init__(self, name: str, limit: int) -> None:
        self._collectors = _collectors.get(_make)
        self._name = name
        self._collectors.capacity.labels(name).set(limit)

    def entered(self, waited_s: float, *, is_full: bool, waits: bool) -> None:
        """Count an attempt to enter."""
        if is_full:
            self._collectors.rejections.labels(self._name, "timeout" if waits else "fail_fast").inc()
            return
        self._collectors.latency.labels(self._name).observe(waited_s)
        self._collectors.in_flight.labels(self._name).inc()

    def left(self) -> None:
        """Count who leaves."""
        self._collectors.in_flight.labels(self._name).dec()
