"""`docs/guide/thread-safety.md` accounts for everything that threads could share and change, read from the source."""

from __future__ import annotations

import functools
import textwrap
from pathlib import Path

import pytest
from shared_state import page as pages
from shared_state.scan import Found, scan

import hawkapi

PACKAGE = Path(hawkapi.__file__).parent
TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "guide" / "thread-safety.md"

PYPROJECT = TESTS.parent / "pyproject.toml"

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the checkout's documentation is not beside these tests")


@functools.cache
def sources() -> dict[str, str]:
    """Return the text of every module by its name."""
    return {
        ".".join(("hawkapi", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@functools.cache
def found() -> Found:
    """Return what the package has."""
    return scan(sources())


@functools.cache
def page() -> str:
    """Return the page."""
    return PAGE.read_text(encoding="utf-8")


def test_page_accounts_for_everything() -> None:
    """There is a row for all that threads could share and change, and none for anything else; its guard is true."""
    complaints = list(pages.complaints(found(), page()))
    assert not complaints, "\n".join(["the page is not what the source is:", *complaints])


def test_page_names_every_module() -> None:
    """A module that has a row needs no more; all others are named as those without state."""
    without = [
        pages.full_name(name)
        for row in pages.rows(page(), pages.WITHOUT)
        for name in row.codes("Modules without either")
    ]
    expected = sources().keys() - {module for module, _ in found()}
    assert set(without) == expected, (
        f"add {sorted(expected - set(without))}, take out {sorted(set(without) - expected)}"
    )
    assert len(without) == len(set(without))


def test_page_names_every_public_object() -> None:
    """Each name of `hawkapi` has one life."""
    names = [name for row in pages.rows(page(), pages.PUBLIC) for name in row.codes("Names")]
    assert sorted(names) == sorted(hawkapi.__all__)


def test_lives_and_owners_are_those_that_the_page_explains() -> None:
    """No row has a word of its own."""
    lives = {row.cells["Life"] for row in pages.rows(page(), pages.PUBLIC)}
    owners = {row.cells["Owner"] for row in pages.rows(page(), pages.OWNED)}
    assert lives <= set(pages.LIVES)
    assert owners <= set(pages.OWNERS)


def test_tests_that_the_page_names_exist() -> None:
    """Every row names a test, and each of them is there."""
    cells = [row.codes("Test") for header in (pages.STATE, pages.PUBLIC) for row in pages.rows(page(), header)]
    assert all(cells)
    assert list(pages.missing_tests(sorted({test for cell in cells for test in cell}), TESTS)) == []


def test_files_that_the_status_table_names_exist() -> None:
    """What is called proved names the tests that prove it, and they are there."""
    rows = list(pages.rows((PAGE.parent / "free-threaded.md").read_text(encoding="utf-8"), ("What", "How", "Where")))
    files = {path.name for path in TESTS.rglob("test_*.py")}
    named = [name.partition("::")[0] for row in rows for name in row.codes("Where") if ".py" in name]
    assert {row.cells["How"] for row in rows} == {"proved"}
    assert {Path(name).name for name in named} <= files


def test_classifier_is_what_the_guide_says() -> None:
    """The package claims what the status says, and no more."""
    (line,) = [line for line in PYPROJECT.read_text(encoding="utf-8").splitlines() if "Free Threading ::" in line]
    claimed = line.strip().strip('",').removeprefix("Programming Language :: Python :: ")
    assert f"`{claimed}`" in (PAGE.parent / "free-threaded.md").read_text(encoding="utf-8")


# The test of the test -------------------------------------------------------------------------------------------------

FOUND = {
    "module-list": ("seen = []", "seen", "module state"),
    "module-dict-that-a-function-changes": (
        "TABLE: Final = {}\ndef add(k):\n    TABLE[k] = 1",
        "TABLE",
        "module state",
    ),
    "module-dict-by-a-method": ("TABLE: Final = {}\ndef add(k):\n    TABLE.setdefault(k, 1)", "TABLE", "module state"),
    "global": ("count = 0\ndef add():\n    global count\n    count += 1", "count", "module state"),
    "call-with-unknown-result": ("pool = make_pool()", "pool", "module state"),
    "instance-of-a-class-with-state": (
        "class A:\n    def __init__(self):\n        self.n = 0\n    def add(self):\n        self.n += 1\nTABLE = A()",
        "TABLE",
        "module state",
    ),
    "mutable-default": ("def add(item, to=[]):\n    to.append(item)", "add()", "module state"),
    "class-dict": ("class A:\n    known = {}", "A.known", "class state"),
    "attribute-of-the-class": (
        "class A:\n    @classmethod\n    def set(cls):\n        cls.known = 1",
        "A.set: known",
        "class state",
    ),
    "attribute": ("class A:\n    def change(self):\n        self.a = 1", "A.a", "attribute"),
    "deleted-attribute": ("class A:\n    def change(self):\n        del self.a", "A.a", "attribute"),
    "attribute-by-name": ('class A:\n    def change(self):\n        setattr(self, "a", 1)', "A.a", "attribute"),
    "attribute-in-a-nested-function": (
        "class A:\n    def change(self):\n        def inner():\n            self.a = 1\n        inner()",
        "A.a",
        "attribute",
    ),
    "attribute-as-a-target-of-with": (
        "class A:\n    def f(self):\n        with x() as self.a: ...",
        "A.a",
        "attribute",
    ),
    "attribute-of-another-object": (
        "class A:\n    a: int\nclass B:\n    o: A\n    def change(self):\n        self.o.a = 1",
        "A.a",
        "attribute",
    ),
    "attribute-of-an-argument": ("class A:\n    a: int\ndef change(one: A):\n    one.a = 1", "A.a", "attribute"),
    "attribute-of-what-is-unknown": ("def change(one):\n    one.a = 1", "change: one.a", "attribute"),
    "container-in-place": (
        "class A:\n    def __init__(self):\n        self.a = {}\n    def f(self):\n        self.a[1] = 2",
        "A.a",
        "container",
    ),
    "container-by-a-method": (
        "class A:\n    def __init__(self):\n        self.a = deque()\n    def f(self):\n        self.a.append(2)",
        "A.a",
        "container",
    ),
    "container-by-another-name": (
        "class A:\n    def __init__(self):\n        self.a = []\n    def f(self):\n        x = self.a\n        x.pop()",
        "A.a",
        "container",
    ),
    "container-method-that-is-kept": (
        "class A:\n    def __init__(self):\n        self.a = set()\n    def f(self):\n        return self.a.discard",
        "A.a",
        "container",
    ),
    "container-of-a-dataclass": (
        "class A:\n    a: list[int] = field(default_factory=list)\n    def f(self):\n        self.a.append(1)",
        "A.a",
        "container",
    ),
    "closure-with-nonlocal": (
        "def outer():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n    return inner",
        "outer: n",
        "closure",
    ),
    "closure-over-a-list": (
        "def outer():\n    seen = []\n    def inner(x):\n        seen.append(x)\n    return inner",
        "outer: seen",
        "closure",
    ),
    "lock": ("class A:\n    def __init__(self):\n        self.a = threading.Lock()", "A.a", "lock"),
    "named-lock": ('class A:\n    def __init__(self):\n        self.a = named_lock("a")', "A.a", "lock"),
    "module-lock": ("GUARD: Final = threading.Lock()", "GUARD", "lock"),
    "cross-loop": ("class A:\n    def __init__(self):\n        self.a = AsyncLock()", "A.a", "cross-loop"),
    "thread-local": ("class A:\n    def __init__(self):\n        self.a = threading.local()", "A.a", "thread-owned"),
    "sharded": ("class A:\n    def __init__(self):\n        self.a = ShardedCounter()", "A.a", "sharded"),
    "context": ('a = ContextVar("a")', "a", "context"),
    "asyncio-lock": ("class A:\n    def __init__(self):\n        self.a = asyncio.Lock()", "A.a", "asyncio"),
    "asyncio-event-in-a-dict": (
        "class A:\n    def __init__(self):\n        self.a = {1: asyncio.Event()}",
        "A.a",
        "asyncio",
    ),
    "future": ("class A:\n    def __init__(self, loop):\n        self.a = loop.create_future()", "A.a", "asyncio"),
    "task-later": ("class A:\n    def go(self):\n        self.a = asyncio.create_task(f())", "A.a", "asyncio"),
    "cached-property": ("class A:\n    @cached_property\n    def a(self): ...", "A.a", "lazy"),
    "cache": ("@functools.cache\ndef a(x): ...", "a", "lazy"),
    "lru-cache": ("@functools.lru_cache(maxsize=9)\ndef a(x): ...", "a", "lazy"),
}


def scan_text(text: str) -> Found:
    return scan({"snippet": textwrap.dedent(text)})


@pytest.mark.parametrize(("text", "name", "kind"), FOUND.values(), ids=FOUND.keys())
def test_what_is_found(text: str, name: str, kind: str) -> None:
    """Each kind of state is seen in a module of a few lines."""
    state = scan_text(text)["snippet", name]
    assert kind in state.kinds


READ_THEN_WRITTEN = {
    "if-none": ("if self.a is None:\n            self.a = make()", "lazy"),
    "if-not": ("if not self.a:\n            self.a = make()", "lazy"),
    "attribute-error": (
        "try:\n            return self.a\n        except AttributeError:\n            self.a = 1",
        "lazy",
    ),
    "if-not-in": ("if key not in self.a:\n            self.a[key] = make()", "check-then-set"),
    "get-then-set": ("x = self.a.get(key)\n        self.a[key] = x or make()", "check-then-set"),
    "augmented": ("self.a += 1", "check-then-set"),
    "augmented-item": ("self.a[key] += 1", "check-then-set"),
    "replaced": ("self.a = (*self.a, key)", "check-then-set"),
    "if-then-pop": ("if self.a:\n            self.a.popleft()", "check-then-set"),
}


@pytest.mark.parametrize(("body", "kind"), READ_THEN_WRITTEN.values(), ids=READ_THEN_WRITTEN.keys())
@pytest.mark.parametrize("locked", [False, True], ids=["bare", "locked"])
def test_check_before_a_change(body: str, kind: str, locked: bool) -> None:
    """A read and a write in one function are seen, unless a `with` is around the write."""
    if locked:
        body = "with self.lock:\n            " + body.replace("\n", "\n    ")
    text = f"class A:\n    def __init__(self):\n        self.a = {{}}\n    def f(self, key):\n        {body}\n"
    unguarded = scan_text(text)["snippet", "A.a"].unguarded
    assert dict(unguarded) == ({} if locked else {kind: {"f"}})


NOT_FOUND = {
    "constant-table": "TABLE: Final = {1: 2}\ndef get(k):\n    return TABLE[k]",
    "constant-by-its-spelling": "TABLE = [1, 2]",
    "pattern": 'WORD = re.compile("a")',
    "logger": 'logger = logging.getLogger("a")',
    "instance-without-state": "class A:\n    def __init__(self):\n        self.a = 1\nONE = A()",
    "all": '__all__ = ["a"]',
    "slots": 'class A:\n    __slots__ = ["a"]',
    "made-in-init": "class A:\n    def __init__(self):\n        self.a = 1\n        self.a = 2",
    "made-by-a-helper-of-init": (
        "class A:\n    def __init__(self):\n        self._fill()\n    def _fill(self):\n        self.a = 1"
    ),
    "container-that-nobody-changes": (
        "class A:\n    def __init__(self):\n        self.a = [1]\n    def f(self):\n        return self.a[0]"
    ),
    "local-list": "def f():\n    found = []\n    found.append(1)\n    return found",
    "new-object": "class A:\n    a: int\ndef f():\n    one = A()\n    one.a = 1\n    return one",
    "comprehension": "def f(xs):\n    return [x for x in xs]",
    "method-of-the-same-name": (
        "class A:\n    def __init__(self):\n        self.a = Set()\n    def f(self):\n        self.a.add(1)"
    ),
    "values-of-a-thread": (
        "class A:\n    def __init__(self):\n        self.l = threading.local()\n    def f(self):\n        self.l.x = 1"
    ),
}


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_what_is_no_shared_state(text: str) -> None:
    """What cannot change after it was made, or what one call has alone, needs no row."""
    assert {key: state.kinds for key, state in scan_text(text).items() if key[1] != "A.l"} == {}


def test_helper_of_init_that_is_handed_out() -> None:
    """A private method that `__init__` gives away may be called later."""
    text = "class A:\n    def __init__(self):\n        run(self._fill)\n    def _fill(self):\n        self.a = 1"
    assert scan_text(text)["snippet", "A.a"].kinds == {"attribute"}


HEADER = "| " + " | ".join(pages.STATE) + " |\n|---|---|---|---|---|---|\n"
OWNED = "| " + " | ".join(pages.OWNED) + " |\n|---|---|---|---|\n"
COUNTER = """
class A:
    def __init__(self):
        self.lock = threading.Lock()
        self.a = 0
    def add(self):
        with self.lock:
            self.a += 1
            self._more()
    def _more(self):
        self.a += 1
"""
LOCK_ROW = "| `x` | `A.lock` | lock | all | itself | `t` |\n"
FIELD_ROW = "| `x` | `A.a` | attribute | all | lock `lock`, held for `_more` | `t` |\n"

WRONG_PAGES = {
    "right": (HEADER + LOCK_ROW + FIELD_ROW, None),
    "owner": (HEADER + LOCK_ROW + "\n" + OWNED + "| `x` | `A` | call | because |\n", None),
    "no-row": (
        HEADER + LOCK_ROW,
        "A.a (attribute, check-then-set) is shared by threads and the page has no row for it",
    ),
    "row-of-nothing": (
        HEADER + LOCK_ROW + FIELD_ROW + "| `x` | `A.b` | attribute | all | one store | `t` |\n",
        "A.b has a row and is nothing that threads share",
    ),
    "wrong-kind": (HEADER + LOCK_ROW + FIELD_ROW.replace("attribute", "container"), "`A.a` is attribute; the row says"),
    "caller-not-named": (
        HEADER + LOCK_ROW + FIELD_ROW.replace(", held for `_more`", ""),
        "A.a is written without lock in the same function by _more",
    ),
    "other-lock": (HEADER + LOCK_ROW + FIELD_ROW.replace("`lock`,", "`guard`,"), "is written without guard"),
    "no-lock": (HEADER + LOCK_ROW + FIELD_ROW.replace("lock `lock`, held for `_more`", "atomic"), "check-then-set in"),
    "no-guard": (HEADER + LOCK_ROW.replace("itself", "luck") + FIELD_ROW, "has the guard 'luck'"),
    "lock-of-an-owner": (
        OWNED + "| `x` | `A` | call | because |\n",
        "A.lock (lock) is shared by threads and the page has no row for it",
    ),
    "owner-of-nothing": (
        HEADER + LOCK_ROW + FIELD_ROW + "\n" + OWNED + "| `x` | `B` | call | because |\n",
        "B has one owner, says the page, and holds nothing that changes",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), WRONG_PAGES.values(), ids=WRONG_PAGES.keys())
def test_page_that_is_wrong(text: str, complaint: str | None) -> None:
    """A page that says too little, too much or something else than the source is complained of, in a sentence."""
    complaints = list(pages.complaints(scan({"hawkapi.x": COUNTER}), text))
    assert (complaints == []) if complaint is None else any(complaint in each for each in complaints)


@pytest.mark.parametrize(
    ("test", "missing"),
    [
        ("test_thread_audit.py::test_page_that_is_wrong", False),
        ("test_thread_audit.py::test_of_nothing", True),
        ("test_of_nothing.py::test", True),
    ],
    ids=["there", "no-function", "no-file"],
)
def test_names_of_tests(test: str, missing: bool) -> None:
    """A test that a row names must be in the file that it names."""
    assert list(pages.missing_tests([test], TESTS)) == ([test] if missing else [])
