"""Publication: every thread finds the newest table, as its own copy where threads do not share a GIL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from hawkapi._pipeline import Publication
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint, Table, add, empty_table
from hawkapi.routing.route import Route


async def handler() -> None:
    """Stand for any handler."""


def with_route(table: Table, path: str) -> Table:
    """Return a table with one more route."""
    return add(table, Route(path, handler, frozenset({"GET"}), name=path), parse_template(path))


def endpoint_at(table: Table, path: str) -> Endpoint:
    """Return the endpoint that answers GET at a path."""
    match = table.find("GET", path)
    assert match is not None
    return match[0]


def test_publish_counts_generations() -> None:
    """Each publication is a snapshot with the next number."""
    publication = Publication(empty_table())
    newer = with_route(empty_table(), "/a")
    publication.publish(newer)
    assert (publication.snapshot.generation, publication.snapshot.table) == (1, newer)


def test_threads_share_the_table_with_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the GIL there is one replica: the published table itself."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", False)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    with ThreadPoolExecutor(1) as pool:
        assert publication.table() is pool.submit(publication.table).result() is table


def test_threads_own_their_tables_without_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the GIL each thread has its own copy, the same one until something is published."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", True)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(publication.table).result()
        assert pool.submit(publication.table).result() is theirs
    mine = publication.table()
    assert mine is publication.table()
    assert len({id(version) for version in (table, mine, theirs)}) == 3
    assert endpoint_at(mine, "/a") is not endpoint_at(theirs, "/a")


def test_refresh_without_the_gil_keeps_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread's next request after a publication sees it; a table taken before stays as it was; plans are kept."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", True)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    before = publication.table()
    endpoint_at(before, "/a").plan = object()
    publication.publish(with_route(table, "/b"))
    after = publication.table()
    assert after.find("GET", "/b") is not None
    assert before.find("GET", "/b") is None
    assert endpoint_at(after, "/a") is endpoint_at(before, "/a")
