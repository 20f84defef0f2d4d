"""An application together with the sources of its project: what the rules about both look at."""

from __future__ import annotations

from collections.abc import Iterator

from hawkapi.app import HawkAPI
from hawkapi.di._graph import Lifecycle
from hawkapi.doctor._functions import Function, Functions
from hawkapi.doctor._kept import Kept
from hawkapi.doctor._meanings import UNKNOWN, Meanings, Use
from hawkapi.doctor._project import Project
from hawkapi.doctor._request_code import RequestCode, applications_of, parts_of
from hawkapi.doctor._sharing import Sharing

__all__ = ["Survey"]


class Survey:
    """An application that has been read. Made for one look at it: what changes afterwards is not seen.

    Reading imports nothing and calls nothing of the application.

    Args:
        app: the application.
    """

    def __init__(self, app: HawkAPI) -> None:
        self.app = app
        apps = applications_of(app)
        parts = [part for each in apps for part in parts_of(each)]
        values = [part.value for part in parts]
        providers = [provider for each in apps for provider in each.container.engine.view.providers.values()]
        factories = [provider.factory for provider in providers]
        self.project = Project(app, [*values, *factories])
        """The modules."""
        self.functions = Functions(self.project.modules)
        """All functions in them."""
        self.kept = Kept(apps, self.project, self.functions, [*values, *app.plugins])
        """What lives as long as the application."""
        self.singletons = [provider for provider in providers if provider.lifecycle is Lifecycle.SINGLETON]
        """The container's providers of what all requests share."""
        self.meanings = Meanings(app, frozenset(self._singleton_classes()), self.functions)
        """Of the expressions in the functions."""
        self.request_code = RequestCode(parts, self.project, self.functions, self.meanings)
        """The functions that run for requests."""
        self.sharing = Sharing(app, self.project, self.functions, self.meanings, self.request_code)
        """What of the things that they change all requests share."""

    def _singleton_classes(self) -> Iterator[type]:
        for provider in self.singletons:
            for cls in (provider.key[0], provider.factory):
                if isinstance(cls, type) and self.project.is_own(cls):
                    yield cls

    def use_of(self, function: Function) -> Use:
        """Return a function as it is called on an object that is kept, where there is one; whoever calls it."""
        owner = function.owner
        cls = function.module.namespace.get(owner.name) if owner is not None else None
        if not isinstance(cls, type):
            return Use(function)
        instance = self.kept.instances.get(cls, UNKNOWN)
        return Use(function, cls, instance is not UNKNOWN or cls in self._singleton_classes(), instance)
