"""`RouteKeys`: by what middleware that counts tells routes apart."""

from __future__ import annotations

from typing import Final, final

from hawkapi.routing.matched import UNMATCHED, matched_template
from hawkapi.types import Scope

__all__ = ["RouteKeys"]

MAX_PATHS: Final = 1000
"""Paths that are told apart around an application without a route table of ours; clients make paths up."""


@final
class RouteKeys:
    """Names the route of a request: its path template, or its path where no application of hawkapi is around.

    Thread-safe.
    """

    __slots__ = ("_paths",)

    def __init__(self) -> None:
        # THREADS: relies on single operations of a dict being atomic. Threads that come at the same moment may each
        # add one path more than there should be; none is ever removed.
        self._paths: dict[str, None] = {}

    def key_of(self, scope: Scope) -> str:
        """Return the name; there are as many as the application has routes, or a thousand."""
        template = matched_template(scope)
        if template is not None:
            return template
        path: str = scope["path"]
        if path not in self._paths:
            if len(self._paths) >= MAX_PATHS:
                return UNMATCHED
            self._paths[path] = None
        return path
