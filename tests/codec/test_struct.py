"""`Struct`, `Meta` and `field`: the portable ones, and that msgspec's behave the same."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import sys
from typing import Any, ClassVar, NamedTuple

import pytest

from hawkapi.codec import _meta, _struct, _unset
from hawkapi.codec._struct import rename_field


class Family(NamedTuple):
    """One implementation of the names."""

    Struct: Any
    Meta: Any
    field: Any
    UNSET: Any


def families() -> list[Any]:
    """Return every implementation that can be imported."""
    found = [pytest.param(Family(_struct.Struct, _meta.Meta, _struct.field, _unset.UNSET), id="portable")]
    if importlib.util.find_spec("msgspec") is not None:
        import msgspec  # Only where it is installed.

        family = Family(msgspec.Struct, msgspec.Meta, msgspec.field, msgspec.UNSET)
        found.append(pytest.param(family, id="msgspec"))
    return found


both = pytest.mark.parametrize("family", families())


class Item(_struct.Struct, frozen=True, order=True):
    """A class at the top of a module, which pickle needs."""

    kind: ClassVar[str] = "item"
    name: str
    tags: list[str] = []  # noqa: RUF012 - made anew for each object


@both
def test_struct_members(family: Family) -> None:
    """Members keep the order of definition, keyword-only ones at the end; defaults follow."""

    class Base(family.Struct, kw_only=True):  # type: ignore[call-arg,misc,name-defined]
        a: int = 1
        b: int

    class Derived(Base):
        c: int
        d: int = 2

    made = Derived(3, b=4)
    assert Derived.__struct_fields__ == ("c", "d", "a", "b")
    assert Derived.__match_args__ == ("c", "d")
    assert repr(made) == "Derived(c=3, d=2, a=1, b=4)"


@both
@pytest.mark.parametrize(
    ("rename", "expected"),
    [
        pytest.param("lower", ("foo_bar", "url_id", "plain"), id="lower"),
        pytest.param("upper", ("FOO_BAR", "URL_ID", "PLAIN"), id="upper"),
        pytest.param("camel", ("fooBar", "URLId", "plain"), id="camel"),
        pytest.param("pascal", ("FooBar", "UrlId", "Plain"), id="pascal"),
        pytest.param("kebab", ("foo-bar", "URL-id", "plain"), id="kebab"),
        pytest.param({"plain": "p"}, ("foo_bar", "URL_id", "p"), id="mapping"),
        pytest.param(lambda name: "f" if name == "foo_bar" else None, ("f", "URL_id", "plain"), id="function"),
        pytest.param(None, ("foo_bar", "URL_id", "plain"), id="none"),
    ],
)
def test_struct_rename(family: Family, rename: Any, expected: tuple[str, ...]) -> None:
    """Names in JSON are made of those in Python; a field's own name comes first."""

    class Made(family.Struct, rename=rename):  # type: ignore[call-arg,misc,name-defined]
        foo_bar: int
        URL_id: int
        plain: int
        own: int = family.field(name="its own", default=1)

    assert Made.__struct_encode_fields__ == (*expected, "its own")


@both
def test_struct_tags(family: Family) -> None:
    """A tag is inherited as it was given; `True` is each class's own name."""

    class Named(family.Struct, tag=True):  # type: ignore[call-arg,misc,name-defined]
        pass

    class Child(Named):
        pass

    class Kinded(family.Struct, tag_field="kind", tag=str.lower):  # type: ignore[call-arg,misc,name-defined]
        pass

    class Untagged(Named, tag=False):  # type: ignore[call-arg]
        pass

    configs = [cls.__struct_config__ for cls in (Named, Child, Kinded, Untagged)]
    assert [(config.tag_field, config.tag) for config in configs] == [
        ("type", "Named"),
        ("type", "Child"),
        ("kind", "kinded"),
        (None, None),
    ]


@both
def test_struct_frozen_and_ordered(family: Family) -> None:
    """Frozen objects cannot be changed and have a hash; ordered ones compare member by member."""

    class Made(family.Struct, frozen=True, order=True):  # type: ignore[call-arg,misc,name-defined]
        x: int
        y: int = 0

    assert Made(1) == Made(1, 0)
    assert hash(Made(1)) == hash(Made(1))
    assert sorted([Made(2), Made(1, 5), Made(1)]) == [Made(1), Made(1, 5), Made(2)]
    with pytest.raises(AttributeError, match="immutable type: 'Made'"):
        Made(1).x = 2


@both
def test_struct_mutable_default(family: Family) -> None:
    """An empty list as a default is made anew for each object; a filled one is refused."""

    class Made(family.Struct):  # type: ignore[misc,name-defined]
        items: list[int] = []  # noqa: RUF012 - what this test is about

    assert Made().items is not Made().items
    with pytest.raises(TypeError, match="default"):
        type("Bad", (family.Struct,), {"__annotations__": {"x": list}, "x": [1]})


@both
def test_struct_post_init(family: Family) -> None:
    """`__post_init__` runs after the members are set, also of an inherited class."""

    class Made(family.Struct):  # type: ignore[misc,name-defined]
        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x must not be negative")

    class Child(Made):
        y: int = 0

    with pytest.raises(ValueError, match="x must not be negative"):
        Child(-1)


@both
@pytest.mark.parametrize(
    ("annotations", "values", "options", "error"),
    [
        pytest.param({"x": int, "y": int}, {"x": 1}, {}, TypeError, id="required-after-optional"),
        pytest.param({"x": int}, {}, {"colour": 1}, TypeError, id="unknown-option"),
        pytest.param({"x": int}, {}, {"tag": "a", "tag_field": "x"}, ValueError, id="tag-is-a-field"),
        pytest.param({"x": int, "y": int}, {}, {"rename": lambda _: "z"}, ValueError, id="two-of-one-name"),
        pytest.param({"x": int}, {}, {"rename": "train"}, ValueError, id="unknown-rename"),
        pytest.param({"x": int}, {}, {"eq": False, "order": True}, ValueError, id="order-without-eq"),
        pytest.param({"x": int}, {}, {"tag": 1.5}, TypeError, id="tag-of-wrong-type"),
    ],
)
def test_struct_refuses(
    family: Family, annotations: dict[str, Any], values: dict[str, Any], options: Any, error: type[Exception]
) -> None:
    """A class that could not work is refused when it is defined."""
    with pytest.raises(error):
        type(family.Struct)("Bad", (family.Struct,), {"__annotations__": annotations, **values}, **options)


@both
def test_struct_copies(family: Family) -> None:
    """Copies are equal and new; `__replace__` changes members."""

    class Made(family.Struct, frozen=True):  # type: ignore[call-arg,misc,name-defined]
        x: int
        y: list[int] = []  # noqa: RUF012 - made anew

    made = Made(1, [2])
    assert copy.copy(made) == made
    assert copy.copy(made).y is made.y
    assert copy.deepcopy(made).y is not made.y
    if sys.version_info >= (3, 13):
        assert copy.replace(made, x=5) == Made(5, [2])


def test_struct_pickle() -> None:
    """A portable Struct survives pickling, also a frozen one."""
    assert pickle.loads(pickle.dumps(Item("a", ["b"]))) == Item("a", ["b"])  # noqa: S301 - made here


def test_struct_class_variable() -> None:
    """A `ClassVar` is no member."""
    assert (Item.__struct_fields__, Item.kind) == (("name", "tags"), "item")


def test_struct_replace_of_an_unknown_field() -> None:
    """A member that does not exist cannot be replaced."""
    with pytest.raises(TypeError, match="`Item` has no field 'nope'"):
        Item("a").__replace__(nope=1)


@both
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param({"gt": 1, "ge": 1}, ValueError, id="gt-and-ge"),
        pytest.param({"lt": 1, "le": 1}, ValueError, id="lt-and-le"),
        pytest.param({"ge": "1"}, TypeError, id="bound-of-wrong-type"),
        pytest.param({"multiple_of": 0}, ValueError, id="no-step"),
        pytest.param({"min_length": -1}, ValueError, id="negative-length"),
        pytest.param({"min_length": 1.5}, TypeError, id="length-of-wrong-type"),
        pytest.param({"pattern": 5}, TypeError, id="pattern-of-wrong-type"),
        pytest.param({"pattern": "("}, Exception, id="no-pattern"),
        pytest.param({"tz": 1}, TypeError, id="tz-of-wrong-type"),
        pytest.param({"ge": 1, "max_length": 2}, ValueError, id="number-and-length"),
        pytest.param({"title": 1}, TypeError, id="title-of-wrong-type"),
        pytest.param({"examples": 1}, TypeError, id="examples-of-wrong-type"),
    ],
)
def test_meta_refuses(family: Family, arguments: dict[str, Any], error: type[Exception]) -> None:
    """Limits that contradict each other, or have the wrong type, are refused."""
    with pytest.raises(error):
        family.Meta(**arguments)


@both
def test_meta_values(family: Family) -> None:
    """What was given can be read back; equal ones are equal and have one hash."""
    meta = family.Meta(ge=1, title="Age")
    assert (meta.ge, meta.lt, meta.title) == (1, None, "Age")
    assert meta == family.Meta(ge=1, title="Age")
    assert hash(meta) == hash(family.Meta(ge=1, title="Age"))


@both
def test_field_refuses_default_and_factory(family: Family) -> None:
    """A member has a default or a factory, not both."""
    with pytest.raises(TypeError):
        family.field(default=1, default_factory=list)


def test_unset_is_false() -> None:
    """`UNSET` is false and says what it is."""
    assert not _unset.UNSET
    assert repr(_unset.UNSET) == "UNSET"


def test_rename_field_keeps_leading_underscores() -> None:
    """Leading underscores belong to the name; others separate words."""
    assert (rename_field("_a__b_", "camel"), rename_field("_a_b", "pascal")) == ("_aB", "_AB")
