"""Markers: where an argument comes from, and what else must hold for it, as in `Annotated[int, Query(ge=1)]`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

__all__ = ["Body", "Cookie", "File", "Form", "Header", "ParamMarker", "Path", "Query"]

CONSTRAINTS: Final = ("gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern")
"""The names of the constraints, which mean what they mean in `hawkapi.Meta`."""


class ParamMarker:
    """The base of all markers. Immutable in use, so one marker may serve many handlers and threads.

    Args:
        default: the argument's value when the client sends none, default `...`: the parameter's own default counts.
        alias: the name that clients use, default the parameter's.
        description: for the API's description, default none.
        default_factory: called for each request instead of `default`; wins over it.
        example: for the API's description, default `...`: none.
        examples: values for the schema in the API's description, default none.
        openapi_examples: example objects by name (OpenAPI 3.1, section 4.8.19), which come instead of `example`;
            default none.
        title: for the API's description, default none.
        deprecated: whether the API's description says so, default not.
        include_in_schema: whether the API's description has it, default yes.
        gt, ge, lt, le, multiple_of: for numbers, default no limit.
        min_length, max_length, pattern: for texts (the pattern may match anywhere) and, the lengths, for lists.

    A value that breaks a constraint is answered with the app's `validation_error_status` (400).
    """

    source = ""
    """The first part of the place that a validation error names: `query`, `header`, ..."""

    def __init__(
        self,
        default: Any = ...,
        *,
        alias: str | None = None,
        description: str | None = None,
        default_factory: Callable[[], Any] | None = None,
        example: Any = ...,
        examples: Sequence[Any] | None = None,
        openapi_examples: Mapping[str, Mapping[str, Any]] | None = None,
        title: str | None = None,
        deprecated: bool = False,
        include_in_schema: bool = True,
        gt: float | None = None,
        ge: float | None = None,
        lt: float | None = None,
        le: float | None = None,
        multiple_of: float | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
    ) -> None:
        self.alias = alias
        self.description = description
        self.default = default
        self.default_factory = default_factory
        self.example = example
        self.examples = examples
        self.openapi_examples = openapi_examples
        self.title = title
        self.deprecated = deprecated
        self.include_in_schema = include_in_schema
        self.gt = gt
        self.ge = ge
        self.lt = lt
        self.le = le
        self.multiple_of = multiple_of
        self.min_length = min_length
        self.max_length = max_length
        self.pattern = pattern

    def has_default(self) -> bool:
        """Whether there is a value for a client that sends none."""
        return self.default is not ... or self.default_factory is not None

    def get_default(self) -> Any:
        """Return that value: what the factory makes, else `default`, which is `...` when there is none."""
        return self.default if self.default_factory is None else self.default_factory()

    def constraints(self) -> dict[str, Any]:
        """Return the constraints that were given, by name."""
        given = {name: getattr(self, name) for name in CONSTRAINTS}
        return {name: value for name, value in given.items() if value is not None}

    def __repr__(self) -> str:
        arguments = ", ".join(
            f"{name}={value!r}" for name, value in vars(self).items() if value is not UNSAID.get(name)
        )
        return f"{type(self).__name__}({arguments})"


UNSAID: Final = {"default": ..., "example": ..., "deprecated": False, "include_in_schema": True, "embed": False}
"""What is not worth saying of a marker; of everything else, `None`."""


class Path(ParamMarker):
    """The argument comes from the path, whose template must name it."""

    source = "path"


class Query(ParamMarker):
    """The argument comes from the query string; one with structure, a dataclass for example, from all of it."""

    source = "query"


class Header(ParamMarker):
    """The argument comes from a header field: `x_token` is sent as `x-token`, unless there is an alias."""

    source = "header"


class Cookie(ParamMarker):
    """The argument comes from a cookie."""

    source = "cookie"


class Body(ParamMarker):
    """The argument is the body, or a member of it by name when a handler has several.

    Args:
        embed: whether a handler's only body argument is a member by its name too, default not.
        default, others: as for every marker.
    """

    source = "body"

    def __init__(self, default: Any = ..., *, embed: bool = False, **others: Any) -> None:
        super().__init__(default, **others)
        self.embed = embed


class Form(ParamMarker):
    """The argument is a field of a form; one with structure, a dataclass for example, is made of all fields.

    Forms are `application/x-www-form-urlencoded` or `multipart/form-data`; another content type is answered with 415.
    """

    source = "form"


class File(ParamMarker):
    """The argument is an uploaded file of a `multipart/form-data` form: `UploadFile`, a list of them, or `bytes`."""

    source = "form"
