"""The errors of looking for what is registered."""

from __future__ import annotations

from hawkapi.exceptions import HawkAPIError

__all__ = ["RouteNotFoundError", "URLPathError"]


class RouteNotFoundError(HawkAPIError, LookupError):
    """There is no route, mount or included router as named; the message says what was looked for."""


class URLPathError(HawkAPIError, ValueError):
    """A path cannot be made with these parameters; the message names the one that is missing, unknown or unfit."""
