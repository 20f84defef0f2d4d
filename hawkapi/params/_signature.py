"""What a handler, or a dependency of one, asks for: its signature, read once at registration.

Where each parameter comes from, first match wins:

1. a marker in `Annotated`, or as the default, says so: `Query`, `Header`, `Cookie`, `Path`, `Body`, `Form`, `File`,
   `Depends`;
2. its type says so: `Request`, `WebSocket`, `HTTPConnection`, `Response`, `BackgroundTasks`, `SecurityScopes`,
   `FormData`, `UploadFile`, or what is always read from the query string, as `PaginationParams`;
3. its name is in the path template: the path;
4. the container has a provider for its type: the container;
5. it is called `request`, or called `scope` and is a dict: what these names mean in ASGI frameworks;
6. its type is one that a text can hold (`str`, `int`, `UUID`, an enum, optional ones, or no annotation): the query
   string;
7. its type has structure (a dataclass, a list, a dict): the JSON body.

Everything else is refused here, with the name of the route and of the parameter, so that nothing that registers works
only partly.
"""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAliasType, Union, cast, get_args, get_origin

from hawkapi._callables import bound_names, is_hashable
from hawkapi.background import BackgroundTasks
from hawkapi.codec import Description, Kind, describe
from hawkapi.codec._annotations import expand_alias, is_alias
from hawkapi.codec._model import is_marker, type_name
from hawkapi.codec.struct import Meta
from hawkapi.di.depends import Dependency, SelfMade
from hawkapi.di.security import SecurityScopes
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.pagination import CursorParams, PaginationParams
from hawkapi.params._annotations import resolve_annotation, signature_of
from hawkapi.params._extract import ABSENT, Default
from hawkapi.params.markers import Body, Cookie, File, Form, Header, ParamMarker, Path, Query
from hawkapi.requests import FormData, Request, UploadFile
from hawkapi.requests.connection import HTTPConnection
from hawkapi.responses.base import Response
from hawkapi.routing._parse import Parameter, Template

POSITIONAL: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
VARIADIC: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Source(enum.Enum):
    """Where an argument comes from; the value is what the places of errors begin with."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    COOKIE = "cookie"
    BODY = "body"
    FORM = "form"
    REQUEST = "request"
    RESPONSE = "response"
    BACKGROUND = "background"
    SCOPE = "scope"
    CONNECTION = "connection"
    SECURITY_SCOPES = "security scopes"
    FORM_DATA = "form data"
    DEPENDENCY = "dependency"
    PROVIDER = "provider"


TEXTS: Final = frozenset({Source.PATH, Source.QUERY, Source.HEADER, Source.COOKIE})
"""The sources that are there before a body is read."""

OF_MARKERS: Final[tuple[tuple[type[ParamMarker], Source], ...]] = (
    (Path, Source.PATH),
    (Query, Source.QUERY),
    (Header, Source.HEADER),
    (Cookie, Source.COOKIE),
    (Body, Source.BODY),
    (Form, Source.FORM),
    (File, Source.FORM),
)

OF_TYPES: Final[tuple[tuple[type, Source], ...]] = (
    (Request, Source.REQUEST),
    (Response, Source.RESPONSE),
    (BackgroundTasks, Source.BACKGROUND),
    (SecurityScopes, Source.SECURITY_SCOPES),
    (FormData, Source.FORM_DATA),
    (PaginationParams, Source.QUERY),
    (CursorParams, Source.QUERY),
)

ANYTHING: Final = describe(Any)

NOT_IN_WEBSOCKETS: Final = {
    Source.BODY: "a JSON body",
    Source.FORM: "a form",
    Source.FORM_DATA: "a form",
    Source.REQUEST: "an HTTP request; ask for a WebSocket, or in what serves both for an HTTPConnection",
    Source.RESPONSE: "a response",
}
"""What the opening handshake of a WebSocket does not bring."""


type Refuse = Callable[[str], UnsupportedTypeError]
"""Makes the error that says what is wrong with a callable, and where that is."""


type HasProvider = Callable[[Any], bool]
"""Whether the container has something for a type."""


class Consumer(NamedTuple):
    """Something whose arguments are to be found: a handler, or a dependency of one."""

    function: Callable[..., Any]
    template: Template
    """Of the path that leads to it."""
    refuse: Refuse
    has_provider: HasProvider = lambda _: False
    is_websocket: bool = False


type Marker = ParamMarker | Dependency


@dataclass(frozen=True, slots=True)
class HandlerParameter:
    """One parameter of a handler."""

    name: str
    source: Source
    description: Description
    """What it is made of; of files and of the framework's own objects: anything."""
    default: Default
    keyword_only: bool
    wire_name: str
    """What the client calls it."""
    converted: bool = False
    """Whether the path converter already gives a value of the right type."""
    annotation: Any = Any
    marker: ParamMarker | None = None
    dependency: Dependency | None = None
    """What is called, or which provider is asked, for it."""
    uploads: bool = False
    """Whether it takes uploaded files as they are."""
    many: bool = False
    """Whether it takes every value under its name."""

    @property
    def embedded(self) -> bool:
        """Whether it is a member of the body although it is the only argument from there."""
        return isinstance(self.marker, Body) and self.marker.embed


def read_signature(consumer: Consumer) -> tuple[HandlerParameter, ...]:
    """Return what a callable asks for, positional parameters first.

    Raises:
        UnsupportedTypeError: a parameter cannot be filled.
    """
    # SECURITY: what a partial binds by name is still in its signature, but is not the client's to say.
    bound = bound_names(consumer.function)
    parameters = signature_of(consumer.function).parameters.values()
    return tuple(_read_parameter(parameter, consumer) for parameter in parameters if parameter.name not in bound)


def _read_parameter(parameter: inspect.Parameter, consumer: Consumer) -> HandlerParameter:
    name, refuse = parameter.name, consumer.refuse
    if parameter.kind in VARIADIC:
        raise refuse(f"parameter {parameter} takes any number of arguments; name each parameter")
    annotation = resolve_annotation(
        parameter.annotation, consumer.function, lambda why: refuse(f"parameter {name}: {why}")
    )
    annotation, found = _take_marker(annotation, parameter.default, refuse, name)
    bare = bare_type(annotation)
    found = _self_made(bare, found, consumer)
    if isinstance(found, Dependency):
        return _dependent(parameter, annotation, found)
    source = _source_by_marker(found)
    if source is None:
        source = _source_by_type(bare)
    wire_name = _wire_name(name, found, source)
    segments = consumer.template.segments
    segment = next((part for part in segments if isinstance(part, Parameter) and part.name == wire_name), None)
    if source is None and segment is not None:
        source = Source.PATH
    if source is None and is_hashable(bare) and consumer.has_provider(bare):
        return _dependent(parameter, annotation, Dependency())
    if source is None:
        source = _source_by_name(parameter, annotation, consumer)
    uploads, many = upload_shape(annotation)
    description = ANYTHING if uploads or source in _OBJECTS else _describe(annotation, found, refuse, name)
    if source is None:
        source = Source.FORM if uploads else _source_by_description(description)
    if consumer.is_websocket and source in NOT_IN_WEBSOCKETS:
        raise refuse(f"parameter {name}: a WebSocket has not {NOT_IN_WEBSOCKETS[source]}")
    if not consumer.is_websocket and source is Source.CONNECTION and bare is not HTTPConnection:
        raise refuse(f"parameter {name}: an HTTP request is no {type_name(annotation)}")
    _check_source(source, description, segment, refuse, name)
    return HandlerParameter(
        name=name,
        source=source,
        description=description,
        default=_default(parameter, found),
        keyword_only=parameter.kind not in POSITIONAL,
        wire_name=wire_name,
        converted=segment is not None and source is Source.PATH and _is_converted(segment, description, refuse),
        annotation=bare,
        marker=found,
        uploads=uploads,
        many=many or description.takes_many,
    )


def _self_made(annotation: Any, marker: Marker | None, consumer: Consumer) -> Marker | None:
    """Return the marker of a parameter: of a type that makes itself, if the container does not, a call of it."""
    asked = marker is None or (isinstance(marker, Dependency) and marker.dependency is None and marker.name is None)
    if not asked or not isinstance(annotation, type) or not issubclass(annotation, SelfMade):
        return marker
    return marker if consumer.has_provider(annotation) else Dependency(annotation)


_OBJECTS: Final = frozenset(
    {
        Source.REQUEST,
        Source.RESPONSE,
        Source.BACKGROUND,
        Source.SCOPE,
        Source.CONNECTION,
        Source.SECURITY_SCOPES,
        Source.FORM_DATA,
    }
)
"""The sources of the framework's own objects."""


def _dependent(parameter: inspect.Parameter, annotation: Any, dependency: Dependency) -> HandlerParameter:
    """Return a parameter that is what a dependency returns, or the container makes."""
    default = Default(ABSENT) if isinstance(parameter.default, Dependency) else _default(parameter, None)
    if default.value is ABSENT and without_none(annotation) is not annotation:
        default = Default(None)
    return HandlerParameter(
        name=parameter.name,
        source=Source.PROVIDER if dependency.dependency is None else Source.DEPENDENCY,
        description=ANYTHING,
        default=default,
        keyword_only=parameter.kind not in POSITIONAL,
        wire_name=parameter.name,
        annotation=bare_type(annotation),
        dependency=dependency,
    )


def _take_marker(annotation: Any, default: Any, refuse: Refuse, name: str) -> tuple[Any, Marker | None]:
    """Return an annotation without its marker, and the marker.

    Raises:
        UnsupportedTypeError: there are several markers, or one of another framework, or one that is about a part of the
            type only.
    """
    annotation, markers = _without_markers(annotation)
    if isinstance(default, type) and issubclass(default, ParamMarker | Dependency):
        raise refuse(f"parameter {name}: the default is a class; write {_written(default)}(...)")
    if isinstance(default, ParamMarker | Dependency):
        markers = [default, *markers]
    elif is_marker(default):
        raise refuse(f"parameter {name}: default {default!r} is another library's and means nothing here")
    if len(markers) > 1:
        raise refuse(f"parameter {name} has several markers: {', '.join(map(repr, markers))}; keep one")
    # SECURITY: passed over, a dependency that says who the user is would be what the client says.
    buried = next(_markers_in(annotation, set()), None)
    if buried is not None:
        raise refuse(f"parameter {name}: {buried!r} marks a part of the type; put Annotated around the whole of it")
    return annotation, markers[0] if markers else None


def _without_markers(annotation: Any) -> tuple[Any, list[Marker]]:
    """Return an annotation without the markers around it, in aliases and beside `None` too, and the markers."""
    if is_alias(annotation):
        return _without_markers(expand_alias(annotation))
    if get_origin(annotation) is Annotated:
        made = [_made(extra) for extra in annotation.__metadata__]
        others = [extra for extra in made if not isinstance(extra, ParamMarker | Dependency)]
        inner, markers = _without_markers(annotation.__origin__)
        markers += [marker for marker in made if isinstance(marker, ParamMarker | Dependency)]
        return (Annotated[inner, *others] if others else inner), markers
    choice = without_none(annotation)
    if choice is not annotation:
        inner, markers = _without_markers(choice)
        if markers:
            return inner | None, markers
    return annotation, []


def _made(extra: Any) -> object:
    """Return the marker that a class of markers in `Annotated` stands for; anything else as it is."""
    if isinstance(extra, type) and issubclass(extra, ParamMarker | Dependency):
        return extra()
    return cast("object", extra)


def _markers_in(annotation: Any, seen: set[int]) -> Iterator[Marker]:
    """Yield the markers anywhere in an annotation."""
    if id(annotation) in seen or get_origin(annotation) is Literal:
        return
    seen.add(id(annotation))
    if isinstance(annotation, TypeAliasType):
        yield from _markers_in(annotation.__value__, seen)
    elif get_origin(annotation) is Annotated:
        extras: tuple[object, ...] = annotation.__metadata__
        yield from (made for made in map(_made, extras) if isinstance(made, ParamMarker | Dependency))
    for argument in (get_origin(annotation), *get_args(annotation)):
        yield from _markers_in(argument, seen)


def _written(marker: type[Marker]) -> str:
    return marker.written_as if issubclass(marker, Dependency) else marker.__name__


def _source_by_marker(marker: ParamMarker | None) -> Source | None:
    return next((source for cls, source in OF_MARKERS if isinstance(marker, cls)), None)


def _source_by_type(annotation: Any) -> Source | None:
    if not isinstance(annotation, type):
        return None
    found = next((source for cls, source in OF_TYPES if issubclass(annotation, cls)), None)
    return Source.CONNECTION if found is None and issubclass(annotation, HTTPConnection) else found


def without_none(annotation: Any) -> Any:
    """Return the one type beside `None` of an optional type; any other as it is."""
    if get_origin(annotation) in {Union, types.UnionType}:
        choices = [choice for choice in get_args(annotation) if choice is not types.NoneType]
        return choices[0] if len(choices) == 1 else annotation
    return annotation


def bare_type(annotation: Any) -> Any:
    """Return the one type that a parameter is about: without what `Annotated` adds, and without `None`."""
    while get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    inner = without_none(annotation)
    return annotation if inner is annotation else bare_type(inner)


def _source_by_name(parameter: inspect.Parameter, annotation: Any, consumer: Consumer) -> Source | None:
    if parameter.name == "request":
        return Source.CONNECTION if consumer.is_websocket else Source.REQUEST
    if consumer.is_websocket and parameter.annotation is inspect.Parameter.empty:
        # The handler of a WebSocket may leave the annotation of its first parameter out.
        names = consumer.template.names
        parameters = signature_of(consumer.function).parameters.values()
        unannotated = [other for other in parameters if is_bare(other) and other.name not in names]
        if unannotated[:1] == [parameter]:
            return Source.CONNECTION
    origin = get_origin(annotation) or annotation
    if parameter.name == "scope" and (origin is Any or (isinstance(origin, type) and issubclass(origin, Mapping))):
        return Source.SCOPE
    return None


def is_bare(parameter: inspect.Parameter) -> bool:
    """Whether a parameter has neither annotation nor default."""
    return parameter.annotation is inspect.Parameter.empty and parameter.default is inspect.Parameter.empty


def _source_by_description(description: Description) -> Source:
    return Source.QUERY if description.is_scalar or description.kind is Kind.ANY else Source.BODY


def _wire_name(name: str, marker: ParamMarker | None, source: Source | None) -> str:
    if marker is not None and marker.alias is not None:
        return marker.alias.lower() if source is Source.HEADER else marker.alias
    return name.replace("_", "-").lower() if source is Source.HEADER else name


def upload_shape(annotation: Any) -> tuple[bool, bool]:
    """Return whether an annotation is about uploaded files, and whether it takes several."""
    if get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    annotation = without_none(annotation)
    if get_origin(annotation) in {list, tuple, typing.Sequence}:
        return upload_shape(get_args(annotation)[0])[0], True
    return isinstance(annotation, type) and issubclass(annotation, UploadFile), False


def _describe(annotation: Any, marker: ParamMarker | None, refuse: Refuse, name: str) -> Description:
    """Describe what a parameter is made of, the marker's constraints included."""
    constraints = marker.constraints() if marker is not None else {}
    try:
        return describe(Annotated[annotation, Meta(**constraints)] if constraints else annotation)
    except (UnsupportedTypeError, TypeError, ValueError) as exc:
        bare = bare_type(annotation)
        is_other = marker is None and isinstance(bare, type) and str(exc).startswith(f"type {type_name(bare)} ")
        raise refuse(f"parameter {name}: {exc}{_PROVIDED if is_other else ''}") from exc


_PROVIDED: Final = "; mark a dependency with Depends(...), or register the type in the container before the route"


def _default(parameter: inspect.Parameter, marker: ParamMarker | None) -> Default:
    if marker is not None and marker.has_default():
        return Default(marker.default, marker.default_factory)
    written = parameter.default
    return Default(ABSENT if written is inspect.Parameter.empty or isinstance(written, ParamMarker) else written)


def _check_source(
    source: Source,
    description: Description,
    segment: Parameter | None,
    refuse: Refuse,
    name: str,
) -> None:
    """Refuse a source that cannot hold what the parameter is.

    Raises:
        UnsupportedTypeError: it cannot; the message names both.
    """
    if source is Source.PATH and segment is None:
        raise refuse(f"parameter {name} comes from the path, but the path has no such parameter")
    if source is Source.PATH and not _is_text(description):
        raise refuse(f"parameter {name} comes from the path, which cannot hold {type_name(description.type)}")
    if source in MODELS and not (_is_text(description) or description.takes_many or _is_text_model(description)):
        raise refuse(f"parameter {name} comes from the {source.value}, which cannot hold {type_name(description.type)}")


MODELS: Final = frozenset({Source.QUERY, Source.HEADER, Source.COOKIE, Source.FORM})
"""The sources that a model may be made of."""


def _is_text(description: Description) -> bool:
    return description.is_scalar or description.kind is Kind.ANY


def _is_text_model(description: Description) -> bool:
    """Whether a type has members that are texts, or repeated texts."""
    if description.kind is Kind.OPTIONAL and description.item is not None:
        return _is_text_model(description.item)
    if description.kind is Kind.DICT and description.item is not None:
        return _is_text(description.item)
    if description.kind is Kind.PYDANTIC:
        return True
    return description.kind in MEMBERS and all(
        _is_text(field.description) or field.description.takes_many for field in description.fields
    )


MEMBERS: Final = frozenset({Kind.DATACLASS, Kind.ATTRS, Kind.STRUCT, Kind.TYPED_DICT})


def text_members(description: Description) -> list[tuple[str, bool]]:
    """Return the names that a model reads, and whether each takes all texts under it."""
    if description.kind is Kind.OPTIONAL and description.item is not None:
        return text_members(description.item)
    if description.kind is Kind.PYDANTIC:
        fields = description.cls.model_fields.items()
        return [(field.alias or name, _takes_many(field.annotation)) for name, field in fields]
    return [(field.encoded or field.name, field.description.takes_many) for field in description.fields]


def _takes_many(annotation: Any) -> bool:
    """Whether a member of a pydantic model is an array; of what, only pydantic knows."""
    try:
        return describe(annotation).takes_many
    except UnsupportedTypeError:
        return False


def _is_converted(segment: Parameter, description: Description, refuse: Refuse) -> bool:
    """Whether the template's type is the handler's, so that nothing is left to convert.

    Raises:
        UnsupportedTypeError: no value of the one is a value of the other.
    """
    produced = segment.converter.name
    kind = description.item.kind if description.item is not None else description.kind
    if kind is Kind.ANY or produced not in READ_FROM:
        return kind in {Kind.ANY, Kind.STR}
    same, others = READ_FROM[produced]
    if kind is not same and kind not in others:
        raise refuse(
            f"parameter {segment.name} is {produced} in the path but {type_name(description.type)} in the handler",
        )
    return kind is same


_CHOICES: Final = frozenset({Kind.ENUM, Kind.LITERAL, Kind.UNION})

READ_FROM: Final[dict[str, tuple[Kind, frozenset[Kind]]]] = {
    "int": (Kind.INT, frozenset({Kind.FLOAT, Kind.DECIMAL}) | _CHOICES),
    "float": (Kind.FLOAT, frozenset({Kind.DECIMAL}) | _CHOICES),
    "uuid": (Kind.UUID, frozenset()),
}
"""For each path converter that makes other than text: what it makes, and what else can be read from that."""
