"""`Depends`: says that a parameter is made by calling something, or comes from the container."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

from hawkapi._callables import callable_name

__all__ = ["Dependency", "Depends"]

SCOPES: Final = ("request", "function")


class Dependency:
    """Marks a parameter as a dependency, in `Annotated[T, Depends(...)]` or as its default.

    With a callable, a function, coroutine function, generator, async generator, class or object with `__call__`, the
    parameter is what that returns or yields. Without one it is what the container makes for the annotated type; with a
    type as the only argument in a container's factory it is that type's. Never changed, so threads may share it.

    Args:
        dependency: what is called; its own parameters are filled as those of a handler are.
        name: of a named provider in the container; where there is none, the unnamed one.
        use_cache: call it once per request however many parameters ask for it, default yes.
        scope: when a generator goes on after its `yield`: `"request"`, the default, after the response has been sent;
            `"function"` before, so that what it raises then becomes the response.

    Raises:
        TypeError: the dependency cannot be called, or is the class of a security scheme.
        ValueError: the scope is neither of the two.
    """

    __slots__ = ("dependency", "name", "scope", "use_cache")

    written_as = "Depends"
    """What users call the class; a subclass says what it is called."""

    def __init__(
        self,
        dependency: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        use_cache: bool = True,
        scope: Literal["request", "function"] = "request",
    ) -> None:
        if dependency is not None and not callable(dependency):
            raise TypeError(
                f"{self.written_as} needs something that can be called, not {dependency!r}{_remedy(dependency)}"
            )
        # SECURITY: calling the class makes a scheme, which then asks nobody for anything, and the route is open.
        if isinstance(dependency, type) and hasattr(dependency, "openapi_scheme"):
            raise TypeError(
                f"{self.written_as}({dependency.__name__}) names the class of a security scheme, which guards nothing; "
                f"write {self.written_as}({dependency.__name__}(...))"
            )
        if scope not in SCOPES:
            raise ValueError(f"scope is {scope!r}; it is 'request' or 'function'")
        self.dependency = dependency
        self.name = name
        self.use_cache = use_cache
        self.scope = scope

    def __repr__(self) -> str:
        if self.dependency is not None:
            return f"{self.written_as}({callable_name(self.dependency)})"
        return f"{self.written_as}(name={self.name!r})" if self.name is not None else f"{self.written_as}()"


def _remedy(value: object) -> str:
    """Return the end of an error's sentence: what to do about what a function returned, or nothing."""
    was_called = isinstance(value, Coroutine | Generator | AsyncGenerator)
    return "; write the function's name without parentheses behind it" if was_called else ""


class SelfMade:
    """The base of classes whose instances the framework makes by calling them, as a dependency that is the type itself.

    `Depends()` for such a type calls it, unless the container has a provider for it, and without a marker so too.
    """


def check_guards(markers: Iterable[object] | None) -> tuple[Dependency, ...]:
    """Return the elements of `dependencies=`, none for `None`; raises as `check_guard`."""
    if isinstance(markers, Dependency):
        raise TypeError(f"dependencies= takes a list: write dependencies=[{markers!r}]")
    return tuple(check_guard(marker) for marker in markers or ())


def check_guard(marker: object) -> Dependency:
    """Return an element of `dependencies=`.

    Raises:
        TypeError: it is not a `Depends(...)`.
        ValueError: it has nothing to call.
    """
    if isinstance(marker, type) and issubclass(marker, Dependency):
        marker = marker()
    if not isinstance(marker, Dependency):
        raise TypeError(f"dependencies= takes Depends(...) only, not {marker!r}")
    if marker.dependency is None:
        raise ValueError(f"dependencies= runs what is called, and {marker!r} has nothing to call")
    return marker


if TYPE_CHECKING:
    # As the default of a parameter it stands for a value of whatever type that has, which a class cannot say.
    def Depends(
        dependency: Callable[..., Any] | None = None,
        *,
        name: str | None = None,
        use_cache: bool = True,
        scope: Literal["request", "function"] = "request",
    ) -> Any:
        """Make a `Dependency`."""
else:
    Depends = Dependency
