"""Whether a response is what an OpenAPI document says; JSON Schemas are judged by the jsonschema package."""

from __future__ import annotations

import json
from typing import Any, final

from hawkapi._optional import load_optional
from hawkapi.http.media_types import essence_of, is_json
from hawkapi.openapi._walk import list_of, mapping_of, media_type_in, resolve
from hawkapi.testing.response import TestResponse

__all__ = ["Conformance"]


@final
class Conformance:
    """The schemas of one document. Immutable.

    Raises:
        ImportError: jsonschema is not installed.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        library = load_optional("jsonschema", needed_by="a contract test", package="jsonschema", extra="contract")
        self._validator: Any = library.Draft202012Validator
        self._document = document

    def fits(self, schema: Any, value: Any) -> bool:
        """Whether a value fits a schema of the document; not where that cannot be told."""
        try:
            return bool(self._of(schema).is_valid(value))
        except Exception:  # noqa: BLE001 - a reference to nowhere, a pattern of another dialect, a circle
            return False

    def complaint(self, schema: Any, value: Any) -> str | None:
        """Return what about a value does not fit a schema, in one line, or `None`, also where it cannot be told."""
        try:
            for error in self._of(schema).iter_errors(value):
                if not _is_write_only(error):
                    place = "".join(
                        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path
                    )
                    return f"body{place}: {error.message}"
        except Exception:  # noqa: BLE001 - see above; a test must not fail for a schema that nobody can judge
            return None
        return None

    def _of(self, schema: Any) -> Any:
        # References are relative to the document, whose own members are no keywords of schemas.
        return self._validator({**self._document, "allOf": [schema]})

    def problem(self, responses: dict[str, Any], response: TestResponse) -> str | None:
        """Return how a response differs from those that an operation may give, or `None`.

        The format of text is not looked at: it is an annotation (JSON Schema 2020-12 validation, section 7).
        """
        described = self.described(responses, response.status_code)
        if described is None:
            documented = ", ".join(responses) or "none"
            return f"status {response.status_code} is not documented (documented: {documented})"
        contents = mapping_of(described.get("content"))
        if not contents:
            return None
        written = response.headers.get("content-type")
        if written is None:
            return f"status {response.status_code} has no content, and {', '.join(contents)} is documented"
        essence = essence_of(written)
        found = media_type_in(contents, written)
        if found is None:
            return f"content-type {essence} is not documented for status {response.status_code} ({', '.join(contents)})"
        if not is_json(essence) or "content-encoding" in response.headers:
            return None
        try:
            value = json.loads(response.content)
        except ValueError:
            return f"status {response.status_code}: the body is no JSON"
        media = mapping_of(contents[found])
        return self.complaint(media["schema"], value) if "schema" in media else None

    def described(self, responses: dict[str, Any], status: int) -> dict[str, Any] | None:
        """Return what is said of a status: by its own number, its class, or as the default."""
        for key in (str(status), f"{status // 100}XX", "DEFAULT"):
            if key in responses:
                return mapping_of(resolve(responses[key], self._document))
        return None


def _is_write_only(error: Any) -> bool:
    """Whether an error is that a member is missing that only requests have (OpenAPI 3.1 keeps the word of 3.0)."""
    if error.validator != "required":
        return False
    properties = mapping_of(mapping_of(error.schema).get("properties"))
    missing = [name for name in list_of(error.validator_value) if name not in mapping_of(error.instance)]
    return any(
        f"{name!r} is a required" in error.message and mapping_of(properties.get(name)).get("writeOnly")
        for name in missing
    )
