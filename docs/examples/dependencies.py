"""Dependencies: what handlers need beside the request, made and closed for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from hawkapi import Depends, HawkAPI, Header, HTTPException

USERS = {"token-of-ada": "ada"}
log: list[str] = []


class Session:
    """Stands for a database session."""

    def __init__(self, user: str) -> None:
        self.user = user

    def items(self) -> list[str]:
        return [f"{self.user}'s hat"]


def current_user(x_token: Annotated[str, Header()] = "") -> str:
    if x_token not in USERS:
        raise HTTPException(401, "unknown token")
    return USERS[x_token]


type User = Annotated[str, Depends(current_user)]


def open_session(user: User) -> Iterator[Session]:
    try:
        yield Session(user)
    except Exception:
        log.append("roll back")
        raise
    else:
        log.append("commit")


app = HawkAPI()


@app.get("/items")
async def items(user: User, session: Annotated[Session, Depends(open_session)], limit: int = 10) -> list[str]:
    return session.items()[:limit]


@app.delete("/items", dependencies=[Depends(current_user)])
async def clear() -> None:
    log.clear()
