"""The parts of a Python client that are the same for every API."""

from __future__ import annotations

from typing import Final

__all__ = ["CLIENT", "DATACLASS_VALUES", "HELPERS", "MSGSPEC_IMPORT", "MSGSPEC_VALUES"]

MSGSPEC_IMPORT: Final = """\
try:
    import msgspec
except ImportError as exc:
    raise ImportError(
        "this client needs msgspec, which is not installed (pip install msgspec); there is none for free-threaded "
        "Python 3.13: generate a client without it there, with `hawkapi gen-client python --models dataclass`"
    ) from exc
"""

HELPERS: Final = '''\
class ApiError(Exception):
    """The server refused a request, or its answer is not what the API describes.

    `detail` is the body of the response: what its JSON holds, or its text where it has none.
    """

    def __init__(self, status_code: int, detail: Any) -> None:
        super().__init__(f"HTTP {status_code}: {detail}")
        self.status_code = status_code
        self.detail = detail


class Upload(NamedTuple):
    """A file in a form."""

    content: bytes
    filename: str = "upload"
    content_type: str = "application/octet-stream"


class _Body(NamedTuple):
    content: bytes | None
    media_type: str = ""
    files: list[tuple[str, tuple[str | None, bytes] | tuple[str | None, bytes, str]]] | None = None


_SEPARATORS = {"comma": ",", "space": " ", "pipe": "|"}
_NOT_IN_COOKIES = frozenset(' ";\\\\\\x7f').union(map(chr, range(32)))


def _text(value: Any) -> str:
    """Write a value as URLs, header fields and forms have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else _encoded(value).decode()


def _pairs(name: str, value: Any, encoding: str) -> list[tuple[str, str]]:
    """Return a parameter as pairs of texts; `None` is none."""
    value = _plain(value)
    if value is None:
        return []
    if encoding == "json":
        return [(name, _encoded(value).decode())]
    if isinstance(value, dict):
        if encoding == "repeat":
            parts = [(key, [_text(member)] if isinstance(member, dict) else member) for key, member in value.items()]
            return [pair for key, member in parts for pair in _pairs(key, member, encoding)]
        members = [(key, _text(member)) for key, member in value.items() if member is not None]
        if encoding == "deep":
            return [(f"{name}[{key}]", member) for key, member in members]
        return [(name, _SEPARATORS[encoding].join(part for member in members for part in member))]
    if isinstance(value, (list, tuple)):
        items = [_text(item) for item in value]
        if encoding in _SEPARATORS:
            return [(name, _SEPARATORS[encoding].join(items))] if items else []
        return [(name, item) for item in items]
    return [(name, _text(value))]


def _segment(value: Any) -> str:
    """Return a value as a part of a path, which it cannot leave.

    Raises:
        ValueError: the path would mean another resource.
    """
    text = "".join(text for _, text in _pairs("", value, "comma"))
    if text in {"", ".", ".."}:
        raise ValueError(f"a value in a path cannot be {text!r}")
    return quote(text, safe="")


def _cookie(name: str, value: Any) -> list[str]:
    """Return a cookie as requests have it.

    Raises:
        ValueError: its value cannot be in a cookie (RFC 6265 section 4.1.1).
    """
    found = _pairs(name, value, "comma")
    for _, text in found:
        if _NOT_IN_COOKIES.intersection(text):
            raise ValueError(f"cookie {name!r}: spaces, quotes, semicolons and backslashes must be encoded")
    return [f"{key}={text}" for key, text in found]


def _needed(body: Any) -> Any:
    if body is None:
        raise TypeError("this operation needs a body")
    return body


def _json_body(value: Any, media_type: str) -> _Body:
    return _Body(_encoded(value), media_type)


def _text_body(value: str, media_type: str) -> _Body:
    return _Body(value.encode(), f"{media_type}; charset=utf-8")


def _bytes_body(value: bytes, media_type: str) -> _Body:
    return _Body(value, media_type)


def _form_body(value: Any, media_type: str) -> _Body:
    return _Body(urlencode(_pairs("", value, "repeat")).encode(), media_type)


def _multipart_body(value: Any, media_type: str) -> _Body:
    files: list[tuple[str, tuple[str | None, bytes] | tuple[str | None, bytes, str]]] = []
    for name, member in _members(value):
        for item in member if isinstance(member, list) else [member]:
            if isinstance(item, Upload):
                files.append((name, (item.filename, item.content, item.content_type)))
            elif item is not None:
                files.append((name, (None, _text(_plain(item)).encode())))
    return _Body(None, media_type, files)


def _detail(response: httpx.Response) -> Any:
    """Return what an error says, also one that does not come from the application."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return response.text


def _result(response: httpx.Response, expected: Any) -> Any:
    """Return what a response holds.

    Raises:
        ApiError: it is not what the API describes.
    """
    try:
        return _converted(response.json() if response.content else None, expected)
    except (ValueError, RecursionError) as exc:
        detail = f"the response is not what was described: {exc}"
        raise ApiError(response.status_code, detail) from exc
'''

MSGSPEC_VALUES: Final = """\
def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _converted(value: Any, expected: Any) -> Any:
    try:
        return msgspec.convert(value, type=expected)
    except msgspec.MsgspecError as exc:
        raise ValueError(str(exc)) from exc


def _members(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(field.encode_name, getattr(value, field.name)) for field in msgspec.structs.fields(value)]
"""

DATACLASS_VALUES: Final = '''\
def _encoded(value: Any) -> bytes:
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """Return a value with dictionaries for objects; optional members that are `None` are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            _wire_name(field): _plain(member)
            for field in dataclasses.fields(value)
            if (member := getattr(value, field.name)) is not None or field.default is not None
        }
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _members(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return [(_wire_name(field), getattr(value, field.name)) for field in dataclasses.fields(value)]


def _wire_name(field: dataclasses.Field[Any]) -> str:
    return str(field.metadata.get("name", field.name))


def _converted(value: Any, expected: Any) -> Any:
    """Return a value of JSON as one of a type.

    Raises:
        ValueError: it is not of that type.
    """
    if isinstance(expected, TypeAliasType):
        return _converted(value, expected.__value__)
    if expected is Any:
        return value
    origin, arguments = get_origin(expected), get_args(expected)
    if origin is Literal:
        if any(value == known and type(value) is type(known) for known in arguments):
            return value
    elif origin in {Union, UnionType}:
        for variant in arguments:
            with contextlib.suppress(ValueError):
                return _converted(value, variant)
    elif origin is list and isinstance(value, list):
        return [_converted(item, arguments[0]) for item in value]
    elif origin is dict and isinstance(value, dict):
        return {key: _converted(member, arguments[1]) for key, member in value.items()}
    elif expected in {None, type(None)} and value is None:
        return None
    elif dataclasses.is_dataclass(expected) and isinstance(value, dict):
        return _instance(value, expected)
    elif expected is float and type(value) in {int, float}:
        return float(value)
    elif expected in {str, int, bool} and type(value) is expected:
        return value
    raise ValueError(f"expected {getattr(expected, '__name__', expected)}, got {str(value)[:80]!r}")


def _instance(value: dict[str, Any], expected: Any) -> Any:
    types = _types_of(expected)
    members: dict[str, Any] = {}
    for field in dataclasses.fields(expected):
        name = _wire_name(field)
        if name in value:
            members[field.name] = _converted(value[name], types[field.name])
        elif field.default is dataclasses.MISSING:
            raise ValueError(f"{expected.__name__} has no member {name!r}")
    return expected(**members)


@functools.cache
def _types_of(expected: Any) -> dict[str, Any]:
    return get_type_hints(expected)
'''

CLIENT: Final = '''\
    def __init__(
        self, base_url: str, *, headers: Mapping[str, str] | None = None, client: httpx.AsyncClient | None = None
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        self._owned = client is None
        self._client = httpx.AsyncClient() if client is None else client

    async def aclose(self) -> None:
        """Close the connections, unless they belong to a client that was passed in."""
        if self._owned:
            await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        cookies: Sequence[str] = (),
        body: _Body | None = None,
        accept: str = "*/*",
    ) -> httpx.Response:
        fields = httpx.Headers(self._headers)
        fields.setdefault("accept", accept)
        if body is not None and body.files is None:
            fields["content-type"] = body.media_type
        for name, value in headers:
            fields[name] = value
        if cookies:
            fields["cookie"] = "; ".join([*filter(None, [fields.get("cookie")]), *cookies])
        response = await self._client.request(
            method,
            self._base_url + path,
            params=list(query),
            headers=fields,
            content=body.content if body else None,
            files=body.files if body else None,
        )
        if response.status_code >= 400:
            raise ApiError(response.status_code, _detail(response))
        return response
'''
