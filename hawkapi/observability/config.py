"""`ObservabilityConfig`: what an application tells of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["ObservabilityConfig"]

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LOG_FORMATS: Final = ("json", "text")


@dataclass(frozen=True, slots=True)
class ObservabilityConfig:
    """What `ObservabilityMiddleware` does; immutable, so safe in any thread.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    enable_tracing: bool = True
    """Take part in traces (W3C Trace Context), by OpenTelemetry where it is installed."""
    enable_logging: bool = True
    """Log a record of each request on the logger `hawkapi`, at INFO."""
    enable_metrics: bool = True
    """Count requests in `ObservabilityMiddleware.metrics`."""
    log_level: str = "INFO"
    """Of the logger: DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case; above INFO no request is logged."""
    log_format: str = "json"
    """Of the records: `json`, a line of JSON each, or `text`."""
    trace_sample_rate: float = 1.0
    """Which part of the traces that begin here is recorded, from 0 to 1. A trace that a caller has begun is recorded if
    he records it."""
    service_name: str = "hawkapi"
    """Who this is: `service` of JSON records, and the name of the tracer."""
    metrics_prefix: str = "hawkapi"
    """Before the names of `InMemoryMetrics.snapshot`."""
    request_id_header: str = "x-request-id"
    """The field of requests and responses with the request's id."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.trace_sample_rate <= 1.0:
            raise ValueError(f"trace_sample_rate is {self.trace_sample_rate}; it is a part of all traces, from 0 to 1")
        if str(self.log_level).upper() not in LOG_LEVELS:
            raise ValueError(f"log_level is {self.log_level!r}; it is one of {', '.join(LOG_LEVELS)}")
        if self.log_format not in LOG_FORMATS:
            raise ValueError(f"log_format is {self.log_format!r}; it is one of {', '.join(LOG_FORMATS)}")
        if not self.service_name.strip():
            raise ValueError("service_name is empty; traces and logs are told apart by it")
