"""Publication: every thread finds the newest table, as its own copy where threads do not share a GIL."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from loops import run_in_threads

from hawkapi._snapshot import Publication
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
    assert (publication.generation, publication.view().table.source or publication.view().table) == (1, newer)


def test_threads_share_the_table_with_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the GIL there is one replica: the published table itself."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", False)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    with ThreadPoolExecutor(1) as pool:
        assert publication.view().table is pool.submit(publication.view).result().table is table


def test_threads_own_their_tables_without_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the GIL each thread has its own copy, the same one until something is published."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", True)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(publication.view).result().table
        assert pool.submit(publication.view).result().table is theirs
    mine = publication.view().table
    assert mine is publication.view().table
    assert len({id(version) for version in (table, mine, theirs)}) == 3
    assert endpoint_at(mine, "/a") is not endpoint_at(theirs, "/a")


def test_refresh_without_the_gil_keeps_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread's next request after a publication sees it; a table taken before stays as it was; plans are kept."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", True)
    table = with_route(empty_table(), "/a")
    publication = Publication(table)
    before = publication.view().table
    endpoint_at(before, "/a").plan = object()
    publication.publish(with_route(table, "/b"))
    after = publication.view().table
    assert after.find("GET", "/b") is not None
    assert before.find("GET", "/b") is None
    assert endpoint_at(after, "/a") is endpoint_at(before, "/a")


@pytest.mark.parametrize("free_threaded", [False, True])
def test_running_requests_are_counted_in_all_threads(monkeypatch: pytest.MonkeyPatch, free_threaded: bool) -> None:
    """The sum is exact while threads are serving, whether or not they share a replica."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", free_threaded)
    publication = Publication(empty_table())
    publication.view().running.append(None)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(publication.view).result().running.append(None)
        assert publication.running_requests == 2
        pool.submit(publication.view).result().running.pop()
    publication.view().running.pop()
    assert publication.running_requests == 0


def test_running_requests_are_counted_without_waiting() -> None:
    """A finaliser may count them while its thread is about to serve for the first time, and holds the lock."""
    publication = Publication(empty_table())
    with publication._guard:
        assert run_in_threads(1, lambda _: publication.running_requests) == [0]


def test_running_requests_forget_threads_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that come and go leave nothing behind."""
    monkeypatch.setattr("hawkapi._threading.FREE_THREADED", True)
    publication = Publication(empty_table())
    for _ in range(5):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(publication.view).result()
    gc.collect()
    publication.view()
    assert len(publication._replicas) == 1
