"""`caps.py` with few requests, and what it says when something grows."""

from __future__ import annotations

from pathlib import Path

import pytest
from crowd import tables
from crowd.growth import MAX_BLOCKS, MAX_GROWTH, Mark, judge
from crowd.tables import Sizes
from fuzzing.memory import Usage
from subprocesses import run_python

SCRIPT = Path(__file__).with_name("caps.py")
CAPS = {"Buckets._buckets": 100}


def marks(*sizes: dict[str, int], blocks: int = 0, resident: int = 0) -> list[Mark]:
    """Return what was there at some moments; the last has more memory."""
    counted = [Sizes(each, sum(each.values())) for each in sizes]
    found = [Mark(number, each, Usage(0, 0), 0.0) for number, each in enumerate(counted, 1)]
    return [*found[:-1], found[-1]._replace(memory=Usage(blocks, resident))]


def test_run_with_few_requests() -> None:
    """All tables are found and printed, none has outgrown its cap, and no exception came out of a request."""
    done = run_python(str(SCRIPT), "--requests", "400", "--threads", "2", "--seed", "5")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == "no table is beyond its cap, and memory is level"
    printed = {line.split()[0]: int(line.split()[-1]) for line in lines if line.count(" ") and line[-1].isdigit()}
    never = {"LoopClient._tasks", "OwnLeases._names[...]", "Bulkhead._leases", "Ledger._noted", "LoopClient._owed"}
    for name in tables.caps(tables.Crowd(2, 10), 10).keys() - never - {"LoopClient._unpaid"}:
        assert printed[name] > 0, name


def test_run_with_too_few_requests() -> None:
    """Each thread needs some before each of the moments at which it is counted."""
    done = run_python(str(SCRIPT), "--requests", "79", "--threads", "2")
    assert done.returncode == 2
    assert "each thread, of one or more, sends at least 40 requests" in done.stderr


def test_tables_that_are_well() -> None:
    """A table may be as large as its cap, one without a cap may change a little, and so may memory."""
    sizes = ({"Buckets._buckets": 0, "Plan._steps": 1}, {"Buckets._buckets": 100, "Plan._steps": 51})
    assert judge(marks(*sizes, blocks=MAX_BLOCKS, resident=MAX_GROWTH), CAPS) == []


def test_table_above_its_cap() -> None:
    """One entry is enough, at any of the moments."""
    sizes = ({"Buckets._buckets": 0}, {"Buckets._buckets": 101}, {"Buckets._buckets": 5})
    assert judge(marks(*sizes), CAPS) == ["Buckets._buckets had 101 entries; its cap is 100"]


def test_table_without_a_cap_that_grows() -> None:
    """Whatever clients can make larger needs a cap."""
    [fault] = judge(marks({"New._seen": 10}, {"New._seen": 61}), CAPS)
    assert fault == "New._seen has grown from 10 to 61 entries; give it a cap, and name it in caps()"


@pytest.mark.parametrize(
    ("blocks", "resident", "said"),
    [
        (MAX_BLOCKS + 1, 0, "50001 blocks of memory were added after 1 requests; at most 50000 may be"),
        (0, MAX_GROWTH + 2**20, "65 MiB were added after 1 requests; at most 64 may be"),
    ],
    ids=["blocks", "bytes"],
)
def test_memory_that_grows(blocks: int, resident: int, said: str) -> None:
    """Entries that are in no table that is known take memory too."""
    assert judge(marks({}, {}, blocks=blocks, resident=resident), CAPS) == [said]


def test_memory_of_tables_that_fill() -> None:
    """What tables get has its place in memory."""
    sizes = ({"Buckets._buckets": 10}, {"Buckets._buckets": 20})
    assert judge(marks(*sizes, blocks=MAX_BLOCKS + 100), CAPS) == []


class Keeper:
    """Has containers as objects of hawkapi have them."""

    __slots__ = ("_slot", "plain")

    def __init__(self) -> None:
        self._slot = {1: [1, 2], 2: [3]}
        self.plain = 5


def test_tables_of_an_object() -> None:
    """Slots are looked at, and containers in containers; the largest of a name counts."""
    keeper = Keeper()
    found = [
        table
        for name, value in tables.attributes(keeper, Keeper)
        for table in tables.containers(f"Keeper.{name}", value)
    ]
    assert found == [("Keeper._slot", 2), ("Keeper._slot[...]", 2)]
