"""The database: one SQLite file, a connection for each request.

Any number of threads and processes use it at the same time: SQLite locks the file, in write-ahead mode readers and the
writer do not wait for each other, and `busy_timeout` makes writers take turns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Annotated

from hawkapi import Depends, Request

from .settings import TodoSettings

SCHEMA = """
create table if not exists users (name text primary key, salt blob not null, password blob not null);
create table if not exists logins (token text primary key, user text not null references users);
create table if not exists items (
    id integer primary key, user text not null references users, title text not null, done integer not null default 0,
    attachment integer not null default 0
);
create table if not exists events (
    id integer primary key, topic text not null, data text not null, key text unique
);
"""

settings = TodoSettings()


def connect() -> sqlite3.Connection:
    """Open the database; the connection is used by one thread at a time, not always the same."""
    connection = sqlite3.connect(settings.database, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma busy_timeout = 10000")
    connection.execute("pragma foreign_keys = on")
    connection.execute("pragma synchronous = normal")
    return connection


def create() -> None:
    """Make the tables, if they are not there."""
    with closing(connect()) as connection:
        with suppress(sqlite3.OperationalError):  # Another worker that starts now is doing the same.
            connection.execute("pragma journal_mode = wal")
        connection.executescript(SCHEMA)


def open_session(request: Request) -> Iterator[sqlite3.Connection]:
    """Give a request a connection and a transaction: committed before the response is sent, or rolled back."""
    with closing(connect()) as connection:
        # A transaction that reads first and writes later could find that another one was faster.
        connection.execute("begin" if request.method == "GET" else "begin immediate")
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


type Session = Annotated[sqlite3.Connection, Depends(open_session, scope="function")]
"""A handler's own transaction. With the scope `function` a failing commit is an error that the client sees."""
