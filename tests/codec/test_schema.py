"""JSON Schema of described types; the same under both codecs."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
import types
import uuid
from dataclasses import dataclass, field, make_dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict

import attrs
import pytest

from hawkapi.codec import describe
from hawkapi.codec import struct as structs
from hawkapi.codec._text import read_decimal, read_duration
from hawkapi.codec.schema import DECIMAL, DEFS_REF, DURATION, build_schema
from hawkapi.codec.struct import Meta, Struct

type Json = dict[str, Json] | list[Json] | str | int | None
Identifier = NewType("Identifier", int)


class Colour(enum.Enum):
    """What can be painted."""

    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Plain:
    name: str
    size: int = 5
    tags: list[str] = field(default_factory=list)
    when: dt.date = dt.date(2020, 1, 2)


@dataclass
class Tree:
    """A tree.

    Of any depth.
    """

    children: list[Tree] = field(default_factory=list)
    parent: Tree | None = None


@dataclass
class Page[T]:
    items: list[T]
    first: T | None = None


class Keys(TypedDict):
    a: int
    b: NotRequired[str]


class Point(NamedTuple):
    x: int
    y: int = 0


@attrs.define
class Tool:
    name: str
    weight: float = 1.5


class Cat(Struct, tag="cat"):
    lives: int = 9


class Dog(Struct, tag="dog", forbid_unknown_fields=True):
    name: str


class Renamed(Struct, rename="camel"):
    first_name: Annotated[str, Meta(min_length=1, description="Given.", examples=["ada"])]


class Positions(Struct, array_like=True):
    x: int
    y: int = 0


class MayBeUnset(Struct):
    note: str | structs.UnsetType = structs.UNSET


def schema_of(annotation: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the schema of one type, and its components."""
    (schema,), components = build_schema([describe(annotation)])
    return schema, components


IN_PLACE = [
    pytest.param(Any, {}, id="any"),
    pytest.param(None, {"type": "null"}, id="none"),
    pytest.param(bool, {"type": "boolean"}, id="bool"),
    pytest.param(int, {"type": "integer"}, id="int"),
    pytest.param(float, {"type": "number"}, id="float"),
    pytest.param(str, {"type": "string"}, id="str"),
    pytest.param(bytes, {"type": "string", "format": "binary", "contentEncoding": "base64"}, id="bytes"),
    pytest.param(dt.datetime, {"type": "string", "format": "date-time"}, id="datetime"),
    pytest.param(dt.date, {"type": "string", "format": "date"}, id="date"),
    pytest.param(dt.time, {"type": "string", "format": "time"}, id="time"),
    pytest.param(dt.timedelta, {"type": "string", "format": "duration", "pattern": DURATION}, id="duration"),
    pytest.param(uuid.UUID, {"type": "string", "format": "uuid"}, id="uuid"),
    pytest.param(Decimal, {"type": "string", "format": "decimal", "pattern": DECIMAL}, id="decimal"),
    pytest.param(Identifier, {"type": "integer"}, id="new-type"),
    pytest.param(Literal["a"], {"type": "string", "const": "a"}, id="literal-of-one"),
    pytest.param(Literal[1, 2], {"type": "integer", "enum": [1, 2]}, id="literal"),
    pytest.param(Literal["a", 1], {"enum": ["a", 1]}, id="literal-of-both"),
    pytest.param(int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, id="optional"),
    pytest.param(int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, id="union"),
    pytest.param(
        int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}, id="optional-union"
    ),
    pytest.param(list, {"type": "array"}, id="bare-list"),
    pytest.param(list[int], {"type": "array", "items": {"type": "integer"}}, id="list"),
    pytest.param(set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, id="set"),
    pytest.param(tuple[int, ...], {"type": "array", "items": {"type": "integer"}}, id="tuple"),
    pytest.param(
        tuple[int, str],
        {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "minItems": 2,
            "maxItems": 2,
            "items": False,
        },
        id="fixed-tuple",
    ),
    pytest.param(tuple[()], {"type": "array", "maxItems": 0}, id="empty-tuple"),
    pytest.param(dict, {"type": "object"}, id="bare-dict"),
    pytest.param(dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}, id="dict"),
    pytest.param(
        dict[int, Any],
        {"type": "object", "propertyNames": {"type": "string", "pattern": "^-?[0-9]+$"}},
        id="dict-with-int-keys",
    ),
    pytest.param(
        dict[float, Any],
        {"type": "object", "propertyNames": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"}},
        id="dict-with-float-keys",
    ),
    pytest.param(
        dict[Literal["a", 1], Any],
        {"type": "object", "propertyNames": {"type": "string", "enum": ["a", "1"]}},
        id="dict-with-keys-of-both",
    ),
    pytest.param(
        dict[int | dt.date, Any],
        {
            "type": "object",
            "propertyNames": {
                "anyOf": [{"type": "string", "pattern": "^-?[0-9]+$"}, {"type": "string", "format": "date"}]
            },
        },
        id="dict-with-keys-of-a-union",
    ),
    pytest.param(
        dict[uuid.UUID, Any],
        {"type": "object", "propertyNames": {"type": "string", "format": "uuid"}},
        id="dict-with-uuid-keys",
    ),
    pytest.param(
        Annotated[int, Meta(ge=1, lt=9, multiple_of=2)],
        {"type": "integer", "minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2},
        id="bounds",
    ),
    pytest.param(
        Annotated[float, Meta(gt=0.5, le=1)],
        {"type": "number", "exclusiveMinimum": 0.5, "maximum": 1},
        id="bounds-of-a-float",
    ),
    pytest.param(
        Annotated[str, Meta(min_length=1, max_length=2, pattern="^a")],
        {"type": "string", "minLength": 1, "maxLength": 2, "pattern": "^a"},
        id="lengths-of-text",
    ),
    pytest.param(
        Annotated[list[Any], Meta(min_length=1, max_length=2)],
        {"type": "array", "minItems": 1, "maxItems": 2},
        id="lengths-of-a-list",
    ),
    pytest.param(
        Annotated[dict[str, Any], Meta(min_length=1, max_length=2)],
        {"type": "object", "minProperties": 1, "maxProperties": 2},
        id="lengths-of-a-dict",
    ),
    pytest.param(
        Annotated[bytes, Meta(max_length=4)],
        {"type": "string", "format": "binary", "contentEncoding": "base64", "maxLength": 8},
        id="lengths-of-bytes",
    ),
    pytest.param(
        Annotated[int | None, Meta(ge=1)],
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
        id="bounds-of-an-optional",
    ),
    pytest.param(
        Annotated[
            dt.date, Meta(title="T", description="D", examples=[dt.date(2020, 1, 2)], extra_json_schema={"x": 1})
        ],
        {"type": "string", "format": "date", "title": "T", "description": "D", "examples": ["2020-01-02"], "x": 1},
        id="words",
    ),
]


@pytest.mark.parametrize(("annotation", "expected"), IN_PLACE)
def test_schema_in_place(annotation: Any, expected: dict[str, Any]) -> None:
    """What is no class is written in place."""
    assert schema_of(annotation) == (expected, {})


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *[(text, True) for text in ("P1D", "PT1S", "P1DT2.5S", "-P0DT3H4M5.000006S", "+P99999999DT999999999H")],
        *[(text, False) for text in ("P", "PT", "P1DT", "P1Y", "P1M", "P1.5DT1S", "1D", "PT1S ", "", "P1DT1S1M")],
    ],
)
def test_pattern_of_durations(text: str, is_one: bool) -> None:
    """It matches what is read, but for spellings that nobody writes."""
    assert (re.search(DURATION, text) is not None, read_duration(text) is not None) == (is_one, is_one)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *[(text, True) for text in ("0", "-1.50", "1E+5", "1e-17", "007")],
        *[(text, False) for text in ("", "+1", "1.", ".5", "NaN", "Infinity", "1_0", " 1")],
    ],
)
def test_pattern_of_decimals(text: str, is_one: bool) -> None:
    """It matches what is read."""
    assert (re.search(DECIMAL, text) is not None, read_decimal(text) is not None) == (is_one, is_one)


COMPONENTS = [
    pytest.param(
        Plain,
        "Plain",
        {
            "title": "Plain",
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "size": {"type": "integer", "default": 5},
                "tags": {"type": "array", "items": {"type": "string"}, "default": []},
                "when": {"type": "string", "format": "date", "default": "2020-01-02"},
            },
            "required": ["name"],
        },
        id="dataclass",
    ),
    pytest.param(
        Tool,
        "Tool",
        {
            "title": "Tool",
            "type": "object",
            "properties": {"name": {"type": "string"}, "weight": {"type": "number", "default": 1.5}},
            "required": ["name"],
        },
        id="attrs",
    ),
    pytest.param(
        Tree,
        "Tree",
        {
            "title": "Tree",
            "description": "A tree.\n\nOf any depth.",
            "type": "object",
            "properties": {
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "default": []},
                "parent": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}], "default": None},
            },
        },
        id="recursive",
    ),
    pytest.param(
        Keys,
        "Keys",
        {
            "title": "Keys",
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
            "required": ["a"],
        },
        id="typed-dict",
    ),
    pytest.param(
        Point,
        "Point",
        {
            "title": "Point",
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "integer", "default": 0}],
            "minItems": 1,
            "maxItems": 2,
            "items": False,
        },
        id="named-tuple",
    ),
    pytest.param(
        Colour,
        "Colour",
        {"title": "Colour", "description": "What can be painted.", "type": "string", "enum": ["red", "blue"]},
        id="enum",
    ),
    pytest.param(Level, "Level", {"title": "Level", "type": "integer", "const": 1}, id="int-enum-of-one"),
    pytest.param(
        Dog,
        "Dog",
        {
            "title": "Dog",
            "type": "object",
            "properties": {"type": {"type": "string", "const": "dog"}, "name": {"type": "string"}},
            "required": ["type", "name"],
            "additionalProperties": False,
        },
        id="struct-with-a-tag",
    ),
    pytest.param(
        Renamed,
        "Renamed",
        {
            "title": "Renamed",
            "type": "object",
            "properties": {
                "firstName": {
                    "type": "string",
                    "minLength": 1,
                    "description": "Given.",
                    "examples": ["ada"],
                    "title": "first_name",
                }
            },
            "required": ["firstName"],
        },
        id="struct-with-other-names",
    ),
    pytest.param(
        Positions,
        "Positions",
        {
            "title": "Positions",
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "integer", "default": 0}],
            "minItems": 1,
        },
        id="struct-as-an-array",
    ),
    pytest.param(
        MayBeUnset,
        "MayBeUnset",
        {"title": "MayBeUnset", "type": "object", "properties": {"note": {"type": "string"}}},
        id="struct-with-unset",
    ),
    pytest.param(
        Page[int],
        "Page_int_",
        {
            "title": "Page[int]",
            "type": "object",
            "properties": {
                "items": {"type": "array", "items": {"type": "integer"}},
                "first": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
            },
            "required": ["items"],
        },
        id="generic",
    ),
]


@pytest.mark.parametrize(("annotation", "name", "expected"), COMPONENTS)
def test_schema_of_a_class(annotation: Any, name: str, expected: dict[str, Any]) -> None:
    """A class is a component, under its name, that is referred to."""
    assert schema_of(annotation) == ({"$ref": f"#/components/schemas/{name}"}, {name: expected})


def test_tagged_union() -> None:
    """A union of tagged Structs says which member tells them apart."""
    schema, components = schema_of(list[Cat | Dog])
    assert schema["items"] == {
        "anyOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {
            "propertyName": "type",
            "mapping": {"cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog"},
        },
    }
    assert list(components) == ["Cat", "Dog"]


def test_union_of_a_tagged_struct_and_another() -> None:
    """Where a choice has no tag nothing tells them apart."""
    schema, _ = schema_of(Cat | int)
    assert schema == {"anyOf": [{"$ref": "#/components/schemas/Cat"}, {"type": "integer"}]}


def test_words_beside_a_reference() -> None:
    """What is said of one use of a class does not change the class."""
    schema, components = schema_of(Annotated[Plain, Meta(description="This one.")])
    assert schema == {"$ref": "#/components/schemas/Plain", "description": "This one."}
    assert "description" not in components["Plain"]


def test_recursive_alias() -> None:
    """An alias that contains itself is a component too."""
    schema, components = schema_of(Json)
    (name,) = components
    text = json.dumps([schema, components])
    assert f'"$ref": "#/components/schemas/{name}"' in text
    assert {"type": "null"} in components[name]["anyOf"] or "anyOf" in schema


def test_ref_template() -> None:
    """References go where the document keeps its components."""
    (schema,), components = build_schema([describe(Cat | Dog)], ref_template=DEFS_REF)
    assert schema["anyOf"][0] == {"$ref": "#/$defs/Cat"}
    assert schema["discriminator"]["mapping"]["cat"] == "#/$defs/Cat"
    assert list(components) == ["Cat", "Dog"]


def namesake(module: str) -> Any:
    """Return a class with a common name that says it is from a module."""

    @dataclass
    class Plain:
        other: int

    Plain.__module__ = module
    Plain.__qualname__ = "Plain"
    return Plain


def test_names_that_collide_have_modules() -> None:
    """Classes with one name are told apart by their modules, whatever their order."""
    one, other = namesake("app.one"), namesake("app.other")
    for classes in ([one, other], [other, one]):
        schemas, components = build_schema([describe(cls) for cls in classes])
        assert sorted(components) == ["app.one.Plain", "app.other.Plain"]
        assert [schema["$ref"].rpartition("/")[2] for schema in schemas] == [
            f"{cls.__module__}.Plain" for cls in classes
        ]


def test_names_that_collide_entirely_have_numbers() -> None:
    """Classes that cannot be told apart have numbers in the order in which they come."""
    _, components = build_schema([describe(namesake("app")), describe(namesake("app"))])
    assert list(components) == ["app.Plain", "app.Plain_2"]


def test_generics_with_arguments_that_collide() -> None:
    """Type arguments tell generic classes apart."""
    generic: Any = Page
    one, other = namesake("app.one"), namesake("app.other")
    _, components = build_schema([describe(generic[one]), describe(generic[other])])
    assert {name for name in components if "Page" in name} == {
        f"{__name__}.Page_app.one.Plain_",
        f"{__name__}.Page_app.other.Plain_",
    }


@pytest.mark.parametrize(
    ("annotation", "title", "name"),
    [
        pytest.param(Page[Plain], "Page[Plain]", "Page_Plain_", id="class"),
        pytest.param(Page[Cat | Dog], "Page[Cat | Dog]", "Page_Cat_or_Dog_", id="union"),
        pytest.param(Page[Cat | None], "Page[Cat | None]", "Page_Cat_or_None_", id="optional"),
        pytest.param(Page[Optional[Cat]], "Page[Cat | None]", "Page_Cat_or_None_", id="typing-optional"),  # noqa: UP045 - another class
        pytest.param(Page[Annotated[int, Meta(ge=1)]], "Page[int]", "Page_int_", id="limits"),
        pytest.param(
            Page[dict[str, list[int]]], "Page[dict[str, list[int]]]", "Page_dict_str_list_int___", id="nested"
        ),
    ],
)
def test_names_of_generics(annotation: Any, title: str, name: str) -> None:
    """They are the same in every version of Python and with every codec."""
    (schema,), components = build_schema([describe(annotation)])
    assert schema == {"$ref": f"#/components/schemas/{name}"}
    assert components[name]["title"] == title


def test_class_that_is_met_twice_is_one_component() -> None:
    """Separate descriptions of a class are one component."""
    schemas, components = build_schema([describe(Plain), describe(list[Plain])])
    assert list(components) == ["Plain"]
    assert schemas[1]["items"] == schemas[0]


def test_defaults_are_not_shared() -> None:
    """A document may be changed without changing another."""
    _, components = schema_of(Plain)
    components["Plain"]["properties"]["tags"]["default"].append("x")
    assert schema_of(Plain)[1]["Plain"]["properties"]["tags"]["default"] == []


def pydantic_models() -> tuple[Any, Any]:
    """Return a model inside another, or skip."""
    pydantic = pytest.importorskip("pydantic")

    class Inner(pydantic.BaseModel):  # type: ignore[name-defined,misc] # pydantic is optional
        size: int = pydantic.Field(ge=1)

    class Outer(pydantic.BaseModel):  # type: ignore[name-defined,misc] # pydantic is optional
        inner: Inner
        colour: Literal["red"] = pydantic.Field("red", alias="theColour")

    Outer.model_rebuild(_types_namespace={"Inner": Inner})
    return Inner, Outer


def test_pydantic_definitions_become_components() -> None:
    """What pydantic puts under `$defs` is hoisted, and referred to."""
    _, outer = pydantic_models()
    schema, components = schema_of(list[outer])  # type: ignore[valid-type] # made in a function
    assert schema == {"type": "array", "items": {"$ref": "#/components/schemas/Outer"}}
    assert components["Outer"]["properties"]["inner"] == {"$ref": "#/components/schemas/Inner"}
    assert "theColour" in components["Outer"]["properties"]
    assert components["Inner"]["properties"]["size"]["minimum"] == 1
    assert list(components) == ["Outer", "Inner"]


def test_pydantic_definition_that_is_described_too() -> None:
    """A model is one component, inside another and by itself."""
    inner, outer = pydantic_models()
    _, components = build_schema([describe(inner), describe(outer)])
    assert list(components) == ["Inner", "Outer"]


def test_pydantic_definition_with_a_name_that_is_taken() -> None:
    """A definition never takes the place of another class."""

    @dataclass
    class Inner:
        other: str

    _, outer = pydantic_models()
    _, components = build_schema([describe(Inner), describe(outer)])
    assert list(components) == ["Inner", "Outer", "Inner_2"]
    assert components["Outer"]["properties"]["inner"] == {"$ref": "#/components/schemas/Inner_2"}


def test_enum_of_models_and_of_others() -> None:
    """An enum is one component, in however many models of pydantic and beside them."""
    pydantic = pytest.importorskip("pydantic")
    first, second = (pydantic.create_model(name, colour=(Colour, Colour.RED)) for name in ("First", "Second"))
    _, components = build_schema([describe(Colour), describe(first), describe(second)])
    assert list(components) == ["Colour", "First", "Second"]
    assert components["Second"]["properties"]["colour"]["$ref"] == "#/components/schemas/Colour"


def test_pydantic_definition_with_a_name_that_is_taken_twice() -> None:
    """A definition whose name is taken is one component too."""
    _, outer = pydantic_models()
    other = make_dataclass("Inner", [("other", str)])
    _, components = build_schema([describe(other), describe(outer), describe(pydantic_list_of(outer))])
    assert list(components) == ["Inner", "Outer", "Outers", "Inner_2"]


def pydantic_list_of(model: Any) -> Any:
    """Return a model that holds a list of another."""
    return pytest.importorskip("pydantic").create_model("Outers", items=(types.GenericAlias(list, (model,)), []))


def test_pydantic_definitions_that_differ_in_what_they_refer_to() -> None:
    """Definitions that look alike are two components where what they mean by one name is not the same."""
    pydantic = pytest.importorskip("pydantic")
    orders = []
    for number in (1, 2):
        country = pydantic.create_model("Country", code=(Literal[number], ...))
        address = pydantic.create_model("Address", country=(country, ...))
        orders.append(pydantic.create_model(f"Order{number}", address=(address, ...)))
    _, components = build_schema([describe(order) for order in orders])
    for number in (1, 2):
        address_ref = components[f"Order{number}"]["properties"]["address"]["$ref"]
        country_ref = components[address_ref.rpartition("/")[2]]["properties"]["country"]["$ref"]
        assert components[country_ref.rpartition("/")[2]]["properties"]["code"]["const"] == number


def test_pydantic_model_that_contains_itself() -> None:
    """A recursive model refers to its component."""
    pydantic = pytest.importorskip("pydantic")
    node = pydantic.create_model("Node", children=(types.GenericAlias(list, ("Node",)), []))
    node.model_rebuild(_types_namespace={"Node": node})
    schema, components = schema_of(node)
    assert schema == {"$ref": "#/components/schemas/Node"}
    assert components["Node"]["properties"]["children"]["items"] == schema


@pytest.mark.parametrize(
    "annotation",
    [
        *(pytest.param(case.values[0], id=str(case.id)) for case in [*IN_PLACE, *COMPONENTS]),
        pytest.param(Json, id="recursive-alias"),
        pytest.param(list[Cat | Dog] | None, id="tagged-union"),
    ],
)
def test_schemas_are_valid(annotation: Any) -> None:
    """Every schema meets the metaschema of 2020-12."""
    jsonschema = pytest.importorskip("jsonschema")
    (schema,), components = build_schema([describe(annotation)], ref_template=DEFS_REF)
    jsonschema.Draft202012Validator.check_schema({**schema, "$defs": components})


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        pytest.param(Tree, {"children": [{"children": []}]}, {"children": [{"children": 1}]}, id="recursive"),
        pytest.param(Json, {"a": [1, {"b": None}]}, {"a": [1.5]}, id="recursive-alias"),
        pytest.param(Cat | Dog, {"type": "dog", "name": "x"}, {"type": "dog", "name": "x", "y": 1}, id="tagged-union"),
        pytest.param(Point, [1], [1, 2, 3], id="named-tuple"),
        pytest.param(Page[Plain], {"items": [{"name": "x"}]}, {"items": [{}]}, id="generic"),
        pytest.param(tuple[()], [], [1], id="empty-tuple"),
    ],
)
def test_schemas_accept_what_codecs_accept(annotation: Any, good: object, bad: object) -> None:
    """A schema, references resolved, tells right from wrong."""
    jsonschema = pytest.importorskip("jsonschema")
    (schema,), components = build_schema([describe(annotation)], ref_template=DEFS_REF)
    validator = jsonschema.Draft202012Validator({**schema, "$defs": components})
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)
