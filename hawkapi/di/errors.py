"""What can be wrong with a container, as errors that say what to do."""

from __future__ import annotations

from hawkapi.exceptions import HawkAPIError

__all__ = [
    "CircularDependencyError",
    "LifecycleError",
    "ProviderNotFoundError",
    "ScopeClosedError",
    "ScopeRequiredError",
]


class ProviderNotFoundError(HawkAPIError, LookupError):
    """Nothing is registered that makes a type which is needed."""


class CircularDependencyError(HawkAPIError, ValueError):
    """A factory needs, through others, what it makes itself; the message shows the way round."""


class LifecycleError(HawkAPIError, ValueError):
    """What lives longer would keep what lives shorter; the message names both."""


class ScopeRequiredError(HawkAPIError, RuntimeError):
    """A scoped type was asked for where there is no scope."""


class ScopeClosedError(HawkAPIError, RuntimeError):
    """What would own a new instance has been closed."""
