"""What the annotation does not have is not sent: `GET /users/1` answers `{"name":"ada"}`."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI

app = HawkAPI()


@dataclass
class User:
    name: str


@dataclass
class StoredUser(User):
    password_hash: str


@app.get("/users/{user_id:int}")
async def read_user(user_id: int) -> User:
    return StoredUser(name="ada", password_hash="secret")
