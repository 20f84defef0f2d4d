"""`Security` and `SecurityScopes`: dependencies that are told which scopes the route asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, final

from hawkapi._callables import callable_name
from hawkapi.di.depends import Dependency

__all__ = ["Security", "SecurityDependency", "SecurityScopes"]


@final
@dataclass(frozen=True, slots=True)
class SecurityScopes:
    """The scopes that a route asks for: a parameter of this type is given them.

    They are those of every `Security` on the way to the handler: in `dependencies=` of its routers and its own, in its
    parameters, and in what these depend on; sorted, each once. Immutable, so threads may share it.
    """

    scopes: tuple[str, ...] = ()

    @property
    def scope_str(self) -> str:
        """The scopes with spaces between them, as `scope` is written in OAuth 2 (RFC 6749 section 3.3)."""
        return " ".join(self.scopes)


class SecurityDependency(Dependency):
    """A dependency with scopes, in `Annotated[T, Security(...)]` or as a parameter's default.

    The scopes mean nothing to hawkapi itself: they reach dependencies that ask for `SecurityScopes`, which decide, and
    the API's description. Never changed, so threads may share it.

    Args:
        dependency: what is called; as for `Depends`.
        scopes: what the client must be allowed to do, default nothing.
        name: as for `Depends`.
        use_cache: as for `Depends`; the same dependency with other scopes is called once more.
        scope: as for `Depends`.

    Raises:
        TypeError: the dependency cannot be called, or is the class of a scheme, or the scopes are one text instead of
            several.
        ValueError: `scope` is unknown.
    """

    __slots__ = ("scopes",)

    written_as = "Security"

    def __init__(
        self,
        dependency: Callable[..., Any] | None = None,
        *,
        scopes: Iterable[str] | None = None,
        name: str | None = None,
        use_cache: bool = True,
        scope: Literal["request", "function"] = "request",
    ) -> None:
        super().__init__(dependency, name=name, use_cache=use_cache, scope=scope)
        # A type checker takes a text for an iterable of texts; its letters are no scopes.
        if isinstance(scopes, str):
            raise TypeError(f"scopes is the text {scopes!r}; write a list: scopes=[{scopes!r}]")
        self.scopes = list(scopes or ())

    def __repr__(self) -> str:
        parts = [] if self.dependency is None else [callable_name(self.dependency)]
        parts += [] if self.name is None else [f"name={self.name!r}"]
        parts += [f"scopes={self.scopes!r}"] if self.scopes else []
        return f"{self.written_as}({', '.join(parts)})"


if TYPE_CHECKING:
    # As the default of a parameter it stands for a value of whatever type that has, which a class cannot say.
    def Security(
        dependency: Callable[..., Any] | None = None,
        *,
        scopes: Iterable[str] | None = None,
        name: str | None = None,
        use_cache: bool = True,
        scope: Literal["request", "function"] = "request",
    ) -> Any:
        """Make a `SecurityDependency`."""
else:
    Security = SecurityDependency
