"""What is used in place of dependencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hawkapi.di.container import Container


def callables_for(container: Container) -> Mapping[Callable[..., Any], Callable[..., Any]]:
    """Return the replacements in force."""
    return container.replaced
