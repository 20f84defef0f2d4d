"""The arguments that come from a form: fields, files, and the form itself."""

from __future__ import annotations

from typing import Any, final

from hawkapi._arguments import FORMS
from hawkapi.exceptions import UnsupportedMediaTypeError
from hawkapi.http._fields import first_field
from hawkapi.http.media_types import essence_of
from hawkapi.params._extract import ABSENT, Default, Group
from hawkapi.params._groups import build_group
from hawkapi.params._signature import HandlerParameter, Source
from hawkapi.params.errors import ValidationErrorDetail
from hawkapi.params.markers import File
from hawkapi.requests import FormData, Request, UploadFile
from hawkapi.types import HeaderPairs


@final
class FileArgument:
    """An argument that is an uploaded file, or every file under one name."""

    __slots__ = ("_as_bytes", "_default", "_many", "_name", "position")

    def __init__(self, parameter: HandlerParameter, position: int) -> None:
        self.position = position
        self._name = parameter.wire_name
        self._many = parameter.many
        self._default: Default = parameter.default
        self._as_bytes = not parameter.uploads

    async def take(self, form: FormData, errors: list[ValidationErrorDetail]) -> object:
        """Return the file or files, or add to `errors` and return `ABSENT`."""
        files = [value for value in form.getlist(self._name) if isinstance(value, UploadFile)]
        if not files:
            value = self._default.get()
            if value is ABSENT:
                errors.append(ValidationErrorDetail(f"form.{self._name}", "Required file is missing"))
            return value
        taken: list[Any] = [await file.read() for file in files] if self._as_bytes else list(files)
        return taken if self._many else taken[0]


@final
class FormArguments:
    """Every argument of a handler that comes from a form."""

    __slots__ = ("_fields", "_files", "_whole")

    def __init__(self, whole: list[int], fields: Group | None, files: list[FileArgument]) -> None:
        self._whole = whole
        self._fields = fields
        self._files = files

    async def fill(
        self, arguments: list[object], request: Request, headers: HeaderPairs, errors: list[ValidationErrorDetail]
    ) -> None:
        """Read the form and put each value at its argument's position; what is wrong goes to `errors`.

        Raises:
            UnsupportedMediaTypeError: the content is declared to be something else.
            HTTPException: the form is malformed (400) or over a limit (413).
        """
        declared = first_field(headers, b"content-type") or b""
        essence = essence_of(declared.decode("latin-1"))
        if essence and essence not in FORMS:
            raise UnsupportedMediaTypeError(f"The body must be a form ({' or '.join(FORMS)}), not {essence}")
        form = await request.form()
        for position in self._whole:
            arguments[position] = form
        if self._fields is not None:
            self._fields.fill(arguments, field_texts(form), errors)
        for file in self._files:
            arguments[file.position] = await file.take(form, errors)


def field_texts(form: FormData) -> dict[str, list[str]]:
    """Return the values of a form's text fields by name, in order."""
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


def build_form_arguments(parameters: tuple[HandlerParameter, ...]) -> FormArguments | None:
    """Return what reads forms for a handler, or `None` when it takes nothing from one."""
    files = [
        FileArgument(item, position)
        for position, item in enumerate(parameters)
        if item.source is Source.FORM and (item.uploads or isinstance(item.marker, File))
    ]
    whole = [position for position, item in enumerate(parameters) if item.source is Source.FORM_DATA]
    fields = build_group(parameters, Source.FORM)
    return FormArguments(whole, fields, files) if whole or files or fields else None
