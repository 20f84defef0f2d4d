"""The items of a user, with a file each."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from hawkapi import FileResponse, HTTPException, Meta, Router, UploadFile

from .accounts import User
from .database import Session, settings


@dataclass
class NewItem:
    """What a user wants to do."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]


@dataclass
class Item:
    """An item as clients see it."""

    id: int
    title: str
    done: bool
    attachment: bool


def build_router(edition: int) -> Router:
    """Return the routes of the items; a new edition can take the place of the old one while requests are served."""
    router = Router(prefix="/items", tags=["items"])

    @router.get("/edition")
    async def read_edition() -> dict[str, int]:
        return {"edition": edition}

    @router.get("")
    def list_items(user: User, session: Session) -> list[Item]:
        rows = session.execute("select * from items where user = ? order by id", (user,))
        return [to_item(row) for row in rows]

    @router.post("")
    def add(new: NewItem, user: User, session: Session) -> Item:
        query = "insert into items (user, title) values (?, ?) returning *"
        item = to_item(session.execute(query, (user, new.title)).fetchone())
        note(session, f"items of {user}", {"added": item.id, "title": item.title})
        return item

    @router.put("/{item_id:int}/done", status_code=204)
    def finish(item_id: int, user: User, session: Session) -> None:
        find(session, user, item_id)
        session.execute("update items set done = 1 where id = ?", (item_id,))
        note(session, f"items of {user}", {"done": item_id})

    @router.put("/{item_id:int}/attachment", status_code=204)
    def attach(item_id: int, file: UploadFile, user: User, session: Session) -> None:
        find(session, user, item_id)
        path = attachment_of(item_id)
        # Whoever is reading an older file reads it to its end.
        with path.with_suffix(".new").open("wb") as stream:
            shutil.copyfileobj(file.file, stream)
        path.with_suffix(".new").replace(path)
        session.execute("update items set attachment = 1 where id = ?", (item_id,))

    @router.get("/{item_id:int}/attachment", response_model=None)
    def read_attachment(item_id: int, user: User, session: Session) -> FileResponse:
        if not find(session, user, item_id)["attachment"]:
            raise HTTPException(404, "nothing is attached")
        return FileResponse(attachment_of(item_id), media_type="application/octet-stream")

    return router


def find(session: Session, user: str, item_id: int) -> sqlite3.Row:
    row: sqlite3.Row | None = session.execute(
        "select * from items where id = ? and user = ?", (item_id, user)
    ).fetchone()
    if row is None:
        raise HTTPException(404, "no such item")
    return row


def to_item(row: sqlite3.Row) -> Item:
    return Item(row["id"], row["title"], bool(row["done"]), bool(row["attachment"]))


def attachment_of(item_id: int) -> Path:
    # The client's name of the file is never used as a path.
    return Path(settings.uploads, str(item_id))


def note(session: Session, topic: str, data: dict[str, object], key: str | None = None) -> None:
    """Store what has happened, for everybody who listens; what has a key is stored once."""
    query = "insert or ignore into events (topic, data, key) values (?, ?, ?)"
    session.execute(query, (topic, json.dumps(data), key))
