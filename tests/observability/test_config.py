"""`ObservabilityConfig`: its defaults and its limits."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from hawkapi import ObservabilityConfig


def test_defaults() -> None:
    """They are those of the documentation."""
    assert dataclasses.asdict(ObservabilityConfig()) == {
        "enable_tracing": True,
        "enable_logging": True,
        "enable_metrics": True,
        "log_level": "INFO",
        "log_format": "json",
        "trace_sample_rate": 1.0,
        "service_name": "hawkapi",
        "metrics_prefix": "hawkapi",
        "request_id_header": "x-request-id",
    }


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"trace_sample_rate": 1.01}, "trace_sample_rate"),
        ({"trace_sample_rate": -0.01}, "trace_sample_rate"),
        ({"trace_sample_rate": float("nan")}, "trace_sample_rate"),
        ({"log_level": "LOUD"}, "log_level"),
        ({"log_level": 20}, "log_level"),
        ({"log_format": "xml"}, "log_format"),
        ({"service_name": ""}, "service_name"),
        ({"service_name": " "}, "service_name"),
    ],
)
def test_wrong(options: dict[str, Any], field: str) -> None:
    """The error names the field."""
    with pytest.raises(ValueError, match=f"^{field} is "):
        ObservabilityConfig(**options)


@pytest.mark.parametrize("options", [{"trace_sample_rate": 0.0}, {"trace_sample_rate": 1}, {"log_level": "warning"}])
def test_limits(options: dict[str, Any]) -> None:
    """Limits belong to the range, and levels may be written in any case."""
    assert options.items() <= dataclasses.asdict(ObservabilityConfig(**options)).items()


def test_immutable() -> None:
    """It cannot be changed."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ObservabilityConfig().log_level = "DEBUG"  # type: ignore[misc]
