"""`InMemoryMetrics`: counts and a mean."""

from __future__ import annotations

from hawkapi.observability import InMemoryMetrics


def test_nothing_yet() -> None:
    """All figures are zero."""
    metrics = InMemoryMetrics()
    assert (metrics.request_count, metrics.error_count, metrics.avg_duration_ms) == (0, 0, 0.0)


def test_counts() -> None:
    """An error is a status from 500 on; durations are in seconds, their mean in milliseconds."""
    metrics = InMemoryMetrics("shop")
    for status, seconds in ((200, 0.001), (499, 0.002), (500, 0.003), (503, 0.006)):
        metrics.record_request("GET", "/", status, seconds)
    assert metrics.snapshot() == {
        "shop_requests_total": 4,
        "shop_errors_total": 2,
        "shop_request_duration_ms_avg": 3.0,
    }


def test_old_durations() -> None:
    """The mean is of the latest 10 000, and little more is kept."""
    metrics = InMemoryMetrics()
    for seconds in [9.0] * 25_000 + [1.0] * 9_999 + [2.0]:
        metrics.record_request("GET", "/", 200, seconds)
    assert metrics.request_count == 35_000
    assert metrics.avg_duration_ms == 1000.1
    assert len(metrics._durations) <= 20_000
