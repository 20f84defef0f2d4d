"""Documents are what OpenAPI 3.1 says, and the same with both codecs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from subprocesses import output_of

SCHEMA = Path(__file__).parent.parent / "data" / "openapi-3.1.json"
"""The official one (https://spec.openapis.org/oas/3.1/schema/2022-10-07, Apache License 2.0)."""
EXAMPLES = Path(__file__).parent.parent.parent / "docs" / "examples"
NAMES = [
    "container",
    "dependencies",
    "errors",
    "hello",
    "openapi_document",
    "pages",
    "parameters",
    "plugins",
    "response_model",
    "responses",
    "routing",
]
PROGRAM = f"""
import importlib, sys
sys.path.insert(0, {str(EXAMPLES)!r})
for name in {NAMES}:
    app = importlib.import_module(name).app
    print(app._documents._document(None).body.decode())
"""


def schemas_in(value: Any) -> list[Any]:
    """Return every schema of a document, wherever it is."""
    if isinstance(value, list):
        return [schema for item in value for schema in schemas_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["schema"]] if "schema" in value else []
    return own + [schema for item in value.values() for schema in schemas_in(item)]


def test_documents_of_examples_are_valid() -> None:
    """Against the official schema; their schemas against that of JSON Schema 2020-12."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    lines = output_of(PROGRAM, HAWKAPI_CODEC="portable").splitlines()
    assert len(lines) == len(NAMES)
    for document in map(json.loads, lines):
        assert document["paths"]
        validator.validate(document)
        for schema in [*schemas_in(document), *document.get("components", {}).get("schemas", {}).values()]:
            jsonschema.Draft202012Validator.check_schema(schema)


def test_both_codecs_give_the_same_bytes() -> None:
    """In whatever process they are made."""
    pytest.importorskip("msgspec")
    documents = [output_of(PROGRAM, HAWKAPI_CODEC=codec) for codec in ("portable", "msgspec", "portable")]
    assert documents[0] == documents[1] == documents[2]
