"""The arguments of a handler, gathered from path, query, header fields, cookies and a body of JSON or MessagePack.

It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import hawkapi.codec as codec
from hawkapi.codec import CodecError, MalformedError
from hawkapi.codec._msgpack import is_msgpack, msgpack_decoder
from hawkapi.exceptions import UnsupportedMediaTypeError
from hawkapi.http._fields import first_field
from hawkapi.http.media_types import MULTIPART, URLENCODED, essence_of
from hawkapi.params._extract import ABSENT, Convert, Default, TextArguments, add_violations
from hawkapi.params._signature import HandlerParameter, Source
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.types import HeaderPairs

type Decode = Callable[[bytes], Any]

FORMS: Final = (URLENCODED, MULTIPART)
REQUIRED: Final = "Request body is required"


@final
class Arguments:
    """Gathers what the request brings for the handler of one endpoint, but for forms."""

    def __init__(self, size: int, texts: TextArguments | None, body: JSONBody | None) -> None:
        self._size = size
        self._texts = texts
        self._body = body

    def gather(self, values: list[object], query_string: bytes, headers: HeaderPairs, content: bytes) -> list[object]:
        """Return the arguments in the order of the handler's signature.

        Args:
            values: the path parameters from left to right.
            query_string: as it came, percent-encoded, without `?`.
            headers: the fields as ASGI has them, lower-case names.
            content: the whole body; empty where the handler takes nothing from it.

        Raises:
            RequestValidationError: the request does not fit; every problem of path, query, header fields, cookies and
                body is in it.
            UnsupportedMediaTypeError: the content is declared to be a form.
        """
        # PERF: the steps of `read_texts` and `read_body`, without their calls.
        errors: list[ValidationErrorDetail] = []
        arguments: list[object] = [ABSENT] * self._size
        texts = self._texts
        if texts is not None:
            texts.fill(arguments, values, query_string, headers, errors)
        body = self._body
        if body is not None:
            body.fill(arguments, content, headers, errors)
        if errors:
            raise RequestValidationError(errors)
        return arguments

    def read_texts(
        self, values: list[object], query_string: bytes, headers: HeaderPairs, errors: list[ValidationErrorDetail]
    ) -> list[object]:
        """Return the arguments as `gather` does, those from the body being `ABSENT`.

        What is wrong goes to `errors`; what is not read is `ABSENT` too.
        """
        arguments: list[object] = [ABSENT] * self._size
        texts = self._texts
        if texts is not None:
            texts.fill(arguments, values, query_string, headers, errors)
        return arguments

    def read_body(
        self, arguments: list[object], content: bytes, headers: HeaderPairs, errors: list[ValidationErrorDetail]
    ) -> None:
        """Put what comes from the body at the positions of its arguments, as `gather` does."""
        body = self._body
        if body is not None:
            body.fill(arguments, content, headers, errors)


@final
class JSONBody:
    """The body of requests to one endpoint: the argument that it is, or those that are its members."""

    def __init__(
        self, whole: Argument | None, members: list[Argument], description: Any, others: list[int] | None = None
    ) -> None:
        self._whole = whole
        self._members = members
        self._others = others or []
        """Where the whole stands too, because a dependency asks for the same."""
        self._decode: Decode = codec.decoder(description)
        self._packed: Decode = msgpack_decoder(description)

    def fill(
        self, arguments: list[object], body: bytes, headers: HeaderPairs, errors: list[ValidationErrorDetail]
    ) -> None:
        """Put each value at its argument's position; what is wrong goes to `errors`.

        Raises:
            UnsupportedMediaTypeError: the content is declared to be a form.
        """
        value = self._read(body, headers, errors) if body else ABSENT
        if self._whole is not None:
            if not body:
                value = self._whole.absent(errors, "body", REQUIRED)
            arguments[self._whole.position] = value
            for position in self._others:
                arguments[position] = value
        elif not body or value is not ABSENT:
            self._fill_members(arguments, {} if value is ABSENT else value, errors)

    def _fill_members(self, arguments: list[object], value: Any, errors: list[ValidationErrorDetail]) -> None:
        for member in self._members:
            if member.name in value:
                arguments[member.position] = member.read(value[member.name], errors)
            else:
                arguments[member.position] = member.absent(
                    errors, "$", f"Object missing required field `{member.name}`"
                )

    def _read(self, body: bytes, headers: HeaderPairs, errors: list[ValidationErrorDetail]) -> object:
        declared = first_field(headers, b"content-type")
        decode: Decode = self._decode
        if declared is not None and declared != b"application/json":
            decode = self._choose(declared.decode("latin-1"))
        try:
            return decode(body)
        except MalformedError as exc:
            add_violations(exc, "body", errors)
        except CodecError as exc:
            add_violations(exc, "", errors)
        return ABSENT

    def _choose(self, declared: str) -> Decode:
        """Return what reads a declared type of content: JSON, unless it says MessagePack or a form."""
        essence = essence_of(declared)
        if essence in FORMS:
            raise UnsupportedMediaTypeError(f"The body must be JSON, not {essence}")
        return self._packed if is_msgpack(essence) else self._decode


@final
class Argument:
    """One argument from the body."""

    def __init__(self, parameter: HandlerParameter, position: int) -> None:
        self.name = parameter.wire_name
        self.position = position
        self.default: Default = parameter.default
        self._convert: Convert = codec.converter(parameter.description)

    def absent(self, errors: list[ValidationErrorDetail], place: str, message: str) -> object:
        """Return the default, or add to `errors` and return `ABSENT`."""
        value = self.default.get()
        if value is ABSENT:
            errors.append(ValidationErrorDetail(place, message))
        return value

    def read(self, value: object, errors: list[ValidationErrorDetail]) -> object:
        """Return a member of a parsed body as its type, or add to `errors` and return `ABSENT`."""
        try:
            return self._convert(value, False)
        except CodecError as exc:
            add_violations(exc, self.name, errors)
            return ABSENT


def build_json_body(parameters: tuple[HandlerParameter, ...]) -> JSONBody | None:
    """Return what reads the body for a handler and its dependencies, or `None` when they take nothing from one.

    Raises:
        ValueError: several of them ask for the whole body, and not for the same.
    """
    found = [(Argument(item, position), item) for position, item in enumerate(parameters) if item.source is Source.BODY]
    if not found:
        return None
    names = {item.wire_name for _, item in found}
    if len(names) > 1 or any(item.embedded for _, item in found):
        return JSONBody(None, [argument for argument, _ in found], dict[str, Any])
    argument, parameter = found[0]
    for _, other in found[1:]:
        if other.annotation != parameter.annotation:
            raise ValueError(f"{argument.name} is the whole body, but asked for as two types; give them two names")
    return JSONBody(argument, [], parameter.description, [other.position for other, _ in found[1:]])
