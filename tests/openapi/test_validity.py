"""The documents of all examples are what OpenAPI 3.1 and AsyncAPI 3.0 say, and the same with both codecs."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, Final

import pytest
from subprocesses import output_of

DATA: Final = Path(__file__).parent.parent / "data"
OPENAPI: Final = DATA / "openapi-3.1.json"
"""The official one (https://spec.openapis.org/oas/3.1/schema/2022-10-07, Apache License 2.0)."""
ASYNCAPI: Final = DATA / "asyncapi-3.0.json"
"""The official one (package @asyncapi/specs 6.11.1, without `$id`, Apache License 2.0, AsyncAPI Initiative)."""
EXAMPLES: Final = Path(__file__).parent.parent.parent / "docs" / "examples"
WITHOUT_APPLICATION: Final = {"forms", "overriding", "settings"}
NEEDED: Final = {"tokens": "jwt", "grpc_greeter": "grpc"}
"""The packages that must be installed for some."""
UNUSABLE: Final = WITHOUT_APPLICATION | {
    name for name, needed in NEEDED.items() if not importlib.util.find_spec(needed)
}
NAMES: Final = [*sorted({path.stem for path in EXAMPLES.glob("*.py")} - UNUSABLE), "todo.app"]
PROGRAM: Final = f"""
import importlib, sys
from hawkapi import HawkAPI
from hawkapi._documents import Kind
sys.path.insert(0, {str(EXAMPLES)!r})
for name in {NAMES}:
    for app in vars(importlib.import_module(name)).values():
        if isinstance(app, HawkAPI):
            for kind in Kind:
                print(app._documents._document(None, kind).body.decode())
"""


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Return the documents of every application of the examples."""
    return output_of(PROGRAM, HAWKAPI_CODEC="portable").splitlines()


def schemas_in(value: Any) -> list[Any]:
    """Return every schema of a document, wherever it is."""
    if isinstance(value, list):
        return [schema for item in value for schema in schemas_in(item)]
    if not isinstance(value, dict):
        return []
    own = [value["schema"]] if "schema" in value else []
    return own + [schema for item in value.values() for schema in schemas_in(item)]


def test_openapi_documents_of_examples_are_valid(lines: list[str]) -> None:
    """Against the official schema; their schemas against that of JSON Schema 2020-12."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(OPENAPI.read_text("utf-8")))
    documents = [document for document in map(json.loads, lines) if "openapi" in document]
    assert len(documents) >= len(NAMES)
    assert sum(len(document["paths"]) for document in documents) > 50
    for document in documents:
        validator.validate(document)
        for schema in [*schemas_in(document), *document.get("components", {}).get("schemas", {}).values()]:
            jsonschema.Draft202012Validator.check_schema(schema)


def test_asyncapi_documents_of_examples_are_valid(lines: list[str]) -> None:
    """Against the official schema; their schemas, which it looks into, are JSON Schema draft-07."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft7Validator(json.loads(ASYNCAPI.read_text("utf-8")))
    documents = [document for document in map(json.loads, lines) if "asyncapi" in document]
    assert len(documents) * 2 == len(lines)
    assert sum(len(document["channels"]) for document in documents) > 4
    for document in documents:
        validator.validate(document)
        references = {part["$ref"] for part in document["operations"].values() for part in part["messages"]}
        assert references == {
            f"#/channels/{name}/messages/{message}"
            for name, channel in document["channels"].items()
            for message in channel["messages"]
        }


def test_both_codecs_give_the_same_bytes(lines: list[str]) -> None:
    """In whatever process they are made."""
    pytest.importorskip("msgspec")
    for codec in ("msgspec", "portable"):
        assert output_of(PROGRAM, HAWKAPI_CODEC=codec).splitlines() == lines
