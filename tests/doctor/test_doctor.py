"""Running rules, and what is made of their findings."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hawkapi import HawkAPI
from hawkapi.doctor import (
    ALL_RULES,
    THREAD_RULES,
    Finding,
    Rule,
    Severity,
    exit_code,
    format_human,
    format_json,
    load_app,
    run,
)
from hawkapi.doctor.rules import threads

ERROR = Finding("DOC001", Severity.ERROR, "It is wrong.", "Mend it.", "app.py:3", "docs#doc001")
WARNING = Finding("DOC002", Severity.WARN, "It is odd.")
HINT = Finding("DOC003", Severity.INFO, "It could be better.", location="GET /")
HUMAN = """\
hawkapi doctor — main:app

✖  DOC001  app.py:3
   It is wrong.
   Fix: Mend it.
   docs#doc001

⚠  DOC002  DOC002
   It is odd.

\u2139  DOC003  GET /
   It could be better.

Summary: 1 errors, 1 warnings, 1 info · exit 2"""


class Given:
    """A rule that finds what it is given, or raises it."""

    category = "given"
    severity = Severity.ERROR
    title = "what is given"
    docs_url = "docs#given"

    def __init__(self, *findings: Finding | Exception) -> None:
        self.id = "DOC000"
        self.findings = findings

    def check(self, app: HawkAPI) -> list[Finding]:
        for each in self.findings:
            if isinstance(each, Exception):
                raise each
        return [each for each in self.findings if isinstance(each, Finding)]


def test_run() -> None:
    """The findings come in the order of the rules, from the least severity that was asked for."""
    rules: list[Rule] = [Given(HINT, ERROR), Given(WARNING)]
    assert run(HawkAPI(), rules) == [HINT, ERROR, WARNING]
    assert run(HawkAPI(), rules, min_severity=Severity.WARN) == [ERROR, WARNING]


def test_a_rule_that_raises() -> None:
    """A rule that fails is named in one finding, and the others still run."""
    found = run(HawkAPI(), [Given(ValueError("no")), Given(ERROR)])
    assert [(each.rule_id, each.severity, each.message) for each in found] == [
        ("DOC000", Severity.INFO, "Rule DOC000 raised an exception: ValueError('no')"),
        ("DOC001", Severity.ERROR, "It is wrong."),
    ]


class Lazy(ModuleType):
    """A module that fails when it is looked at."""

    def __getattribute__(self, name: str) -> object:
        if name == "__file__":
            raise RuntimeError("no network")
        return super().__getattribute__(name)


def test_an_application_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was checked: that is one error, whatever severity is asked for, and rules that read nothing still run."""
    monkeypatch.setitem(sys.modules, "lazy", Lazy("lazy"))
    own = Given(HINT)
    (unread, found) = run(HawkAPI(), [*THREAD_RULES, own])
    assert (unread.rule_id, unread.severity, found) == (THREAD_RULES[0].id, Severity.ERROR, HINT)
    names = ", ".join(rule.id for rule in THREAD_RULES)
    expected = f"The application could not be read, so nothing was checked by {names}: RuntimeError('no network')"
    assert unread.message == expected
    assert exit_code(run(HawkAPI(), THREAD_RULES, min_severity=Severity.ERROR)) == 2


def test_an_application_without_sources() -> None:
    """An application that no module holds, and that has no handlers, has nothing to be found."""
    assert run(HawkAPI(), THREAD_RULES) == []


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        pytest.param([], 0, id="none"),
        pytest.param([HINT], 0, id="info"),
        pytest.param([HINT, WARNING], 1, id="warning"),
        pytest.param([WARNING, ERROR, HINT], 2, id="error"),
    ],
)
def test_exit_code(findings: list[Finding], code: int) -> None:
    """The worst finding decides."""
    assert exit_code(findings) == code


def test_text() -> None:
    """The worst come first; what a finding lacks is left out."""
    assert format_human([HINT, ERROR, WARNING], "main:app") == HUMAN


def test_text_without_findings() -> None:
    """That nothing was found is said."""
    assert format_human([], "main:app") == (
        "hawkapi doctor — main:app\n\nNo findings. All checks passed.\n\nSummary: 0 errors, 0 warnings, 0 info · exit 0"
    )


def test_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the markers have colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert "\x1b[31m✖\x1b[0m  DOC001" in format_human([ERROR], "main:app")


@pytest.mark.parametrize(("value", "colourful"), [("1", False), ("", True)], ids=["set", "empty"])
def test_colours_that_nobody_wants(monkeypatch: pytest.MonkeyPatch, value: str, colourful: bool) -> None:
    """`NO_COLOR` takes them away, also on a terminal; an empty one says nothing."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", value)
    assert ("\x1b" in format_human([ERROR], "main:app")) is colourful


def test_json() -> None:
    """The JSON has the findings in their order, and what they lack as null."""
    assert json.loads(format_json([WARNING, ERROR], "main:app")) == {
        "app": "main:app",
        "summary": {"errors": 1, "warnings": 1, "info": 0, "total": 2},
        "findings": [
            {
                "rule_id": "DOC002",
                "severity": "warning",
                "message": "It is odd.",
                "fix": None,
                "location": None,
                "docs_url": None,
            },
            {
                "rule_id": "DOC001",
                "severity": "error",
                "message": "It is wrong.",
                "fix": "Mend it.",
                "location": "app.py:3",
                "docs_url": "docs#doc001",
            },
        ],
    }
    assert format_json([], "x").startswith('{\n  "app": "x"')


def test_thread_rules_are_importable_by_their_ids() -> None:
    """Each rule about threads is in its category's module under its id, and explained in the guide."""
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "doctor.md").read_text(encoding="utf-8")
    assert [rule.id for rule in THREAD_RULES] == [f"DOC{number:03}" for number in range(60, 74)]
    for rule in THREAD_RULES:
        assert getattr(threads, rule.id) is rule
        assert (rule.category, rule.docs_url) == ("threads", f"docs/guide/doctor.md#{rule.id.lower()}")
        assert f"({rule.id.lower()})=" in guide
        assert rule.check(HawkAPI()) == []


def test_rules_about_applications_are_importable_by_their_ids() -> None:
    """Each of the 18 rules is in its category's module under its id and in the guide; one needs a network."""
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "doctor.md").read_text(encoding="utf-8")
    numbers = [10, 11, 12, 13, 14, 20, 21, 22, 23, 30, 31, 32, 33, 40, 41, 42, 50, 51]
    assert [rule.id for rule in ALL_RULES] == [f"DOC{number:03}" for number in numbers]
    for rule in ALL_RULES:
        assert getattr(importlib.import_module(f"hawkapi.doctor.rules.{rule.category}"), rule.id) is rule
        assert rule.docs_url == f"https://hawkapi.ashimov.com/doctor/{rule.id}"
        assert f"({rule.id.lower()})=" in guide
    assert [rule.id for rule in ALL_RULES if rule.requires_network] == ["DOC050"]


def test_load_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An application is imported by name; what cannot be is said in a line, and the program exits with 1."""
    text = "from hawkapi import HawkAPI\napp = HawkAPI(title='Patient')\nother = 3\n"
    (tmp_path / "patient_to_load.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_app("patient_to_load", "app").title == "Patient"
    monkeypatch.delitem(sys.modules, "patient_to_load")
    for module, attribute in (("patient_to_load", "other"), ("patient_to_load", "none"), ("no_such_patient", "app")):
        with pytest.raises(SystemExit) as caught:
            load_app(module, attribute)
        assert caught.value.code == 1
    assert capsys.readouterr().err == (
        "hawkapi doctor: patient_to_load:other is no HawkAPI application, but int\n"
        "hawkapi doctor: could not load patient_to_load:none: AttributeError: module 'patient_to_load' has no "
        "attribute 'none'\n"
        "hawkapi doctor: could not load no_such_patient:app: ModuleNotFoundError: No module named 'no_such_patient'\n"
    )
