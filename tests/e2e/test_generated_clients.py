"""Generated clients do what users of them expect, against the bakery of the documentation on a real server.

mypy and the TypeScript compiler judge them first. `nox -s clients` has both and node; elsewhere a test that lacks one
is skipped. `HAWKAPI_TSC` is the compiler, a script that node runs; `HAWKAPI_CLIENTS=required` makes what is missing a
failure.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hostile_documents import document_of
from servers import FREE_THREADED, Served, serve
from subprocesses import run_python

from hawkapi.cli import status_of as main
from hawkapi.openapi.codegen import ClientIR, build_client_ir, generate_python_client, generate_typescript_client
from hawkapi.openapi.codegen.python import Models

pytestmark = pytest.mark.e2e_long

HERE = Path(__file__).parent
SCENARIOS = HERE.parent / "data" / "clients"
BAKERY = HERE.parent.parent / "docs" / "examples" / "bakery.py"
ANSWERS = [
    {"id": 1, "size": "large", "price": 30.5, "code": "A-1"},
    {"on_top": "sugar", "allergens": {"nuts": True}},
    {"kind": "courier", "street": "Rue Bleue 7", "fee": 2.5},
    {"id": 2, "size": "small", "price": None, "code": 0, "has_pickup": True},
    {"large": [1]},
    {"named": [1, 2]},
    {"found": 1, "none": None},
    {"odd": 2},
    {"name": "Éclair", "size": "small"},
    {"photo": {"file": "my cat.png", "bytes": 256, "caption": "größe & co", "tags": "a,b"}},
    {"same": True},
    {"text": "ada+x@example.org hears from us daily"},
    {"who": {"customer": "Ada", "session": "s=1"}},
    {"eaten": None},
    {"status": 404, "detail": "There is no cake 2"},
    {"status": 400, "field": "query.limit"},
    {"status": 404},
    {"refused": ".."},
    {"status": 502, "detail": "<h1>Bad Gateway</h1>"},
]
STRICT = """
--strict --target es2022 --module nodenext --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noUnusedLocals
--noPropertyAccessFromIndexSignature --noImplicitOverride --noImplicitReturns --noUnusedParameters
--erasableSyntaxOnly --isolatedModules --verbatimModuleSyntax
""".split()  # noqa: SIM905 - a command line


@pytest.fixture
def bakery() -> Iterator[Served]:
    """Serve a bakery that has sold nothing yet."""
    with serve("uvicorn", HERE, "bakery_app:app") as served:
        yield served


def lacking(what: str) -> NoReturn:
    """Skip a test for want of a program, or fail where all of them must be there."""
    if os.environ.get("HAWKAPI_CLIENTS") == "required":
        pytest.fail(f"there is no {what}")
    pytest.skip(f"there is no {what}; nox -s clients has it")


def hostile_clients() -> list[ClientIR]:
    """Describe clients of documents whose names and texts try to be code."""
    return [build_client_ir(document_of(seed)) for seed in range(1000, 1025)]


def generate(language: str, place: Path, *options: str) -> Path:
    """Write the client and put the scenario beside it."""
    assert main(["gen-client", language, "--app", f"{BAKERY}:app", "--out", str(place), *options]) == 0
    name = {"python": "scenario.py", "typescript": "scenario.ts"}[language]
    source = SCENARIOS / (f"{name}.txt" if language == "python" else name)
    return Path(shutil.copy(source, place / name))


def answers(output: str) -> list[object]:
    """Read what a scenario has printed."""
    return [json.loads(line) for line in output.splitlines()]


MODELS: list[Models] = ["msgspec", "dataclass"]


@pytest.mark.parametrize("models", MODELS)
def test_python_client_completes_the_scenario(models: Models, bakery: Served, tmp_path: Path) -> None:
    """On every build: where there is no msgspec, the client of dataclasses does."""
    if models == "msgspec" and importlib.util.find_spec("msgspec") is None:
        pytest.skip("there is no msgspec for this Python")
    scenario = generate("python", tmp_path, "--models", models)
    done = run_python(str(scenario), bakery.url, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout) == ANSWERS


@pytest.mark.skipif(FREE_THREADED, reason="mypy has no wheel for free-threaded Python")
@pytest.mark.parametrize("models", MODELS)
def test_python_client_passes_mypy(models: Models, tmp_path: Path) -> None:
    """Strictly, and with it the code that uses it, and clients of documents that try to be code."""
    if importlib.util.find_spec("mypy") is None:
        lacking("mypy")
    generate("python", tmp_path, "--models", models)
    for number, ir in enumerate(hostile_clients()):
        (tmp_path / f"hostile{number}.py").write_text(generate_python_client(ir, models=models), encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--python-version=3.12", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def compile_typescript(place: Path, *files: str) -> Path:
    """Compile files with every strict option there is; return node."""
    node, compiler = shutil.which("node"), os.environ.get("HAWKAPI_TSC")
    if node is None:
        lacking("node")
    if compiler is None:
        lacking("TypeScript compiler (HAWKAPI_TSC)")
    (place / "package.json").write_text('{"type": "module"}')
    command = [node, compiler, *STRICT, *files]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    return Path(node)


def test_typescript_client_completes_the_scenario(bakery: Served, tmp_path: Path) -> None:
    """Compiled with every strict option there is, by node."""
    generate("typescript", tmp_path)
    node = compile_typescript(tmp_path, "scenario.ts")
    done = subprocess.run(
        [node, "scenario.js", bakery.url], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout) == ANSWERS


def test_typescript_clients_of_hostile_documents_compile(tmp_path: Path) -> None:
    """Whatever the names and the texts of a document are."""
    for number, ir in enumerate(hostile_clients()):
        (tmp_path / f"hostile{number}.ts").write_text(generate_typescript_client(ir), encoding="utf-8")
    compile_typescript(tmp_path, *(path.name for path in tmp_path.glob("*.ts")))
