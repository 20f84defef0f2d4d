"""Three FastAPI applications, migrated: their answers are FastAPI's, but for what the warnings name."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from migration_answers import answers
from migration_exchanges import EXCHANGES

from hawkapi import TestClient
from hawkapi._migrate import migrate_file

pytest.importorskip("libcst", reason="reads and writes the modules")
pytest.importorskip("pydantic", reason="the models of the applications")

HERE = Path(__file__).parent
STATUS = ("HawkAPI(title", "HawkAPI(validation_error_status=422, title")

OWN_WORDS = ("Not Found", "No route matches", "Not authenticated", "Missing Authorization header")
"""How the details begin that the frameworks give by themselves."""

DECISIONS: dict[str, list[tuple[str, str, str]]] = {
    "library": [
        ("may refuse a request with 400", *STATUS),
        ("@get has no response_class=", ", response_class=PlainTextResponse)", ")"),
    ],
    "accounts": [("may refuse a request with 400", *STATUS)],
    "chat": [("may refuse a request with 400", *STATUS)],
}
"""What a person decides: what the warning says, the old text and the new one."""

NAMED = {
    "library": {"the client gets a problem document", "path parameter {"},
    "accounts": {"the client gets a problem document"},
    "chat": {"the client gets a problem document"},
}
"""What else the warnings say, of which nothing has to be changed."""


def load(name: str, source: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module made of source."""
    path = place / f"migrated_{name}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    spec.loader.exec_module(module)
    return module


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what must be equal: of an error its status, its fields and the `detail` that the application gave."""
    if answer["request"].startswith("OPTIONS"):
        return {**answer, "type": "", "body": ""}  # No browser shows what a preflight says beside its fields.
    if "status" not in answer or answer["status"] < 400 or "detail" not in answer["body"]:
        return answer
    # What the framework says itself is in words of its own.
    own = answer["status"] in {405, 422} or str(answer["body"]["detail"]).startswith(OWN_WORDS)
    return {**answer, "type": "an error", "body": None if own else answer["body"]["detail"]}


@pytest.mark.parametrize("name", DECISIONS)
def test_migrated_application(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each decision has its warning, each warning is known, and then every answer is FastAPI's."""
    source, warnings = migrate_file((HERE / "apps" / f"{name}.py").read_text("utf-8"))
    known = {text for text, _, _ in DECISIONS[name]} | NAMED[name]
    assert [warning for warning in warnings if not any(text in warning for text in known)] == []
    for text, old, new in DECISIONS[name]:
        assert any(text in warning for warning in warnings), text
        assert old in source, old
        source = source.replace(old, new)
    app = load(name, source, tmp_path, monkeypatch).app
    expected = json.loads((HERE / "answers" / f"{name}.json").read_text("utf-8"))
    with TestClient(app, raise_server_exceptions=False) as client:
        actual = answers(client, app, EXCHANGES[name])
    differences = [
        (ours, theirs) for ours, theirs in zip(actual, expected, strict=True) if comparable(ours) != comparable(theirs)
    ]
    assert differences == []
