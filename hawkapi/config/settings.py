"""`Settings`: a class of typed values, each from an argument, a variable or a default."""

from __future__ import annotations

import copy
import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from types import EllipsisType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, final

from hawkapi.codec import CodecError
from hawkapi.codec._annotations import class_hints, type_name
from hawkapi.codec.errors import ROOT
from hawkapi.config._masking import is_secret_name, mask_urls, show
from hawkapi.config._reading import build_reader
from hawkapi.config.errors import SettingsError
from hawkapi.config.profiles import Assigned, ProfileFiles, read_profile
from hawkapi.exceptions import UnsupportedTypeError

__all__ = ["Settings", "env_field"]

NOTHING: Final = inspect.Parameter.empty
COPIED: Final[frozenset[type]] = frozenset({bytearray, dict, list, set})
RESERVED: Final = frozenset({"base_dir", "load", "profile"})
"""Names that mean something else where settings are given as arguments."""


@final
class EnvField:
    """Which variable a setting is read from, and what it is without one. Immutable."""

    __slots__ = ("default", "default_factory", "env_var", "parse")

    def __init__(
        self,
        env_var: str,
        default: Any,
        default_factory: Callable[[], Any] | None,
        parse: Callable[[str], Any] | None,
    ) -> None:
        self.env_var = env_var
        self.default = default
        self.default_factory = default_factory
        self.parse = parse

    def __repr__(self) -> str:
        return f"env_field({self.env_var!r})"


def env_field(
    env_var: str,
    default: Any = ...,
    *,
    default_factory: Callable[[], Any] | None = None,
    parse: Callable[[str], Any] | None = None,
) -> Any:
    """Bind a setting to a variable, in the body of a `Settings` class.

    Args:
        env_var: the variable's name.
        default: what the setting is without the variable, as it is; without a default it is required. A list, a dict
            or a set is copied for each instance.
        default_factory: makes the default instead, for each instance.
        parse: makes the value of the variable's text instead of the annotation, and raises `ValueError` for a text
            that it cannot read.

    Raises:
        ValueError: the name is empty or has `=` in it, or there are two defaults.
    """
    if not env_var or "=" in env_var or "\0" in env_var:
        raise ValueError(f"env_field needs the name of a variable, not {env_var!r}")
    if default_factory is not None and not isinstance(default, EllipsisType):
        raise ValueError(f"env_field({env_var!r}) has both default and default_factory; keep one")
    return EnvField(env_var, default, default_factory, parse)


class Settings:
    """The base of classes whose annotated attributes are settings.

    ::

        class AppSettings(Settings):
            port: int = env_field("PORT", default=8000)
            hosts: list[str] = env_field("HOSTS", default_factory=list)
            name: str = "shop"


        settings = AppSettings()

    The value of a setting is, first match wins: the keyword argument of its name, `None` too; its variable in the
    process environment, in `.env.<profile>`, in `.env`; its default. A setting without `env_field` has no variable.
    Attributes that begin with an underscore, and class variables, are no settings.

    Text from a variable, and text given for a setting that has one, is read as the annotation says: numbers, booleans
    (`true`, `yes`, `on`, `1` and their opposites), enums, literals, dates, paths as they are written; lists, sets and
    tuples with commas (`a, b`) or as JSON; dicts, dataclasses and models as JSON. For `T | None` an empty text is
    `None`, unless `T` is text or an array. Other arguments, and defaults, are taken as they are.

    Instances are plain objects, so threads may share one that nobody changes; loading is meant for start-up.

    Args:
        profile: which `.env.<profile>` counts; default `HAWK_ENV`, or else `development`.
        base_dir: where the `.env` files are, default the current directory.
        overrides: settings by name.

    Raises:
        SettingsError: settings are missing or invalid. All of them are named, each with its variable and where its
            value came from (`.env:3`). A `ValueError`.
        TypeError: an argument is no setting; or the class cannot work: a type is not supported, a variable is bound
            without an annotation.
    """

    def __init__(self, /, profile: str | None = None, base_dir: str | Path | None = None, **overrides: Any) -> None:
        cls = type(self)
        fields = read_fields(cls)
        unknown = sorted(overrides.keys() - {field.name for field in fields})
        if unknown:
            known = ", ".join(field.name for field in fields) or "none"
            raise TypeError(f"{cls.__name__} has no settings {', '.join(map(repr, unknown))}; it has: {known}")
        files = read_profile(profile, base_dir)
        problems: list[str] = []
        for field in fields:
            try:
                value = field.value(files, overrides)
            except _FieldError as exc:
                problems.append(str(exc))
            else:
                if value is not NOTHING:
                    setattr(self, field.name, value)
        if problems:
            raise SettingsError(problems, cls.__name__)

    @classmethod
    def load(cls, profile: str | None = None, base_dir: str | Path | None = None, **overrides: Any) -> Self:
        """Return a new instance; the same as calling the class."""
        return cls(profile, base_dir, **overrides)

    if not TYPE_CHECKING:  # A type checker would take any name for a setting.

        def __getattr__(self, name: str) -> Any:
            cls = type(self)
            if name in _names_of(cls) and not hasattr(cls, name):
                raise AttributeError(
                    f"{cls.__name__}.{name} has no value: no env_field, no default, no argument", name=name, obj=self
                )
            return object.__getattribute__(self, name)  # Raises what is raised for any other name.

    def __repr__(self) -> str:
        """Show each setting that has a value; `***` for secrets, by their names or their variables', and for the
        passwords of URLs."""
        cls = type(self)
        shown = ", ".join(
            f"{name}={_shown(cls, name, getattr(self, name))}" for name in _names_of(cls) if hasattr(self, name)
        )
        return f"{cls.__name__}({shown})"


class _FieldError(Exception):
    """One setting is missing or invalid; the text is for `SettingsError`."""


@final
class Field:
    """One setting of a class, as it is loaded."""

    def __init__(self, name: str, annotation: Any, default: object) -> None:
        self.name = name
        self.binding = default if isinstance(default, EnvField) else None
        self._default = default
        self._type_name = type_name(annotation)
        self._read = None if self.binding is None else self.binding.parse or build_reader(annotation)

    def value(self, files: ProfileFiles, overrides: dict[str, Any]) -> Any:
        """Return the value; `NOTHING` for a setting that has none and needs none.

        Raises:
            _FieldError: it is missing or invalid.
        """
        if self.name in overrides:
            given = overrides[self.name]
            return self._value_of(Assigned(given, "the arguments")) if isinstance(given, str) else given
        if self.binding is None:
            # What the class computes for its instances, a property above all, stays as it is.
            return NOTHING if hasattr(type(self._default), "__get__") else _fresh(self._default)
        assigned = files.find(self.binding.env_var)
        return self._make_default(self.binding, files) if assigned is None else self._value_of(assigned)

    def _make_default(self, binding: EnvField, files: ProfileFiles) -> Any:
        if binding.default_factory is not None:
            return binding.default_factory()
        if isinstance(binding.default, EllipsisType):
            places = ", ".join(("the process environment", *files.names))
            raise _FieldError(f"Required setting '{self.name}' (env: {binding.env_var}) is not set; looked in {places}")
        return _fresh(binding.default)

    def _value_of(self, assigned: Assigned) -> Any:
        """Return what a text means; as it is where there is nothing to read it."""
        if self._read is None:
            return assigned.value
        try:
            return self._read(assigned.value)
        except ValueError as exc:
            reason = self._reason(exc)
        # SECURITY: raised here, so that no traceback shows the error with the value in it as the cause.
        assert self.binding is not None
        raise _FieldError(f"Setting '{self.name}' (env: {self.binding.env_var}) from {assigned.source}: {reason}")

    def _reason(self, exc: ValueError) -> str:
        """Return why a text does not fit, without the text where it may be a secret."""
        violations = exc.violations if isinstance(exc, CodecError) else []
        assert self.binding is not None
        names = [self.name, self.binding.env_var, *(violation.place for violation in violations)]
        if any(map(is_secret_name, names)) or "secret" in self._type_name.lower():
            return f"the value does not fit {self._type_name}; it is not shown, because it may be a secret"
        reasons = [
            violation.message if violation.place == ROOT else f"{violation.place}: {violation.message}"
            for violation in violations
        ]
        return mask_urls("; ".join(reasons) or str(exc))


def read_fields(cls: type[Settings]) -> list[Field]:
    """Return the settings of a class, those of its bases first.

    Raises:
        TypeError: one of them cannot be a setting.
    """
    names = _names_of(cls)
    for name in dir(cls):
        if name not in names and isinstance(inspect.getattr_static(cls, name), EnvField):
            raise TypeError(f"{cls.__name__}.{name} is bound to a variable but has no annotation")
    reserved = sorted(RESERVED.intersection(names))
    if reserved:
        raise TypeError(f"{cls.__name__}.{reserved[0]} cannot be a setting: the name has another meaning; rename it")
    hints = class_hints(cls, tuple(names))
    return [_read_field(cls, name, hints[name]) for name in names]


def _read_field(cls: type[Settings], name: str, annotation: Any) -> Field:
    try:
        return Field(name, annotation, inspect.getattr_static(cls, name, NOTHING))
    except UnsupportedTypeError as exc:
        raise UnsupportedTypeError(
            f"{cls.__name__}.{name}: {exc}; env_field takes parse=, a function of the text"
        ) from exc


def _names_of(cls: type) -> list[str]:
    """Return the names of the annotated attributes of a class and its bases that are settings."""
    names: dict[str, None] = {}
    for owner in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(owner).items():
            if not name.startswith("_") and not _is_class_variable(annotation):
                names[name] = None
    return list(names)


def _shown(cls: type, name: str, value: object) -> str:
    """Return the `repr` of a setting, without what its name or its variable's name says is secret."""
    binding = inspect.getattr_static(cls, name, None)
    secret_name = isinstance(binding, EnvField) and is_secret_name(binding.env_var)
    return show(binding.env_var if secret_name else name, value)


def _is_class_variable(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2].strip() == "ClassVar"
    return annotation is ClassVar or typing.get_origin(annotation) is ClassVar


def _fresh(default: object) -> object:
    """Return a default for one instance: a copy of what could be changed."""
    return copy.deepcopy(default) if type(default) in COPIED else default
