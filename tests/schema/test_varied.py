"""Drawn applications: repeatable, as large as they should be, and described rightly and alike everywhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from subprocesses import output_of, run_python
from varied.application import application_of, source_of
from varied.routes import BLOCKS

from hawkapi.testing import TestClient

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "data" / "openapi-3.1.json"
PROGRAM = f"""
import sys
sys.path.insert(0, {str(HERE.parent / "support")!r})
from varied.application import application_of
for seed in range(4):
    print(application_of(seed)._documents._document(None).body.decode())
"""


def test_seeds_are_repeatable() -> None:
    """The seed is all that an application depends on."""
    assert source_of(7) == source_of(7) != source_of(8)


@pytest.mark.parametrize("seed", range(4))
def test_applications_are_varied(seed: int) -> None:
    """Each has 40 routes or more, one of each kind."""
    assert len(BLOCKS) <= 40
    operations = [item for path in application_of(seed).openapi()["paths"].values() for item in path.values()]
    assert len(operations) >= 40
    assert len({operation["operationId"] for operation in operations}) == len(operations)


@pytest.mark.parametrize("seed", range(4))
def test_documents_are_valid(seed: int) -> None:
    """Against the official schema of OpenAPI 3.1."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(application_of(seed).openapi())


def test_both_codecs_give_the_same_documents() -> None:
    """Byte for byte, in whatever process they are made."""
    pytest.importorskip("msgspec")
    documents = [output_of(PROGRAM, HAWKAPI_CODEC=codec) for codec in ("portable", "msgspec", "portable")]
    assert len(documents[0].splitlines()) == 4
    assert documents[0] == documents[1] == documents[2]


def test_served_application_has_its_document() -> None:
    """At the address where schemathesis looks for it."""
    app = application_of(3)
    with TestClient(app) as client:
        assert client.get("/openapi.json").json() == app.openapi()


def test_source_can_be_read() -> None:
    """With `--source` the application of a seed is printed, and nothing is run."""
    done = run_python(str(HERE / "run.py"), "--schemathesis", sys.executable, "--seed", "5", "--source")
    assert (done.returncode, done.stdout) == (0, source_of(5) + "\n"), done.stderr
