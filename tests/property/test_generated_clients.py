"""Whatever stands in a document, clients of it are modules that do nothing but define what they define."""

from __future__ import annotations

import builtins
import importlib.util
import re
import sys
import typing
from types import ModuleType
from typing import Any

import pytest
from hostile_documents import document_of
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hawkapi.openapi.codegen import build_client_ir, generate_python_client, generate_typescript_client
from hawkapi.openapi.codegen.python import Models

# A smaller seed is no smaller document.
LIMITS = settings(max_examples=40, deadline=None, database=None, phases=[Phase.generate])
SEEDS = st.integers(0, 2**32)
HAS_MSGSPEC = importlib.util.find_spec("msgspec") is not None
MODELS = [
    pytest.param("msgspec", marks=pytest.mark.skipif(not HAS_MSGSPEC, reason="there is no msgspec here")),
    "dataclass",
]


def run(source: str) -> ModuleType:
    """Import a module in which a call of `boom` is seen."""

    def boom(*_: object) -> None:
        raise AssertionError("the document was executed")

    module = ModuleType("generated_client")
    vars(module)["__builtins__"] = {**vars(builtins), "boom": boom}
    sys.modules[module.__name__] = module
    exec(compile(source, "client.py", "exec"), vars(module))  # noqa: S102 - that is the test
    return module


def look_at(value: Any) -> None:
    """Evaluate the annotations of a class and of its methods, and what an alias stands for."""
    if isinstance(value, typing.TypeAliasType):
        hash(value.__value__)
    elif isinstance(value, type):
        typing.get_type_hints(value)
        for member in vars(value).values():
            if callable(member) and hasattr(member, "__annotations__"):
                typing.get_type_hints(member)


@pytest.mark.parametrize("models", MODELS)
@LIMITS
@given(seed=SEEDS)
def test_python_client_executes_nothing_of_the_document(models: Models, seed: int) -> None:
    """It can be imported, its annotations mean something, and the only calls are its own."""
    source = generate_python_client(build_client_ir(document_of(seed)), models=models)
    source.encode("utf-8")
    module = run(source)
    try:
        for value in list(vars(module).values()):
            if getattr(value, "__module__", None) == module.__name__:
                look_at(value)
    finally:
        del sys.modules[module.__name__]


@LIMITS
@given(seed=SEEDS)
def test_typescript_client_holds_the_document_in_literals_and_comments(seed: int) -> None:
    """Outside of them there is no `boom`; whether it compiles, tests/e2e asks the compiler."""
    source = generate_typescript_client(build_client_ir(document_of(seed)))
    source.encode("utf-8")
    # A method may have that name.
    assert not re.search(r"(?<!async )\bboom\(", without_text(source))


def without_text(source: str) -> str:
    """Return TypeScript without comments, literals and templates."""
    kept: list[str] = []
    index = 0
    while index < len(source):
        if source.startswith("/*", index):
            index = source.index("*/", index + 2) + 2
        elif source.startswith("//", index):
            index = source.index("\n", index)
        elif source[index] in "'\"`":
            end = index + 1
            while source[end] != source[index]:
                end += 2 if source[end] == "\\" else 1
            index = end + 1
        elif source.startswith("/[", index) or source.startswith("/\\", index):
            index = source.index("/", index + 2 + source[index:].startswith("/\\/")) + 1
        else:
            kept.append(source[index])
            index += 1
    return "".join(kept)
