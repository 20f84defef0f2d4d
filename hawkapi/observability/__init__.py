"""Health probes, and what an application tells of itself: traces, logs and counts of its requests.

Names are loaded when they are first asked for (PEP 562): every application has probes, and not all of them the rest.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hawkapi.observability.config import ObservabilityConfig
    from hawkapi.observability.metrics import InMemoryMetrics
    from hawkapi.observability.middleware import ObservabilityMiddleware

__all__ = ["InMemoryMetrics", "ObservabilityConfig", "ObservabilityMiddleware"]

_HOME_OF = {
    "InMemoryMetrics": "metrics",
    "ObservabilityConfig": "config",
    "ObservabilityMiddleware": "middleware",
}
"""The module of this package that each name comes from."""


if not TYPE_CHECKING:  # A type checker would accept any name of a module that has `__getattr__`.

    def __getattr__(name: str) -> object:
        """Load a name when it is first asked for, and keep it; every thread that comes first stores the same object."""
        module = _HOME_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return value
