"""The portable `Struct`: what msgspec's is, in pure Python.

A class is read once, when it is defined: its members are gathered from bases and annotations, and an `__init__` is
generated for it, as `dataclasses` does, because a loop over members would cost several times as much per object.
Attributes that other modules read have msgspec's names and shapes (`__struct_fields__` and so on), so both kinds of
Struct are described alike.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple, Self, dataclass_transform, final, get_origin

from hawkapi.codec._encoder import is_default

type Rename = str | Callable[[str], str | None] | Mapping[str, str] | None


@final
class NoDefault:
    """The type of `NODEFAULT`."""

    def __repr__(self) -> str:
        return "NODEFAULT"


NODEFAULT: Final = NoDefault()
"""In the place of a default: the field has none."""


@final
class Factory:
    """In the place of a default: a function that makes it."""

    __slots__ = ("factory",)

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.factory = factory

    def __repr__(self) -> str:
        return f"Factory({self.factory!r})"


@final
class FieldOptions:
    """What `field` returns: how one member differs from a plain one."""

    __slots__ = ("default", "name")

    def __init__(self, default: Any, name: str | None) -> None:
        self.default = default
        self.name = name


def field(*, default: Any = NODEFAULT, default_factory: Any = NODEFAULT, name: str | None = None) -> Any:
    """Describe a member of a Struct.

    Args:
        default: its value where it is absent; an empty list, dict, set or bytearray is made anew each time.
        default_factory: a function that makes it.
        name: its name in JSON; comes before `rename`.

    Raises:
        TypeError: there is both a default and a factory, or the factory cannot be called.
    """
    if default_factory is NODEFAULT:
        return FieldOptions(default, name)
    if default is not NODEFAULT:
        raise TypeError("Cannot set both `default` and `default_factory`")
    if not callable(default_factory):
        raise TypeError("default_factory must be callable")
    return FieldOptions(Factory(default_factory), name)


class StructConfig(NamedTuple):
    """The options of a Struct class."""

    frozen: bool = False
    eq: bool = True
    order: bool = False
    array_like: bool = False
    gc: bool = True
    repr_omit_defaults: bool = False
    omit_defaults: bool = False
    forbid_unknown_fields: bool = False
    weakref: bool = False
    dict: bool = False
    cache_hash: bool = False
    tag: str | int | None = None
    tag_field: str | None = None
    rename: Rename = None
    tag_option: Any = None
    """The tag as it was given, which subclasses inherit: `True` means their own name."""


_SWITCHES: Final = StructConfig._fields[: StructConfig._fields.index("tag")]


class _Declared(NamedTuple):
    """The members of a class, inherited ones first, keyword-only ones last."""

    defaults: dict[str, Any]
    encoded: dict[str, str]
    keyword_only: frozenset[str]


@dataclass_transform(field_specifiers=(field,))
class StructMeta(type):
    """The class of Struct classes."""

    __struct_fields__: tuple[str, ...]
    __struct_encode_fields__: tuple[str, ...]
    __struct_defaults__: tuple[Any, ...]
    __struct_config__: StructConfig
    __struct_keyword_only__: frozenset[str]

    def __new__(
        mcs,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        kw_only: bool = False,
        **options: Any,
    ) -> Any:
        """Make a class; for its options see `Struct`."""
        parents = [base for base in bases if isinstance(base, StructMeta)]
        if not parents and "__struct_root__" not in namespace:
            raise TypeError("a class of Structs must derive from Struct")
        config = _read_config(name, parents, options)
        declared = _gather(parents, namespace, config, kw_only)
        own = [key for key in _own_annotations(namespace) if key in declared.defaults]
        inherited = {key for parent in parents for key in parent.__struct_fields__}
        body = {key: value for key, value in namespace.items() if key not in own}
        body.pop("__struct_root__", None)
        body["__slots__"] = (
            *[key for key in own if key not in inherited],
            *["__dict__"] * (config.dict and not any(base.__dictoffset__ for base in bases)),
            *["__weakref__"] * (config.weakref and not any(base.__weakrefoffset__ for base in bases)),
        )
        if sys.version_info < (3, 14):
            body["__annotations__"] = namespace.get("__annotations__", {})
        cls = super().__new__(mcs, name, bases, body)
        _complete(cls, declared, config)
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> None:
        super().__init__(name, bases, namespace)


def _own_annotations(namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the annotations of a class body that declare members."""
    if sys.version_info >= (3, 14):
        import annotationlib  # Only there since 3.14.

        annotate = annotationlib.get_annotate_from_class_namespace(namespace)
        found: dict[str, Any] = {}
        if annotate is not None:
            found = annotationlib.call_annotate_function(annotate, annotationlib.Format.FORWARDREF)
    else:
        found = namespace.get("__annotations__", {})
    return {name: hint for name, hint in found.items() if not _is_class_variable(hint)}


def _is_class_variable(hint: Any) -> bool:
    if isinstance(hint, str):
        return hint.startswith(("ClassVar", "typing.ClassVar"))
    return hint is ClassVar or get_origin(hint) is ClassVar


def _read_config(name: str, parents: list[Any], options: dict[str, Any]) -> StructConfig:
    """Return the options of a class: those given, else those of its bases.

    Raises:
        TypeError: an option does not exist, or two contradict each other.
    """
    config = StructConfig()
    for parent in reversed(parents):
        inherited = parent.__struct_config__
        config = inherited if config == StructConfig() else _joined(config, inherited)
    unknown = sorted(options.keys() - set(_SWITCHES) - {"tag", "tag_field", "rename"})
    if unknown:
        raise TypeError(f"Struct has no option {unknown[0]!r}")
    given: dict[str, Any] = {key: bool(options[key]) for key in _SWITCHES if options.get(key) is not None}
    config = config._replace(**given)
    if options.get("rename") is not None:
        config = config._replace(rename=options["rename"])
    if config.order and not config.eq:
        raise ValueError("Cannot set eq=False and order=True")
    return _with_tag(name, config, options.get("tag"), options.get("tag_field"))


def _joined(one: StructConfig, other: StructConfig) -> StructConfig:
    default = StructConfig()
    changed = {
        key: value for key, value, usual in zip(StructConfig._fields, other, default, strict=True) if value != usual
    }
    return one._replace(**changed)


def _with_tag(name: str, config: StructConfig, tag: Any, tag_field: str | None) -> StructConfig:
    option = config.tag_option if tag is None else tag
    wanted_field = tag_field if tag_field is not None else config.tag_field
    if option is None and wanted_field is not None:
        option = True
    if option is None or option is False:
        return config._replace(tag=None, tag_field=None, tag_option=None)
    value = name if option is True else option(name) if callable(option) else option
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError("`tag` must be a `str` or an `int`")
    return config._replace(tag=value, tag_field=wanted_field or "type", tag_option=option)


def _gather(parents: list[Any], namespace: dict[str, Any], config: StructConfig, kw_only: bool) -> _Declared:
    """Gather the members of a class.

    Raises:
        TypeError: a required member follows one with a default, two members have one name in JSON, or a name clashes
            with the tag.
    """
    defaults: dict[str, Any] = {}
    encoded: dict[str, str] = {}
    keyword_only: set[str] = set()
    for parent in reversed(parents):
        _inherit(parent, defaults, encoded, keyword_only)
    for name in _own_annotations(namespace):
        declared = namespace.get(name, NODEFAULT)
        options = declared if isinstance(declared, FieldOptions) else FieldOptions(declared, None)
        defaults.pop(name, None)
        defaults[name] = _safe_default(name, options.default)
        encoded[name] = options.name if options.name is not None else rename_field(name, config.rename)
        (keyword_only.add if kw_only else keyword_only.discard)(name)
    names = [name for name in defaults if name not in keyword_only]
    _check_order(names, defaults)
    names += [name for name in defaults if name in keyword_only]
    _check_names([encoded[name] for name in names], config)
    return _Declared(
        {name: defaults[name] for name in names}, {name: encoded[name] for name in names}, frozenset(keyword_only)
    )


def _inherit(parent: Any, defaults: dict[str, Any], encoded: dict[str, str], keyword_only: set[str]) -> None:
    names = parent.__struct_fields__
    kept = parent.__struct_defaults__
    padded = (*[NODEFAULT] * (len(names) - len(kept)), *kept)
    for name, written, default in zip(names, parent.__struct_encode_fields__, padded, strict=True):
        defaults.pop(name, None)
        defaults[name], encoded[name] = default, written
        (keyword_only.add if name in parent.__struct_keyword_only__ else keyword_only.discard)(name)


def _safe_default(name: str, default: Any) -> Any:
    """Return a default; an empty mutable one is made anew each time, a filled one is refused."""
    if type(default) in {list, dict, set, bytearray}:
        if default:
            raise TypeError(
                f"the default of field {name!r} is a {type(default).__name__} that all objects would share; "
                "use `field(default_factory=...)`"
            )
        make: type[Any] = type(default)  # pyright: ignore[reportUnknownVariableType] - items of any type
        return Factory(make)
    return default


def _check_order(names: list[str], defaults: dict[str, Any]) -> None:
    optional = False
    for name in names:
        if defaults[name] is not NODEFAULT:
            optional = True
        elif optional:
            raise TypeError(
                f"Required field {name!r} cannot follow optional fields. Either reorder the struct fields, "
                "or set `kw_only=True` in the struct definition."
            )


def _check_names(encoded: list[str], config: StructConfig) -> None:
    if config.tag_field is not None and config.tag_field in encoded:
        raise ValueError(f"Multiple fields rename to the same name, or to that of the tag: {config.tag_field!r}")
    if len(set(encoded)) != len(encoded):
        raise ValueError("Multiple fields rename to the same name, field names must be unique")


def rename_field(name: str, rename: Rename) -> str:
    """Return the name of a member in JSON.

    Raises:
        ValueError: the way to rename does not exist.
    """
    if rename is None:
        return name
    if isinstance(rename, Mapping):
        names: Mapping[str, str] = rename  # pyright: ignore[reportUnknownVariableType] - as `Rename` says
        return names.get(name, name)
    if callable(rename):
        renamed = rename(name)
        return name if renamed is None else renamed
    if rename == "lower":
        return name.lower()
    if rename == "upper":
        return name.upper()
    if rename == "kebab":
        return name.strip("_").replace("_", "-")
    if rename in {"camel", "pascal"}:
        return _capitalised(name, first=rename == "pascal")
    raise ValueError(f"rename={rename!r} is not known: use lower, upper, camel, pascal, kebab, a function or a mapping")


def _capitalised(name: str, *, first: bool) -> str:
    """Join the words of a name, each with a capital; the first only if wanted; leading underscores stay."""
    leading = name[: len(name) - len(name.lstrip("_"))]
    parts = [part for part in name.split("_") if part] or [""]
    joined = [part.title() for part in parts]
    if not first:
        joined[0] = parts[0]
    return leading + "".join(joined)


def _complete(cls: Any, declared: _Declared, config: StructConfig) -> None:
    """Give a new class what its members decide."""
    names = tuple(declared.defaults)
    kept = list(declared.defaults.values())
    while kept and kept[0] is NODEFAULT:
        del kept[0]
    cls.__struct_fields__ = names
    cls.__struct_encode_fields__ = tuple(declared.encoded[name] for name in names)
    cls.__struct_defaults__ = tuple(kept)
    cls.__struct_config__ = config
    cls.__struct_keyword_only__ = declared.keyword_only
    positional = tuple(name for name in names if name not in declared.keyword_only)
    type.__setattr__(cls, "__match_args__", positional)
    if "__init__" not in cls.__dict__:
        cls.__init__ = _make_init(cls, declared, config)
    _add_comparisons(cls, config)


def _make_init(cls: Any, declared: _Declared, config: StructConfig) -> Any:
    """Generate `__init__`: keyword or positional, defaults made per call, then `__post_init__`."""
    namespace: dict[str, Any] = {"_NODEFAULT": NODEFAULT}
    parameters = ["_self"]
    body: list[str] = []
    marked = False
    for index, (name, default) in enumerate(declared.defaults.items()):
        if name in declared.keyword_only and not marked:
            parameters.append("*")
            marked = True
        namespace[f"_set{index}"] = getattr(cls, name).__set__
        value = name
        if isinstance(default, Factory):
            namespace[f"_make{index}"] = default.factory
            parameters.append(f"{name}=_NODEFAULT")
            value = f"_make{index}() if {name} is _NODEFAULT else {name}"
        elif default is not NODEFAULT:
            namespace[f"_default{index}"] = default
            parameters.append(f"{name}=_default{index}")
        else:
            parameters.append(name)
        # A frozen class refuses plain assignment, also here.
        body.append(f"    _set{index}(_self, {value})" if config.frozen else f"    _self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("    _self.__post_init__()")
    source = f"def __init__({', '.join(parameters)}):\n" + ("\n".join(body) or "    pass")
    exec(source, namespace)  # noqa: S102 - made of the names of fields only
    init = namespace["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    return init


def _add_comparisons(cls: Any, config: StructConfig) -> None:
    own = cls.__dict__
    if not config.eq:
        cls.__eq__, cls.__hash__ = object.__eq__, object.__hash__
    elif "__eq__" not in own:
        cls.__eq__ = _equal
        if "__hash__" not in own or own["__hash__"] is None:
            cls.__hash__ = _hash if config.frozen else None
    if config.order:
        for name, compare in _ORDERINGS.items():
            if name not in own:
                setattr(cls, name, compare)
    if config.frozen and "__setattr__" not in own:
        cls.__setattr__ = _refuse_change
        cls.__delattr__ = _refuse_deletion


def _values(instance: Any) -> tuple[Any, ...]:
    return tuple(getattr(instance, name) for name in instance.__struct_fields__)


def _equal(self: Any, other: object) -> Any:
    if type(self) is not type(other):
        return NotImplemented
    return _values(self) == _values(other)


def _hash(self: object) -> int:
    return hash((type(self), *_values(self)))


def _refuse_change(self: Any, _name: str, _value: object) -> None:
    raise AttributeError(f"immutable type: '{type(self).__name__}'")


def _refuse_deletion(self: Any, _name: str) -> None:
    raise AttributeError(f"immutable type: '{type(self).__name__}'")


def _less(self: Any, other: object) -> bool:
    return _values(self) < _values(other) if type(self) is type(other) else NotImplemented


def _at_most(self: Any, other: object) -> bool:
    return _values(self) <= _values(other) if type(self) is type(other) else NotImplemented


def _greater(self: Any, other: object) -> bool:
    return _values(self) > _values(other) if type(self) is type(other) else NotImplemented


def _at_least(self: Any, other: object) -> bool:
    return _values(self) >= _values(other) if type(self) is type(other) else NotImplemented


_ORDERINGS: Final = {"__lt__": _less, "__le__": _at_most, "__gt__": _greater, "__ge__": _at_least}


def rebuild(cls: Any, values: tuple[Any, ...]) -> Any:
    """Make an object with all its values, without `__init__`; what copying and unpickling call."""
    made = cls.__new__(cls)
    for name, value in zip(cls.__struct_fields__, values, strict=True):
        getattr(cls, name).__set__(made, value)
    return made


class Struct(metaclass=StructMeta):
    """A class with declared members, slots, and an `__init__`, `repr` and comparisons made of them.

    Options are given with the class (`class Item(Struct, frozen=True)`) and inherited:

    * `frozen`: objects cannot be changed, and have a hash if their members have.
    * `kw_only`: the members that this class declares are given by keyword; not inherited.
    * `rename`: their names in JSON: `lower`, `upper`, `camel`, `pascal`, `kebab`, a function or a mapping.
    * `tag`, `tag_field`: which class an object is of, written as one more member; `True` is the class's name.
    * `forbid_unknown_fields`: members that the class does not have are refused.
    * `omit_defaults`: members that have their default are not written.
    * `eq`, `order`, `array_like`, `repr_omit_defaults`, `weakref`, `dict`; `gc` and `cache_hash` change nothing here.

    An object belongs to whoever made it: threads that share one and change it must agree themselves.
    """

    __struct_root__ = True

    __struct_fields__: ClassVar[tuple[str, ...]]
    __struct_encode_fields__: ClassVar[tuple[str, ...]]
    __struct_defaults__: ClassVar[tuple[Any, ...]]
    __struct_config__: ClassVar[Any]
    __match_args__: ClassVar[tuple[str, ...]]

    def __init_subclass__(
        cls,
        *,
        frozen: bool | None = None,
        kw_only: bool = False,
        rename: Rename = None,
        tag: bool | str | int | Callable[[str], str | int] | None = None,
        tag_field: str | None = None,
        forbid_unknown_fields: bool | None = None,
        omit_defaults: bool | None = None,
        eq: bool | None = None,
        order: bool | None = None,
        array_like: bool | None = None,
        repr_omit_defaults: bool | None = None,
        weakref: bool | None = None,
        dict: bool | None = None,  # noqa: A002 - the option's name
        gc: bool | None = None,
        cache_hash: bool | None = None,
    ) -> None:
        """Take a subclass's options, for type checkers; the class of the class reads them."""
        super().__init_subclass__()

    def __repr__(self) -> str:
        config = self.__struct_config__
        shown = [
            f"{name}={value!r}"
            for name, value, default in zip(
                self.__struct_fields__, _values(self), _defaults_of(type(self)), strict=True
            )
            if not (config.repr_omit_defaults and is_default(value, default))
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        same: bool = _equal(self, other)
        return same

    __hash__: ClassVar[Any] = None
    # A frozen class gets one.

    def __copy__(self) -> Self:
        """Return a shallow copy."""
        copied: Self = rebuild(type(self), _values(self))
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return (rebuild, (type(self), _values(self)))

    def __replace__(self, **changes: Any) -> Self:
        """Return a copy with some members changed; what `copy.replace` calls."""
        unknown = sorted(changes.keys() - set(self.__struct_fields__))
        if unknown:
            raise TypeError(f"`{type(self).__name__}` has no field {unknown[0]!r}")
        kept = builtins.dict(zip(self.__struct_fields__, _values(self), strict=True))
        return type(self)(**{**kept, **changes})

    def __rich_repr__(self) -> Any:
        """Yield names and values, for rich."""
        yield from zip(self.__struct_fields__, _values(self), strict=True)


def _defaults_of(cls: Any) -> tuple[Any, ...]:
    kept = cls.__struct_defaults__
    return (*[NODEFAULT] * (len(cls.__struct_fields__) - len(kept)), *kept)
