"""Dependency injection: what handlers ask for beside what the request brings."""

from hawkapi.di.depends import Dependency as Dependency
from hawkapi.di.depends import Depends as Depends

__all__ = ["Dependency", "Depends"]
