"""Annotations as Python gives them: names resolved, type variables replaced, wrappers taken off.

Nothing here knows what a codec supports; `_model` decides that.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from typing import Any, Final, TypeAliasType, TypeVar

from hawkapi.exceptions import UnsupportedTypeError

MARKER_PACKAGES: Final = frozenset({"annotated_types", "fastapi", "litestar", "msgspec", "pydantic", "pydantic_core"})
"""Whose objects in `Annotated`, or as defaults, ask for something: they must not be ignored in silence."""


def package_of(value: Any) -> str:
    """Return the top-level package that an object's class, or a class, comes from."""
    owner = value if isinstance(value, type) else type(value)
    return owner.__module__.partition(".")[0]


def is_marker(value: Any) -> bool:
    """Whether an object is another library's way to ask for something."""
    return package_of(value) in MARKER_PACKAGES


def is_unset_type(annotation: Any) -> bool:
    """Whether an annotation is the type of `UNSET`, ours or msgspec's."""
    return isinstance(annotation, type) and annotation.__name__ == "UnsetType" and _is_ours(annotation)


def is_unset(value: Any) -> bool:
    """Whether a value is `UNSET`, ours or msgspec's."""
    return is_unset_type(type(value))


def _is_ours(value: Any) -> bool:
    return package_of(value) in {"hawkapi", "msgspec"}


def _is_class(annotation: Any) -> bool:
    """Whether an annotation is a class by itself, without type arguments."""
    return isinstance(annotation, type) and typing.get_origin(annotation) is None


def type_name(annotation: Any) -> str:
    """Return the name of a type as a person would write it."""
    if _is_class(annotation):
        name: str = annotation.__qualname__
        return name
    return str(annotation).replace("typing.", "")


def substitute(annotation: Any, variables: dict[Any, Any]) -> Any:
    """Replace the type variables in an annotation; those that `variables` does not have become what they allow."""
    if isinstance(annotation, TypeVar):
        return variables.get(annotation, annotation)
    parameters = getattr(annotation, "__parameters__", ())
    if not parameters or _is_class(annotation):
        return annotation
    if any(not isinstance(parameter, TypeVar) for parameter in parameters):
        raise UnsupportedTypeError(f"type {type_name(annotation)} has parameters that are not supported yet")
    return annotation[tuple(variables.get(parameter, parameter) for parameter in parameters)]


def allowed_by(variable: TypeVar) -> Any:
    """Return what an unreplaced type variable may be: its default (PEP 696), its bound, its choices, or anything."""
    has_default = getattr(variable, "has_default", None)
    if has_default is not None and has_default():
        return getattr(variable, "__default__", Any)
    if variable.__bound__ is not None:
        return variable.__bound__
    return typing.Union[variable.__constraints__] if variable.__constraints__ else Any  # noqa: UP007 - made of a tuple


def expand_alias(annotation: Any) -> Any:
    """Return what a `type` alias, parametrised or not, stands for."""
    origin = typing.get_origin(annotation)
    alias: Any = annotation if isinstance(annotation, TypeAliasType) else origin
    value = alias.__value__
    if isinstance(value, str):
        value = eval(value, vars(sys.modules[alias.__module__]))  # noqa: S307 - the user's own source
    return substitute(value, dict(zip(alias.__type_params__, typing.get_args(annotation), strict=False)))


def is_alias(annotation: Any) -> bool:
    """Whether an annotation was made by a `type` statement, parametrised or not."""
    return isinstance(annotation, TypeAliasType) or isinstance(typing.get_origin(annotation), TypeAliasType)


def class_hints(annotation: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the annotations of a class's members, inherited ones too, with its type arguments put in.

    Args:
        annotation: the class, or the class with type arguments.
        names: the members that are wanted; others (class variables) may name what does not exist at run time.

    Raises:
        UnsupportedTypeError: an annotation names something that its module does not define.
    """
    cls = typing.get_origin(annotation) or annotation
    bound = _bindings(cls, typing.get_args(annotation))
    if typing.is_typeddict(cls):
        return _typed_dict_hints(cls, bound)
    hints: dict[str, Any] = {}
    for owner in reversed(cls.__mro__):
        own = {name: hint for name, hint in inspect.get_annotations(owner).items() if name in names}
        for name, hint in _resolved(own, owner).items():
            hints[name] = substitute(hint, bound.get(owner, {}))
    return hints


def _typed_dict_hints(cls: Any, bound: dict[Any, dict[Any, Any]]) -> dict[str, Any]:
    """Return the members of a typed dictionary, which has no bases any more when it is looked at."""
    variables: dict[Any, Any] = {}
    for owner in reversed(list(bound)):
        variables.update(bound[owner])
    try:
        hints = typing.get_type_hints(cls, localns={cls.__name__: cls}, include_extras=True)
    except NameError as exc:
        raise _unknown(cls, exc) from exc
    return {name: substitute(hint, variables) for name, hint in hints.items()}


def _resolved(own: dict[str, Any], owner: Any) -> dict[str, Any]:
    """Evaluate the annotations of one class that are still text."""
    module = sys.modules.get(owner.__module__)
    names: dict[str, Any] = module.__dict__ if module is not None else {}
    namespace: dict[str, Any] = {
        owner.__name__: owner,
        **{parameter.__name__: parameter for parameter in getattr(owner, "__type_params__", ())},
        **names,
    }
    holder = types.SimpleNamespace(__annotations__=own)
    try:
        # The module's names come before those of the class, where defaults stand under the names of their fields.
        return typing.get_type_hints(holder, globalns={**vars(owner)}, localns=namespace, include_extras=True)
    except NameError as exc:
        raise _unknown(owner, exc) from exc


def _unknown(cls: Any, exc: NameError) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"type {type_name(cls)} names {exc.name!r}, which its module does not define")


def _bindings(cls: Any, arguments: tuple[Any, ...]) -> dict[Any, dict[Any, Any]]:
    """Return, for a class and each generic base, what its type variables are replaced with."""
    parameters = getattr(cls, "__parameters__", ())
    own = dict(zip(parameters, arguments, strict=False))
    found: dict[Any, dict[Any, Any]] = {cls: own}
    for base in types.get_original_bases(cls) if isinstance(cls, type) else ():
        origin = typing.get_origin(base) or base
        if origin in {typing.Generic, typing.Protocol} or not isinstance(origin, type):
            continue
        inner = tuple(substitute(argument, own) for argument in typing.get_args(base))
        for owner, variables in _bindings(origin, inner).items():
            found.setdefault(owner, variables)
    return found
