"""`FormData`: the fields and files of a form; and forms in memory taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self, cast, overload
from urllib.parse import unquote_to_bytes

from hawkapi.http._query import parse_pairs
from hawkapi.requests.errors import FormLimitError, MalformedBodyError
from hawkapi.requests.uploads import UploadFile

__all__ = [
    "DEFAULT_MAX_FIELD_SIZE",
    "DEFAULT_MAX_PARTS",
    "FormData",
    "FormValue",
    "parse_multipart",
    "parse_urlencoded",
]

type FormValue = str | UploadFile

DEFAULT_MAX_PARTS: Final = 1000
"""Of a form; hardly any has a hundred, and each costs time and memory beyond its bytes."""

DEFAULT_MAX_FIELDS: Final = DEFAULT_MAX_PARTS

DEFAULT_MAX_FIELD_SIZE: Final = 1024 * 1024
"""1 MiB of text, which is kept in memory."""


class FormData:
    """The fields and files of a form.

    Args:
        fields: texts by name, or pairs in which a name may be repeated. Default none.
        files: the same for files. Default none.

    `get` returns the first text of a name and knows no files, `form[name]` the first value of either kind, `getlist`
    every value of both kinds. Iteration and `len` are about distinct names.

    Request-bound: one thread at a time.
    """

    __slots__ = ("_values", "fields", "files")

    def __init__(
        self,
        fields: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        files: Mapping[str, UploadFile] | Iterable[tuple[str, UploadFile]] | None = None,
    ) -> None:
        self.fields: dict[str, str] = {}
        """The first text of each name."""
        self.files: dict[str, UploadFile] = {}
        """The first file of each name."""
        self._values: list[tuple[str, FormValue]] = []
        self._extend(_pairs(fields))
        self._extend(_pairs(files))

    @classmethod
    def from_items(cls, items: Iterable[tuple[str, FormValue]]) -> Self:
        """Return a form of fields and files in one order."""
        form = cls()
        form._extend(items)
        return form

    @overload
    def get(self, key: str) -> str | None: ...
    @overload
    def get[T](self, key: str, default: T) -> str | T: ...
    def get(self, key: str, default: object = None) -> object:
        """Return the first text of a name, or the default."""
        return self.fields.get(key, default)

    def getlist(self, key: str) -> list[FormValue]:
        """Return every text and file of a name in order; an absent name has none."""
        return [value for name, value in self._values if name == key]

    def keys(self) -> list[str]:
        """Return the distinct names in the order of their first occurrence."""
        return list(dict.fromkeys(name for name, _ in self._values))

    def values(self) -> list[FormValue]:
        """Return the first value of each name."""
        return [value for _, value in self.items()]

    def items(self) -> list[tuple[str, FormValue]]:
        """Return each name with its first value."""
        # Reversed, so that the first of several values stays.
        first = dict(reversed(self._values))
        return [(name, first[name]) for name in self.keys()]

    def multi_items(self) -> list[tuple[str, FormValue]]:
        """Return every pair in the order of the form."""
        return list(self._values)

    async def close(self) -> None:
        """Delete the temporary files of all uploads."""
        for _, value in self._values:
            if isinstance(value, UploadFile):
                await value.close()

    def __getitem__(self, key: str) -> FormValue:
        for name, value in self._values:
            if name == key:
                return value
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key in self.fields or key in self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return f"FormData({self._values!r})"

    def _extend(self, items: Iterable[tuple[str, FormValue]]) -> None:
        for name, value in items:
            self._values.append((name, value))
            if isinstance(value, UploadFile):
                self.files.setdefault(name, value)
            else:
                self.fields.setdefault(name, value)


def parse_multipart(body: bytes, boundary: str | bytes, max_parts: int = DEFAULT_MAX_PARTS) -> FormData:
    """Return the form of a whole body (RFC 7578); its uploads are in memory.

    Args:
        body: all of it.
        boundary: as in the `Content-Type`, without the `--` that the body puts in front.
        max_parts: parts allowed, default 1000.

    Raises:
        MalformedBodyError: it is no form; a `ValueError`.
        FormLimitError: it has more parts, or too much text; a `ValueError`.
    """
    # Here, because the parser takes time to load and few programs have forms.
    from hawkapi.requests._multipart_form import MultipartForm

    form = MultipartForm(boundary.encode() if isinstance(boundary, str) else boundary, max_parts)
    for upload, data in [*form.feed(body), *form.finish()]:
        upload.file.write(data)
        upload.size += len(data)
    for _, value in form.items:
        if isinstance(value, UploadFile):
            value.file.seek(0)
    return FormData.from_items(form.items)


def parse_urlencoded(body: bytes, max_fields: int = DEFAULT_MAX_FIELDS) -> FormData:
    """Return the form of a whole body (WHATWG URL, `application/x-www-form-urlencoded`).

    Args:
        body: all of it.
        max_fields: fields allowed, empty ones too; default 1000.

    Raises:
        MalformedBodyError: a name or a value is not UTF-8; a `ValueError`.
        FormLimitError: it has more fields; a `ValueError`.
    """
    # Separators are counted before anything is made of them.
    if body.count(b"&") >= max_fields and body:
        raise FormLimitError(f"The form has more than {max_fields} fields", max_fields)
    pairs = parse_pairs(body)
    if any("\ufffd" in name or "\ufffd" in value for name, value in pairs):
        _check_utf8(body)
    return FormData(pairs)


def _check_utf8(body: bytes) -> None:
    """Tell bytes that are not UTF-8 from a U+FFFD that the client meant.

    The separators are ASCII, so none is part of a sequence, and the whole is UTF-8 exactly when each part is.
    """
    try:
        unquote_to_bytes(body).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedBodyError("Malformed form: a field is not UTF-8") from None


def _pairs[T](values: Mapping[str, T] | Iterable[tuple[str, T]] | None) -> Iterable[tuple[str, T]]:
    if values is None:
        return ()
    return cast("Mapping[str, T]", values).items() if isinstance(values, Mapping) else values
