"""Dependency injection: what handlers ask for beside what the request brings."""

from hawkapi.di.container import Container as Container
from hawkapi.di.container import Lifecycle as Lifecycle
from hawkapi.di.depends import Dependency as Dependency
from hawkapi.di.depends import Depends as Depends
from hawkapi.di.overrides import override as override
from hawkapi.di.scopes import Scope as Scope

__all__ = ["Container", "Dependency", "Depends", "Lifecycle", "Scope", "override"]
