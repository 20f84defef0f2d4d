"""`Route`: one handler at one path template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Route"]


@dataclass(frozen=True, slots=True)
class Route:
    """What was registered. Immutable, so it may be shared by threads."""

    path: str
    """The full template, prefix included, normalised: one leading slash, none at the end."""
    handler: Callable[..., Any]
    methods: frozenset[str]
    """Upper-case; `GET` brings `HEAD` with it."""
    name: str
    """What the route is called; the handler's name unless one was given."""
    status_code: int = 200
    """The status of a response that the handler does not make itself."""
