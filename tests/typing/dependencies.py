"""Handlers that depend on things; type checkers read it, and nothing runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, assert_type

from hawkapi import Depends, HawkAPI, Header, HTTPException, Router

app = HawkAPI(dependencies=[Depends(lambda: None)])


class Database:
    """Something that is opened and closed."""

    def read(self, key: str) -> int:
        """Return a value."""
        return len(key)


async def open_database() -> AsyncIterator[Database]:
    """Open it for a request."""
    yield Database()


def transaction(database: Annotated[Database, Depends(open_database)]) -> Iterator[Database]:
    """Depend on another, in a plain generator."""
    yield database


def current_user(x_token: Annotated[str, Header()]) -> str:
    """Take a header field."""
    if not x_token:
        raise HTTPException(401)
    return x_token


type User = Annotated[str, Depends(current_user)]


@app.get("/annotated")
async def annotated(user: User, database: Annotated[Database, Depends(transaction, scope="function")]) -> int:
    """Depend on both in annotations."""
    return database.read(user)


@app.get("/default")
async def default(
    user: str = Depends(current_user),
    database: Database = Depends(transaction, use_cache=False),
    provided: Database = Depends(),
) -> int:
    """Depend on them in defaults, which type checkers take for values of the annotated types."""
    assert_type(user, str)
    return database.read(user) + provided.read(user)


router = Router(dependencies=[Depends(current_user)])


@router.get("/guarded", dependencies=[Depends(current_user)])
def guarded() -> str:
    """Depend on something for its effect."""
    return "in"


assert_type(guarded(), str)
