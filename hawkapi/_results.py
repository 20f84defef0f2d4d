"""From what a handler returned to the messages of its response.

It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import hawkapi.codec as codec
from hawkapi.codec import Description, Kind
from hawkapi.codec._msgpack import MEDIA_TYPES, encode_msgpack
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.http.media_types import choose_media_type
from hawkapi.params._annotations import refusal
from hawkapi.params._extract import msgpack_preference
from hawkapi.responses._asgi import is_asgi_response
from hawkapi.responses._projection import build_projection, build_writer
from hawkapi.responses.base import Response, has_body
from hawkapi.routing.route import Route
from hawkapi.types import HeaderPairs, Message

type Encode = Callable[[object], bytes]
type Project = Callable[[Any], object]

JSON: Final = "application/json"
PLAIN: Final = frozenset({dict, list, str})
OFFERED: Final = (JSON, *MEDIA_TYPES)


@final
class ResultWriter:
    """Writes the results of one route that are not responses themselves: JSON, or MessagePack for who prefers it.

    A result is reduced to the route's response model first.
    """

    def __init__(self, route: Route) -> None:
        flags = exclusions(route)
        model = described_model(route, flags)
        self._project: Project | None = None if model is None else build_projection(model, **flags)
        write = (
            None
            if model is None or self._project is None or any(flags.values())
            else build_writer(model, self._project)
        )
        self._encode: Encode = codec.encoder() if write is None else write
        self._projects = write is not None
        """Whether `_encode` itself reduces a result to the model."""
        self.status_code = route.status_code
        self._has_body = has_body(route.status_code)

    def messages(self, result: object, method: str, headers: HeaderPairs) -> tuple[Message, Message] | None:
        """Return the two messages of the response to a request with these header fields.

        Returns:
            `None`: the result is a response with more to it than two messages; it is sent by calling it.

        Raises:
            CodecError, TypeError, ValueError: the result does not fit the model, or has no form in the format.
        """
        # PERF: the plain containers that most handlers return need no question whether they are responses.
        if type(result) not in PLAIN:
            if isinstance(result, Response):
                return result.messages(method) if result.buffered and result.background is None else None
            if result is None:
                return Response(b"", status_code=204 if self.status_code == 200 else self.status_code).messages(method)
            if callable(result) and is_asgi_response(result):
                return None
        if not self._has_body:
            return Response(b"", status_code=self.status_code).messages(method)
        accept = msgpack_preference(headers)
        packs = accept is not None and choose_media_type(accept, OFFERED) in MEDIA_TYPES
        if self._project is not None and (packs or not self._projects):
            result = self._project(result)
        body = encode_msgpack(result) if packs else self._encode(result)
        # A list and pairs of this request's own: a server may add to the one, threads would contend for the others.
        fields = [
            (b"content-type", b"application/msgpack" if packs else b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"vary", b"accept"),
        ]
        return (
            {"type": "http.response.start", "status": self.status_code, "headers": fields},
            {"type": "http.response.body", "body": b"" if method == "HEAD" else body},
        )

    def json(self, result: object) -> bytes | None:
        """Return the JSON of a result, for a server that takes a whole response in one call.

        Returns:
            `None`: the result is a response, or has no body; `messages` says what is sent.

        Raises:
            CodecError, TypeError, ValueError: the result does not fit the model, or has no form in JSON.
        """
        if not self._has_body or result is None:
            return None
        if type(result) not in PLAIN and (
            isinstance(result, Response) or (callable(result) and is_asgi_response(result))
        ):
            return None
        return self._encode(result if self._project is None or self._projects else self._project(result))


def is_response(result: object) -> bool:
    """Whether what a handler returned is a response: ours, or another framework's that is an ASGI callable."""
    return isinstance(result, Response) or is_asgi_response(result)


def exclusions(route: Route) -> dict[str, bool]:
    """Return what a route leaves out of its results, by the names of `build_projection`."""
    return {
        "exclude_none": route.response_model_exclude_none,
        "exclude_unset": route.response_model_exclude_unset,
        "exclude_defaults": route.response_model_exclude_defaults,
    }


def described_model(route: Route, flags: dict[str, bool]) -> Description | None:
    """Return the response model of a route, or `None` where there is nothing to reduce results to.

    Raises:
        UnsupportedTypeError: the model is of a type that is not supported.
    """
    model = route.response_model
    try:
        description = codec.describe(Any if model is None else model)
    except UnsupportedTypeError as exc:
        raise refusal(route, f"response model: {exc}; give response_model=None to send results as they are") from exc
    return None if description.kind is Kind.ANY and not any(flags.values()) else description
