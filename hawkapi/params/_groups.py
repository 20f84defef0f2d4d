"""Which arguments come from which texts: the parameters of a signature grouped by their source."""

from __future__ import annotations

from typing import Final

import hawkapi.codec as codec
from hawkapi.codec import Description, Kind
from hawkapi.codec._text import read_float, read_int
from hawkapi.params._extract import Convert, Group, ModelArgument, PathArgument, Read, TextArgument, TextArguments
from hawkapi.params._signature import HandlerParameter, Source, text_members
from hawkapi.params.markers import File

MISSING: Final = {
    Source.QUERY: "Required query parameter is missing",
    Source.HEADER: "Required header is missing",
    Source.COOKIE: "Required cookie is missing",
    Source.FORM: "Required form field is missing",
}
NUMBERS: Final[dict[Kind, Read]] = {Kind.INT: read_int, Kind.FLOAT: read_float}


def build_text_arguments(parameters: tuple[HandlerParameter, ...], names: tuple[str, ...]) -> TextArguments | None:
    """Return the arguments that are there before a body is read, or `None` when there are none.

    Args:
        parameters: those of the handler.
        names: the parameters of the path, from left to right.
    """
    path = [
        PathArgument(f"path.{item.wire_name}", position, names.index(item.wire_name), _text_converter(item))
        for position, item in enumerate(parameters)
        if item.source is Source.PATH
    ]
    query, headers, cookies = (
        build_group(parameters, source) for source in (Source.QUERY, Source.HEADER, Source.COOKIE)
    )
    return TextArguments(path, query, headers, cookies) if path or query or headers or cookies else None


def build_group(parameters: tuple[HandlerParameter, ...], source: Source) -> Group | None:
    """Return the arguments that texts of one source make, or `None` when there are none."""
    texts: list[TextArgument] = []
    models: list[ModelArgument] = []
    for position, item in enumerate(parameters):
        if item.source is not source or item.uploads or isinstance(item.marker, File):
            continue
        if item.many or item.description.is_scalar or item.description.kind is Kind.ANY:
            texts.append(_text_argument(item, position))
        else:
            models.append(_model_argument(item, position))
    return Group(texts, models) if texts or models else None


def _text_argument(item: HandlerParameter, position: int) -> TextArgument:
    return TextArgument(
        name=item.wire_name,
        place=f"{item.source.value}.{item.wire_name}",
        position=position,
        convert=_text_converter(item),
        many=item.many,
        last=item.source is Source.HEADER,
        default=item.default,
        missing=MISSING[item.source],
        read=_number_reader(item.description),
    )


def _text_converter(item: HandlerParameter) -> Convert | None:
    """Return what reads a parameter's text; nothing where the text, or what the path made of it, is the value."""
    description = item.description
    plain = description.kind in {Kind.STR, Kind.ANY} or item.converted
    return None if plain and not description.constraints else codec.converter(description)


def _number_reader(description: Description) -> Read | None:
    """Return what reads a text as the number that a parameter is; nothing where it is none, or not just a number.

    PERF: the converter would make a list for errors, and call its reader through three functions.
    """
    if description.kind is Kind.OPTIONAL and description.item is not None:
        description = description.item
    return None if description.constraints else NUMBERS.get(description.kind)


def _model_argument(item: HandlerParameter, position: int) -> ModelArgument:
    dashed = item.source is Source.HEADER
    return ModelArgument(
        place=item.source.value,
        position=position,
        members=[
            (name.replace("_", "-").lower() if dashed else name, name, many)
            for name, many in text_members(item.description)
        ],
        convert=codec.converter(item.description),
        default=item.default,
        others=_takes_others(item.description),
    )


def _takes_others(description: Description) -> bool:
    """Whether a model has something to say about names that it does not define."""
    if description.kind is Kind.OPTIONAL and description.item is not None:
        return _takes_others(description.item)
    return description.kind in {Kind.DICT, Kind.PYDANTIC} or description.forbid_unknown_fields
