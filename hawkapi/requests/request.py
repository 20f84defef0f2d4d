"""`Request`: what a client sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping
from functools import partial
from typing import Any, Self

import hawkapi.codec as codec
from hawkapi._threading import ThreadOwned
from hawkapi.codec import CodecError
from hawkapi.codec.errors import ROOT
from hawkapi.requests.body import DEFAULT_MAX_BODY_SIZE, BodyReader, body_reader, read_body, read_request_body
from hawkapi.requests.connection import HTTPConnection
from hawkapi.requests.errors import MalformedBodyError, RequestEntityTooLarge
from hawkapi.requests.form_data import DEFAULT_MAX_FIELD_SIZE, DEFAULT_MAX_PARTS, FormData
from hawkapi.types import BODY_KEY, Receive, Scope

__all__ = [
    "DEFAULT_MAX_BODY_SIZE",
    "FormLoader",
    "Request",
    "RequestEntityTooLarge",
    "close_request",
    "read_body",
    "read_request_body",
]

# THREADS: one decoder per thread, as for everything that requests use.
_json_decoders = ThreadOwned(lambda: codec.decoder(Any))


class Request(HTTPConnection):
    """A request. Everything is parsed when it is first asked for, and kept.

    Args:
        scope: of type `http` (ASGI 3).
        receive: gives the body.
        path_params: converted values by name. Default those of the scope, or none.
        max_body_size: bytes allowed in the body. Default the application's limit, without one 10 MiB.

    All `Request` objects of one scope share body, form and state, so a body that a middleware has read is there for the
    handler too.

    Request-bound: the tasks of one request may use it in turn.
    """

    __slots__ = ("_max_body_size", "_read", "_receive")

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        path_params: Mapping[str, Any] | None = None,
        max_body_size: int | None = None,
    ) -> None:
        super().__init__(scope, path_params)
        self._receive = receive
        self._max_body_size = max_body_size
        self._read: BodyReader | None = None

    @property
    def method(self) -> str:
        """In upper case, as servers give it."""
        method: str = self.scope["method"]
        return method

    @property
    def receive(self) -> Receive:
        """What gives the body (ASGI HTTP), as it was given."""
        return self._receive

    @property
    def content_type(self) -> str | None:
        """The `Content-Type` field as it came."""
        return self.headers.get("content-type")

    @property
    def max_body_size(self) -> int:
        """Bytes allowed in the body; exactly as many are fine."""
        if self._max_body_size is None:
            limit = getattr(self.scope.get("app"), "max_body_size", None)
            self._max_body_size = limit if isinstance(limit, int) else DEFAULT_MAX_BODY_SIZE
        return self._max_body_size

    async def body(self) -> bytes:
        """Return the whole body.

        Raises:
            RequestEntityTooLarge: it is longer than allowed; the client sees 413.
            ClientDisconnect: the client left before the end.
            RuntimeError: `stream()` or a multipart `form()` has consumed it.
        """
        return await self._reader().read(self.max_body_size)

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives, without keeping it; what `body()` has read, in one piece. Raises as `body`."""
        return self._reader().stream(self.max_body_size)

    async def json(self) -> Any:
        """Return the body as JSON; the same object each time.

        Raises:
            MalformedBodyError: it is none; the client sees a validation error. Besides what `body` raises.
        """
        reader = self._reader()
        body = await reader.read(self.max_body_size)
        if reader.document is None:
            reader.document = (_parse_json(body),)
        return reader.document[0]

    def form(self, *, max_parts: int = DEFAULT_MAX_PARTS, max_field_size: int = DEFAULT_MAX_FIELD_SIZE) -> FormLoader:
        """Return the form, to be awaited or entered with `async with`, which deletes its files at the end.

        The same form each time. It is empty when the media type is neither `multipart/form-data` nor
        `application/x-www-form-urlencoded`. A multipart body is not kept: read `body()` first to have both.

        Args:
            max_parts: fields and files allowed, default 1000.
            max_field_size: bytes of a text field allowed in a multipart form, default 1 MiB.

        Raises:
            MalformedBodyError: the body is no form; the client sees a validation error.
            FormLimitError: it has too many parts or too long fields; the client sees 413. Besides what `body` raises.
        """
        return FormLoader(partial(self._load_form, max_parts, max_field_size))

    async def is_disconnected(self) -> bool:
        """Whether the client is known to have left."""
        return await self._reader().is_disconnected(self.max_body_size)

    async def close(self) -> None:
        """Delete the temporary files of the form, if there are any."""
        await close_request(self.scope)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.path!r}>"

    def _reader(self) -> BodyReader:
        # Once the request has ended its scope has no body any more; who still has a request has what it has read.
        if self._read is None or BODY_KEY in self.scope:
            self._read = body_reader(self.scope, self._receive)
        return self._read

    async def _load_form(self, max_parts: int, max_field_size: int) -> FormData:
        # Here, because the parser takes time to load and few programs have forms.
        from hawkapi.requests._form_reader import read_form

        return await read_form(self._reader(), self.content_type, self.max_body_size, max_parts, max_field_size)


class FormLoader:
    """A form that is read when this is awaited, or entered with `async with`."""

    __slots__ = ("_form", "_load")

    def __init__(self, load: Callable[[], Coroutine[Any, Any, FormData]]) -> None:
        self._load = load
        self._form: FormData | None = None

    def __await__(self) -> Generator[Any, Any, FormData]:
        return self._load().__await__()

    async def __aenter__(self) -> FormData:
        self._form = await self._load()
        return self._form

    async def __aexit__(self, *exc_info: object) -> None:
        if self._form is not None:
            await self._form.close()


async def close_request(scope: Scope) -> None:
    """Delete the temporary files that the `Request` objects of a scope have made, if there are any."""
    reader = scope.get(BODY_KEY)
    if isinstance(reader, BodyReader) and reader.form is not None:
        await reader.form.close()


def _parse_json(body: bytes) -> object:
    if not body:
        raise MalformedBodyError("Request body is required")
    try:
        return _json_decoders.get()(body)
    except CodecError as exc:
        # Also where it is JSON: a number may be out of range.
        place, message, _ = exc.violations[0]
        raise MalformedBodyError(message if place == ROOT else f"{place}: {message}") from exc
