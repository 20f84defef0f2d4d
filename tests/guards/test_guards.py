"""The table of guards fits the source, and what tries them notices failures, hangs and mistakes of its own."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from guarding.places import guarded_places, place_of
from guarding.table import Guard, TableError, read_exempt, read_table
from shared_state.page import claims

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent
SPECIFICATION = importlib.util.spec_from_file_location("try_guards", HERE / "run.py")
assert SPECIFICATION is not None
assert SPECIFICATION.loader is not None
try_guards: Any = importlib.util.module_from_spec(SPECIFICATION)
sys.modules["try_guards"] = try_guards
SPECIFICATION.loader.exec_module(try_guards)

GUARDS = read_table(HERE / "guards.toml")
EXEMPT = read_exempt(HERE / "guards.toml")
PAGE = PROJECT / "docs" / "guide" / "thread-safety.md"
CHECKOUT = (PROJECT / "hawkapi").is_dir()
COUNTED = "total = 0\n\n\ndef add() -> int:\n    global total\n    total += 1\n    return total\n"
ELSEWHERE = pytest.mark.skipif(sys.platform == "win32", reason="making a symbolic link may need a permission there")
TEST = "import counted\n\n\ndef test_it() -> None:\n    {}\n"


@pytest.mark.skipif(not CHECKOUT, reason="the source is in the checkout only")
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_guard_is_in_the_source_once(guard: Guard) -> None:
    """What is taken out is there exactly once, Python can read what is left, and the tests exist."""
    source = (PROJECT / guard.module).read_text("utf-8")
    without = guard.taken_out(source)
    assert without != source
    ast.parse(without)
    for test in guard.tests:
        file, _, name = test.partition("::")
        text = (PROJECT / file).read_text("utf-8")
        assert f"def {name}(" in text or not name, test


@pytest.mark.skipif(not CHECKOUT, reason="the source is in the checkout only")
def test_places_that_keep_threads_apart_have_a_row() -> None:
    """Each lock, primitive, atomic operation and comment about threads is in the table, or it says why it is not."""
    page, package = PAGE.read_text("utf-8"), PROJECT / "hawkapi"
    sources = {
        ".".join(("hawkapi", *path.relative_to(package).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path.read_text("utf-8")
        for path in sorted(package.rglob("*.py"))
    }
    needed = guarded_places(sources, page)
    rows = {place for guard in GUARDS for place in guard.of}
    exempt = [place for each in EXEMPT for place in each.of]
    known = needed | {place_of(claim.module, claim.object) for claim in claims(page)}
    assert sorted(needed - rows - {*exempt}) == [], "these need a row in guards.toml"
    assert sorted((rows | {*exempt}) - known) == [], "guards.toml names what is not there"
    assert (len({*exempt}), rows & {*exempt}) == (len(exempt), set()), "guards.toml has these twice"
    assert all(each.why.strip() for each in EXEMPT)


PLACES = {
    "above-an-attribute": ("class A:\n    def __init__(self):\n        # THREADS: x\n        self.a = 1", "A.a"),
    "with-an-annotation": ("class A:\n    def f(self):\n        # THREADS: x\n        self.a: int = 1", "A.a"),
    "above-a-global": ("# THREADS: x\nTABLE = {}", "TABLE"),
    "docstring-of-an-attribute": (
        'class A:\n    def f(self):\n        self.a = 1\n        """It is. THREADS: x."""',
        "A.a",
    ),
    "inside-a-function": ("class A:\n    def f(self):\n        # THREADS: x\n        return 1", "A.f"),
    "docstring-of-a-function": ('def f():\n    """Do.\n\n    THREADS: x\n    """', "f"),
    "docstring-of-a-module": ('"""A module.\n\nTHREADS: x\n"""', "the module"),
}


@pytest.mark.parametrize(("text", "name"), PLACES.values(), ids=PLACES.keys())
def test_what_a_comment_about_threads_is_about(text: str, name: str) -> None:
    """It is named as the page of the audit names it."""
    assert guarded_places({"hawkapi.snippet": text}, "") == {f"snippet: {name}"}


def test_guard_that_the_source_does_not_have() -> None:
    """The message names the guard, the module and the text."""
    guard = Guard("a lock", "hawkapi/x.py", "Lock()", "NO_LOCK", ("tests",))
    with pytest.raises(TableError, match=r"a lock: hawkapi/x\.py has the text to replace 2 times, not once:\nLock\(\)"):
        guard.taken_out("a = Lock()\nb = Lock()")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('[[guard]]\nname = "a"', "needs name, module, of, old, new and tests", id="incomplete"),
        pytest.param(
            '[[guard]]\nname = "a"\nmodule = "m"\nof = []\nold = "o"\nnew = "n"\ntests = []\n' * 2,
            "called 'a'",
            id="twice",
        ),
    ],
)
def test_table_that_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    """The message says what is missing or there twice."""
    table = tmp_path / "table.toml"
    table.write_text(text)
    with pytest.raises(TableError, match=message):
        read_table(table)


def tried(
    tree: Path,
    body: str,
    *,
    source: str = COUNTED,
    times: int = 3,
    hang_s: int = 40,
    replaced: tuple[int, int] | None = None,
) -> Any:
    """Return the verdict on one test in a project of its own."""
    (tree / "counted.py").write_text(source)
    (tree / "test_it.py").write_text(TEST.format(body))
    (tree / "tests").mkdir()
    (tree / "tests" / "support").symlink_to(PROJECT / "tests" / "support")
    return try_guards.try_tests("counted.py", ["test_it.py"], tree, times, 60, hang_s=hang_s, replaced=replaced)


@ELSEWHERE
@pytest.mark.parametrize(
    ("body", "noticed", "passed", "how"),
    [
        pytest.param("assert counted.add() < 3", True, 2, "assert 3 < 3", id="fails the third time"),
        pytest.param("assert counted.add() < 9", False, 3, "", id="does not fail"),
        pytest.param("__import__('os')._exit(counted.add() + 6)", True, 0, "crash (7)", id="crashes"),
    ],
)
def test_verdict_on_a_test(body: str, noticed: bool, passed: int, how: str, tmp_path: Path) -> None:
    """It is told in how many repetitions a test passed, and what ended them."""
    verdict = tried(tmp_path, body)
    assert (verdict.noticed, verdict.passed) == (noticed, passed)
    assert how in verdict.how


@ELSEWHERE
def test_verdict_on_a_test_that_hangs(tmp_path: Path) -> None:
    """A test that does not end is ended, and has noticed."""
    assert str(tried(tmp_path, "__import__('threading').Event().wait()", hang_s=2)) == "noticed in 1"


@ELSEWHERE
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("no_such_name", "NameError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("object().no_such_attribute", "AttributeError"),
        ("len(1)", "TypeError"),
    ],
)
def test_replacement_that_is_wrong_by_itself(body: str, error: str, tmp_path: Path) -> None:
    """What fails because something is missing, or is called wrongly, has noticed nothing."""
    with pytest.raises(TableError, match=f"the replacement is wrong by itself: {error}"):
        tried(tmp_path, body)


SWALLOWED = """
class NullThreadLock: ...

def add():
    try:
        {}
    except AttributeError:
        return 0
"""


@ELSEWHERE
@pytest.mark.parametrize(
    ("line", "replaced", "is_wrong"),
    [
        pytest.param("return object().missing", (6, 6), True, id="in a line that was replaced"),
        pytest.param("return object().missing", (2, 2), False, id="elsewhere"),
        pytest.param("return NullThreadLock().missing", (2, 2), True, id="of what stands in"),
        pytest.param("return 0", (6, 6), False, id="nothing"),
    ],
)
def test_mistake_that_tests_see_the_consequences_of(
    line: str, replaced: tuple[int, int], is_wrong: bool, tmp_path: Path
) -> None:
    """A failure counts only if no replaced line, and nothing that stands in for a guard, raised what mistakes do."""
    source = SWALLOWED.format(line)
    if is_wrong:
        with pytest.raises(TableError, match=r"the replacement is wrong by itself: AttributeError: .*'missing'"):
            tried(tmp_path, "assert counted.add()", source=source, replaced=replaced)
    else:
        assert tried(tmp_path, "assert counted.add()", source=source, replaced=replaced).noticed


@ELSEWHERE
def test_run_without_a_test(tmp_path: Path) -> None:
    """A run in which nothing was collected is an error, with what pytest said."""
    with pytest.raises(TableError, match=r"pytest ran no test \(exit code 5\)"):
        tried(tmp_path, "pass\n\n\ndel test_it")


@ELSEWHERE
def test_pauses_are_in_every_second_repetition(tmp_path: Path) -> None:
    """The lines of the module are watched in repetitions 2 and 4, and only there."""
    seen = tmp_path / "seen"
    body = f"open({str(seen)!r}, 'a').write(str(__import__('sys').monitoring.get_events(4) and 1))"
    assert not tried(tmp_path, body, times=4).noticed
    assert json.loads(f"[{','.join(seen.read_text())}]") == [0, 1, 0, 1]
