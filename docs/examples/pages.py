"""A numbered page, whose items are filtered like any response model."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI
from hawkapi.pagination import Page, PaginationParams

app = HawkAPI()
NAMES = ["ada", "grace", "joan", "mary"]


@dataclass
class User:
    name: str


@app.get("/users")
async def list_users(page: int = 1, size: int = 2) -> Page[User]:
    paging = PaginationParams(page=page, size=size)
    names = NAMES[paging.offset : paging.offset + paging.limit]
    return Page([User(name) for name in names], total=len(NAMES), page=paging.page, size=paging.limit)
