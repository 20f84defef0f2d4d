"""What changed between two OpenAPI documents that a client may notice.

A request has to fit the new document as it fitted the old one; a response has to be what clients of the old one know.
So what narrows requests, or widens responses, is a change; the other way round is none. Additions are none either.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from hawkapi.openapi._schema_changes import Direction, Kind, SchemaChange, SchemaPair
from hawkapi.openapi._schema_reading import SchemaReader
from hawkapi.openapi._security_changes import is_refused, listed, ways_in
from hawkapi.openapi._walk import mapping_of, media_type_in, one_line, operations_of, parameters_of, resolve, shape_of

__all__ = ["Change", "ChangeType", "Severity", "detect_breaking_changes", "format_report"]


class Severity(enum.Enum):
    """Whether a client has to be changed."""

    BREAKING = "breaking"
    WARNING = "warning"
    INFO = "info"


class ChangeType(enum.Enum):
    """What changed."""

    PATH_REMOVED = "path_removed"
    METHOD_REMOVED = "method_removed"
    PARAMETER_ADDED_REQUIRED = "parameter_added_required"
    PARAMETER_REMOVED = "parameter_removed"
    PARAMETER_TYPE_CHANGED = "parameter_type_changed"
    RESPONSE_FIELD_REMOVED = "response_field_removed"
    STATUS_CODE_CHANGED = "status_code_changed"
    PARAMETER_BECAME_REQUIRED = "parameter_became_required"
    PARAMETER_NARROWED = "parameter_narrowed"
    REQUEST_BODY_ADDED_REQUIRED = "request_body_added_required"
    REQUEST_BODY_BECAME_REQUIRED = "request_body_became_required"
    REQUEST_BODY_REMOVED = "request_body_removed"
    REQUEST_MEDIA_TYPE_REMOVED = "request_media_type_removed"
    REQUEST_FIELD_BECAME_REQUIRED = "request_field_became_required"
    REQUEST_FIELD_REMOVED = "request_field_removed"
    REQUEST_TYPE_CHANGED = "request_type_changed"
    REQUEST_NARROWED = "request_narrowed"
    RESPONSE_MEDIA_TYPE_REMOVED = "response_media_type_removed"
    RESPONSE_FIELD_BECAME_OPTIONAL = "response_field_became_optional"
    RESPONSE_TYPE_CHANGED = "response_type_changed"
    RESPONSE_WIDENED = "response_widened"
    SECURITY_ADDED = "security_added"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    type: ChangeType
    severity: Severity
    path: str
    method: str
    """In lower case, as in the document."""
    description: str
    old_value: Any = None
    new_value: Any = None


BREAKING, WARNING = Severity.BREAKING, Severity.WARNING

OF_PARAMETERS: Final = {
    Kind.TYPE: (ChangeType.PARAMETER_TYPE_CHANGED, BREAKING),
    Kind.FIELD_REMOVED: (ChangeType.PARAMETER_NARROWED, WARNING),
    Kind.FIELD_REFUSED: (ChangeType.PARAMETER_NARROWED, BREAKING),
    Kind.FIELD_REQUIRED: (ChangeType.PARAMETER_NARROWED, BREAKING),
    Kind.VALUES: (ChangeType.PARAMETER_NARROWED, BREAKING),
}
OF_REQUESTS: Final = {
    Kind.TYPE: (ChangeType.REQUEST_TYPE_CHANGED, BREAKING),
    Kind.FIELD_REMOVED: (ChangeType.REQUEST_FIELD_REMOVED, WARNING),
    Kind.FIELD_REFUSED: (ChangeType.REQUEST_FIELD_REMOVED, BREAKING),
    Kind.FIELD_REQUIRED: (ChangeType.REQUEST_FIELD_BECAME_REQUIRED, BREAKING),
    Kind.VALUES: (ChangeType.REQUEST_NARROWED, BREAKING),
}
OF_RESPONSES: Final = {
    Kind.TYPE: (ChangeType.RESPONSE_TYPE_CHANGED, BREAKING),
    Kind.FIELD_REMOVED: (ChangeType.RESPONSE_FIELD_REMOVED, BREAKING),
    Kind.FIELD_REQUIRED: (ChangeType.RESPONSE_FIELD_BECAME_OPTIONAL, WARNING),
    Kind.VALUES: (ChangeType.RESPONSE_WIDENED, WARNING),
}
"""What a change of a schema is, by where the schema stands, and how bad."""


def detect_breaking_changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what a client of the old document may notice, in the order of that document.

    Args:
        old: the OpenAPI document that clients know.
        new: the one that they are going to meet.
    """
    old, new = mapping_of(old), mapping_of(new)
    documents = _Documents(old, new)
    present = {(shape_of(path), method): (path, operation) for path, method, operation in operations_of(new)}
    shapes = {shape for shape, _ in present}
    changes: list[Change] = []
    for path, method, operation in operations_of(old):
        shape = shape_of(path)
        if shape not in shapes:
            changes.append(Change(ChangeType.PATH_REMOVED, BREAKING, path, method, f"Path {path} was removed"))
        elif (shape, method) not in present:
            text = f"Method {method.upper()} removed from {path}"
            changes.append(Change(ChangeType.METHOD_REMOVED, BREAKING, path, method, text))
        else:
            changes += _Comparison(documents, path, method, operation, *present[shape, method]).changes()
    return changes


@final
class _Documents:
    """Two documents, and what was read of them so far."""

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old = old
        self.new = new
        readers = SchemaReader(old), SchemaReader(new)
        self.schemas = {direction: SchemaPair(direction, *readers) for direction in Direction}


@final
class _Comparison:
    """One operation in both documents."""

    def __init__(
        self,
        documents: _Documents,
        path: str,
        method: str,
        old: dict[str, Any],
        new_path: str,
        new: dict[str, Any],
    ) -> None:
        self._documents = documents
        self._old_spec = documents.old
        self._new_spec = documents.new
        self._path = path
        self._method = method
        self._old = old
        self._new_path = new_path
        self._new = new

    def changes(self) -> Iterator[Change]:
        """Yield every change: of parameters, body, responses and security."""
        yield from self._of_parameters()
        yield from self._of_body()
        yield from self._of_responses()
        yield from self._of_security()

    def _change(
        self, kind: ChangeType, severity: Severity, text: str, old_value: Any = None, new_value: Any = None
    ) -> Change:
        return Change(kind, severity, self._path, self._method, text, old_value, new_value)

    def _of_parameters(self) -> Iterator[Change]:
        old = parameters_of(self._old_spec, self._path, self._old)
        new = parameters_of(self._new_spec, self._new_path, self._new)
        for key, parameter in old.items():
            if key not in new:
                severity = BREAKING if parameter.get("required") else WARNING
                name = parameter["name"]
                text = f"Parameter '{name}' (in {key[1]}) was removed"
                yield self._change(ChangeType.PARAMETER_REMOVED, severity, text, old_value=name)
        for key, parameter in new.items():
            if key not in old and parameter.get("required"):
                name = parameter["name"]
                text = f"Required parameter '{name}' was added"
                yield self._change(ChangeType.PARAMETER_ADDED_REQUIRED, BREAKING, text, new_value=name)
        for key, parameter in old.items():
            if key in new:
                yield from self._of_parameter(parameter["name"], parameter, new[key])

    def _of_parameter(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
        if new.get("required") and not old.get("required"):
            text = f"Parameter '{name}' became required"
            yield self._change(ChangeType.PARAMETER_BECAME_REQUIRED, BREAKING, text, False, True)
        old_schema, new_schema = _schema_of(old), _schema_of(new)
        is_text = "schema" in old
        found_changes = list(self._of_schemas(old_schema, new_schema, Direction.REQUEST, is_text=is_text))
        types = [mapping_of(schema).get("type") for schema in (old_schema, new_schema)]
        # COMPAT: of a parameter any other type is a change, also one that takes more.
        if all(isinstance(kind, str) for kind in types) and types[0] != types[1] and not found_changes:
            found_changes = [SchemaChange(Kind.TYPE, "", f"'{types[0]}' -> '{types[1]}'", *types)]
        for found in found_changes:
            kind, severity = OF_PARAMETERS[found.kind]
            place = f"Parameter '{name}'" + (f", '{found.place}'" if found.place else "")
            yield self._change(kind, severity, f"{place}: {found.text}", found.old, found.new)

    def _of_body(self) -> Iterator[Change]:
        old = mapping_of(resolve(self._old.get("requestBody"), self._old_spec))
        new = mapping_of(resolve(self._new.get("requestBody"), self._new_spec))
        if old and not new:
            yield self._change(ChangeType.REQUEST_BODY_REMOVED, WARNING, "Request body was removed")
        elif new.get("required") and not old:
            text = "Required request body was added"
            yield self._change(ChangeType.REQUEST_BODY_ADDED_REQUIRED, BREAKING, text)
        elif new.get("required") and not old.get("required"):
            text = "Request body became required"
            yield self._change(ChangeType.REQUEST_BODY_BECAME_REQUIRED, BREAKING, text, False, True)
        if old and new:
            yield from self._of_contents(old, new, Direction.REQUEST, "Request")

    def _of_responses(self) -> Iterator[Change]:
        old, new = mapping_of(self._old.get("responses")), mapping_of(self._new.get("responses"))
        # YAML reads a status as a number.
        by_status = {str(status).upper(): response for status, response in new.items()}
        for status, response in old.items():
            code = str(status).upper()
            key = code if code in by_status else f"{code[:1]}XX"
            if key not in by_status:
                text = f"Response status {status} was removed"
                yield self._change(ChangeType.STATUS_CODE_CHANGED, WARNING, text, old_value=str(status))
                continue
            old_response = mapping_of(resolve(response, self._old_spec))
            new_response = mapping_of(resolve(by_status[key], self._new_spec))
            yield from self._of_contents(old_response, new_response, Direction.RESPONSE, "Response")

    def _of_contents(
        self, old: dict[str, Any], new: dict[str, Any], direction: Direction, what: str
    ) -> Iterator[Change]:
        is_request = direction is Direction.REQUEST
        removed = ChangeType.REQUEST_MEDIA_TYPE_REMOVED if is_request else ChangeType.RESPONSE_MEDIA_TYPE_REMOVED
        old_content, new_content = mapping_of(old.get("content")), mapping_of(new.get("content"))
        # The same schema in several media types is compared once.
        told: set[tuple[ChangeType, str]] = set()
        for media_type, media in old_content.items():
            found_as = media_type_in(new_content, str(media_type))
            if found_as is None:
                text = f"{what} media type {media_type} was removed"
                yield self._change(removed, BREAKING, text, old_value=media_type)
                continue
            old_schema, new_schema = (mapping_of(holder).get("schema") for holder in (media, new_content[found_as]))
            for found in self._of_schemas(old_schema, new_schema, direction):
                change = self._of_schema(found, is_request, what)
                if (change.type, change.description) not in told:
                    told.add((change.type, change.description))
                    yield change

    def _of_schema(self, found: SchemaChange, is_request: bool, what: str) -> Change:
        kind, severity = (OF_REQUESTS if is_request else OF_RESPONSES)[found.kind]
        place = f"{what} field '{found.place}'" if found.place else f"{what} body"
        text = f"{place} {found.text}" if found.text.startswith(("was", "became")) else f"{place}: {found.text}"
        return self._change(kind, severity, text, found.old, found.new)

    def _of_schemas(self, old: Any, new: Any, direction: Direction, *, is_text: bool = False) -> Iterator[SchemaChange]:
        if old is not None and new is not None:
            yield from self._documents.schemas[direction].changes(old, new, is_text=is_text)

    def _of_security(self) -> Iterator[Change]:
        """Yield what a client has to show that did not have to: when none of its old ways is one any more."""
        if is_refused(self._old, self._new, self._old_spec, self._new_spec):
            text = "Credentials are required that were not"
            old, new = listed(ways_in(self._old, self._old_spec)), listed(ways_in(self._new, self._new_spec))
            yield self._change(ChangeType.SECURITY_ADDED, BREAKING, text, old, new)


def _schema_of(parameter: dict[str, Any]) -> Any:
    """Return the schema of a parameter, also of one that is written in a media type (OpenAPI 3.1, section 4.8.12)."""
    contents = mapping_of(parameter.get("content")).values()
    return parameter.get("schema", next((mapping_of(media).get("schema") for media in contents), None))


def format_report(changes: Sequence[Change]) -> str:
    """Return changes as text for people, the breaking ones first."""
    lines: list[str] = []
    for severity, heading in ((BREAKING, "BREAKING CHANGES"), (WARNING, "WARNINGS"), (Severity.INFO, "INFO")):
        found = [change for change in changes if change.severity is severity]
        if found:
            lines.append(f"{heading} ({len(found)}):")
            lines += [
                one_line(f"  - [{change.method.upper()}] {change.path}: {change.description}") for change in found
            ]
    return "\n".join(lines) if lines else "No breaking changes detected."
