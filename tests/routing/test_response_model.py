"""Response models that a return annotation implies."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict
from uuid import UUID

import pytest

from hawkapi import JSONResponse, Response
from hawkapi.routing.response_model import infer_response_model


@dataclass
class Item:
    """Stands for any structured type."""

    name: str


@dataclass
class Page[T]:
    """A generic one."""

    items: list[T]


class Point(NamedTuple):
    """A structured tuple."""

    x: int


class Plain:
    """A class that says nothing of its members."""


class Typed(TypedDict):
    """A dict with known members."""

    name: str


class Color(Enum):
    """An enumeration."""

    RED = "red"


class Marked:
    """A class as attrs makes them."""

    __attrs_attrs__ = ()


type Items = list[Item]
type Many[T] = list[T]
type Endless = dict[str, Endless]
Alias = NewType("Alias", Item)


def handler_with(annotation: Any) -> Callable[[], Any]:
    """Return a handler with a return annotation."""

    def handler() -> Any: ...

    handler.__annotations__["return"] = annotation
    return handler


@pytest.mark.parametrize(
    "annotation",
    [
        Item,
        Page[Item],
        Page,
        Point,
        Marked,
        list[Item],
        list[int],
        dict[str, int],
        dict[str, Any],
        tuple[int, ...],
        set[UUID],
        Sequence[Item],
        Mapping[str, datetime],
        list[Decimal],
        Item | None,
        Optional[Item],  # noqa: UP045 - the other form
        Item | str,
        list[Color],
        list[Literal["a"]],
        Annotated[Item, "note"],
        Items,
        Many[Item],
        Alias,
        "Item",
        "list[Item]",
    ],
    ids=str,
)
def test_inferred(annotation: Any) -> None:
    """An annotation with structure is the model, whether written as text or not."""
    expected = {"Item": Item, "list[Item]": list[Item]}.get(str(annotation), annotation)
    assert infer_response_model(handler_with(annotation)) == expected


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        "None",
        Any,
        object,
        str,
        int,
        float,
        bool,
        bytes,
        list,
        dict,
        tuple,
        set,
        frozenset,
        str | None,
        datetime,
        Decimal,
        Color,
        Literal["a"],
        Response,
        JSONResponse,
        JSONResponse | None,
        Item | Response,
        dict[str, int] | JSONResponse,
        "Item | Response",
        Plain,
        Plain | Item,
        list[Plain],
        Typed,
        list[Typed],
        AsyncIterator[Item],
        Endless,
        "Unknown",
        "list[",
        "1 / 0",
        3,
    ],
    ids=str,
)
def test_not_inferred(annotation: Any) -> None:
    """Scalars, bare containers, responses, classes without declared members, and what cannot be read, are none."""
    assert infer_response_model(handler_with(annotation)) is None


def test_without_annotation() -> None:
    """A handler that says nothing has no model."""

    def handler():  # type: ignore[no-untyped-def]
        """Say nothing."""

    assert infer_response_model(handler) is None
    assert infer_response_model(len) is None


class Asked:
    """A handler that is an object."""

    async def __call__(self) -> Item:
        """Answer an item."""
        return Item("a")

    def method(self) -> Item:
        """Answer an item."""
        return Item("a")


def answer() -> Item:
    """Answer an item."""
    return Item("a")


@functools.wraps(answer)
def wrapped(*args: Any) -> Any:
    """Call something else."""
    return answer()


async def generic[T]() -> list[T]:
    """Answer a list of something."""
    return []


@pytest.mark.parametrize(
    ("handler", "model"),
    [
        pytest.param(Asked(), Item, id="object"),
        pytest.param(Asked().method, Item, id="method"),
        pytest.param(functools.partial(answer), Item, id="partial"),
        pytest.param(wrapped, Item, id="wrapped"),
        pytest.param(generic, None, id="type-parameter"),
    ],
)
def test_kinds_of_handlers(handler: Any, model: Any) -> None:
    """The annotation is found where the handler's source is."""
    assert infer_response_model(handler) is model


def test_models_of_other_packages() -> None:
    """Structs and pydantic models have declared members."""
    msgspec, pydantic = pytest.importorskip("msgspec"), pytest.importorskip("pydantic")
    struct = msgspec.defstruct("S", [("name", str)])
    model = pydantic.create_model("M", name=(str, ...))
    assert infer_response_model(handler_with(struct)) is struct
    assert infer_response_model(handler_with(list[model])) == list[model]  # type: ignore[valid-type] # made at run time
