"""A container as data and as a graph."""

from __future__ import annotations

from hawkapi.di import Container, Depends
from hawkapi.di.introspection import container_edges, container_graph, to_mermaid


class Database:
    """A type."""


class Session:
    """A type that needs another, through a function."""


class end:
    """A type whose name means something in Mermaid."""


def connect() -> Database:
    """Make a database."""
    return Database()


def choose(database: Database) -> Database:
    """Be between the two."""
    return database


def open_session(database: Database = Depends(choose)) -> Session:
    """Make a session."""
    return Session()


def example() -> Container:
    """Return a container with one provider of each life."""
    container = Container()
    container.scoped(Session, factory=open_session)
    container.singleton(Database, factory=connect)
    container.per_loop(Database, factory=connect, name="read-only")
    container.transient(end, factory=end)
    return container


def test_graph_lists_providers() -> None:
    """Each has its lifecycle, its factory's repr and its name."""
    assert container_graph(example()) == {
        "Session": {"lifecycle": "scoped", "factory": repr(open_session), "name": None},
        "Database": {"lifecycle": "singleton", "factory": repr(connect), "name": None},
        "Database[read-only]": {"lifecycle": "per_loop", "factory": repr(connect), "name": "read-only"},
        "end": {"lifecycle": "transient", "factory": repr(end), "name": None},
    }
    assert container_edges(example()) == [("Session", "Database")]


def test_mermaid_has_a_node_per_provider_and_an_arrow_per_need() -> None:
    """Shapes tell lives apart, ids are plain words, labels are quoted."""
    assert to_mermaid(example()).splitlines() == [
        "graph TD",
        '    Session[["Session (scoped)"]]',
        '    Database(["Database (singleton)"])',
        '    Database_read_only{{"Database[read-only] (per_loop)"}}',
        '    end_(("end (transient)"))',
        "    Session --> Database",
    ]


def test_types_of_one_name_do_not_collide() -> None:
    """Their modules, and if need be numbers, tell them apart."""

    def local() -> type:
        class Database:
            pass

        return Database

    container = Container()
    for wanted in (Database, local(), local()):
        container.singleton(wanted, factory=wanted)
    inner = f"{__name__}.test_types_of_one_name_do_not_collide.<locals>.local.<locals>.Database"
    assert list(container_graph(container)) == [f"{__name__}.Database", inner, f"{inner} #2"]
    ids = [line.partition("(")[0].strip() for line in to_mermaid(container).splitlines()[1:]]
    assert len(set(ids)) == 3
    assert all(node.replace("_", "").isalnum() for node in ids)


def test_an_empty_container_is_an_empty_graph() -> None:
    """There is nothing to list."""
    assert (container_graph(Container()), to_mermaid(Container())) == ({}, "graph TD")
