"""`Scope`: what lives as long as one request, or one unit of work."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, overload

from hawkapi.di._active import ACTIVE
from hawkapi.di._engine import Engine, Everyone
from hawkapi.di._graph import Lifecycle
from hawkapi.di._keeping import ABSENT, Keeper, Outcome
from hawkapi.di._making import Resolver

__all__ = ["Scope"]


class Scope:
    """Makes and keeps scoped instances until it is left; made by `container.scope()`.

    One event loop's, whose tasks may use it at the same time.
    """

    __slots__ = ("_engine", "_everyone", "_found", "_keeper")

    def __init__(self, engine: Engine, everyone: Everyone | None = None) -> None:
        self._engine = engine
        # The overrides for everyone that count here to the end; None stands for those that do when they are needed.
        self._everyone = everyone
        self._keeper = Keeper("the scope")
        # What no override had a part in, by what it was asked for with. Only tasks of one loop write it. Another one
        # takes its place when the scope is closed, so what is found too late is not found again.
        self._found: dict[tuple[Any, str | None], Any] = {}

    @overload
    async def resolve[T](self, service_type: type[T], name: str | None = None) -> T: ...
    @overload
    async def resolve(self, service_type: Any, name: str | None = None) -> Any: ...
    async def resolve(self, service_type: Any, name: str | None = None) -> Any:
        """Return the instance of a type: this scope's own, or one that lives longer, or a new transient.

        Args:
            name: of a named provider; where there is none, the unnamed one.

        Raises:
            ProviderNotFoundError: a LookupError; nothing makes the type, or what a factory needs.
            ScopeClosedError: a RuntimeError; the scope has been left.
        """
        # PERF: what was asked for before is found with one look.
        engine = self._engine
        everyone = engine.everywhere if self._everyone is None else self._everyone
        if everyone or ACTIVE.get():
            return await engine.resolve(service_type, name, everyone, self._keeper)
        key, found = (service_type, name), self._found
        value = found.get(key, ABSENT)
        if value is ABSENT:
            view = engine.view
            value = await Resolver(engine.lives, view, self._keeper).resolve(service_type, name)
            provider = view.find(service_type, name)
            if provider is not None and provider.lifecycle is not Lifecycle.TRANSIENT:
                found[key] = value
        return value

    async def aclose(self, exc: BaseException | None = None) -> None:
        """Close the scope's instances, the last one first; a second call does nothing.

        Args:
            exc: thrown into yield factories; one of them may raise another in its place.

        Raises:
            ExceptionGroup: instances failed to close; all were tried.
        """
        outcome = Outcome("closing a scope failed", exc)
        await self._keeper.leave(outcome)
        self._found = {}
        outcome.finish()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose(exc)
