"""One use of a container."""

from __future__ import annotations

from typing import Any


class Scope:
    """What a container makes for one request."""

    async def resolve(self, type_: Any, name: str | None = None) -> Any:
        """Return what a provider makes."""
        raise LookupError(type_)

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
