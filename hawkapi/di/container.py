"""The container of providers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hawkapi.di.scopes import Scope


class Container:
    """Makes what it has providers for."""

    def __init__(self) -> None:
        self.replaced: Mapping[Callable[..., Any], Callable[..., Any]] = MappingProxyType({})

    def has(self, type_: Any, name: str | None = None) -> bool:
        """Whether there is a provider."""
        return False

    def scope(self) -> Scope:
        """Return a new scope."""
        return Scope()
