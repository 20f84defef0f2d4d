"""What is wrong with a gRPC mount."""

from __future__ import annotations

from hawkapi.exceptions import HawkAPIError

__all__ = ["ConfigurationError"]


class ConfigurationError(HawkAPIError, ValueError):
    """A gRPC server cannot be what was asked for; the message says what to change."""
