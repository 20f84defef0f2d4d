"""`InMemoryMetrics`: counts of requests that need no library."""

from __future__ import annotations

from typing import Final

from hawkapi._threading import ShardedCounter

__all__ = ["InMemoryMetrics"]

MAX_DURATIONS: Final = 10_000
"""The latest of so many requests are averaged."""


class InMemoryMetrics:
    """Counts requests and errors, and keeps the durations of the latest 10 000.

    Args:
        prefix: before the names of `snapshot`, default `hawkapi`.

    Thread-safe and exact, also when a request is recorded while the garbage collector runs.
    """

    def __init__(self, prefix: str = "hawkapi") -> None:
        self.prefix = prefix
        self._requests = ShardedCounter()
        self._errors = ShardedCounter()
        # THREADS: relies on `append`, `copy` and the deletion of a slice of a list being atomic. Two threads may cut at
        # the same time: each keeps the latest, so at least those stay. It has at most twice as many as are averaged,
        # and one more for each thread.
        self._durations: list[float] = []

    @property
    def request_count(self) -> int:
        """How many requests were recorded."""
        return self._requests.value

    @property
    def error_count(self) -> int:
        """How many of them had a status from 500 on."""
        return self._errors.value

    @property
    def avg_duration_ms(self) -> float:
        """The mean duration of the latest 10 000, in milliseconds; 0.0 before the first."""
        latest = self._durations.copy()[-MAX_DURATIONS:]
        return sum(latest) / len(latest) * 1000 if latest else 0.0

    def record_request(self, method: str, path: str, status: int, duration: float) -> None:
        """Count a request.

        Args:
            method: its method; not kept.
            path: the template of its route; not kept, so nothing grows with what clients send.
            status: of its response.
            duration: seconds.
        """
        self._requests.add()
        if status >= 500:
            self._errors.add()
        self._durations.append(duration)
        if len(self._durations) > 2 * MAX_DURATIONS:
            del self._durations[:-MAX_DURATIONS]

    def snapshot(self) -> dict[str, float]:
        """Return the figures by name: `{prefix}_requests_total`, `_errors_total` and `_request_duration_ms_avg`."""
        return {
            f"{self.prefix}_requests_total": self.request_count,
            f"{self.prefix}_errors_total": self.error_count,
            f"{self.prefix}_request_duration_ms_avg": self.avg_duration_ms,
        }
