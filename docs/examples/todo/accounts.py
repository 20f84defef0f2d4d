"""Signing up and logging in: a password becomes a cookie with a token."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Annotated

from hawkapi import Cookie, Depends, HTTPException, Meta, Response, Router

from .database import Session, connect

router = Router()


@dataclass
class Credentials:
    """Who somebody says to be."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    password: Annotated[str, Meta(min_length=8, max_length=200)]


def hash_password(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)


@router.post("/users")
def sign_up(credentials: Credentials, session: Session) -> dict[str, str]:
    salt = secrets.token_bytes(16)
    try:
        session.execute(
            "insert into users values (?, ?, ?)", (credentials.name, salt, hash_password(credentials.password, salt))
        )
    except sqlite3.IntegrityError:
        raise HTTPException(409, "this name is taken") from None
    return {"name": credentials.name}


@router.post("/login", status_code=200)
def log_in(credentials: Credentials, session: Session, response: Response) -> dict[str, str]:
    user = session.execute("select * from users where name = ?", (credentials.name,)).fetchone()
    # An unknown name takes as long as a wrong password.
    salt, stored = (user["salt"], user["password"]) if user is not None else (bytes(16), b"")
    if not hmac.compare_digest(hash_password(credentials.password, salt), stored):
        raise HTTPException(401, "wrong name or password")
    token = secrets.token_urlsafe()
    session.execute("insert into logins values (?, ?)", (token, credentials.name))
    response.set_cookie("login", token, httponly=True, samesite="lax")
    return {"name": credentials.name}


def current_user(login: Annotated[str | None, Cookie()] = None) -> str:
    # Not in the handler's transaction: a WebSocket asks too, and would hold it as long as it is open.
    with closing(connect()) as connection:
        row = connection.execute("select user from logins where token = ?", (login,)).fetchone()
    if row is None:
        raise HTTPException(401, "log in first")
    name: str = row["user"]
    return name


type User = Annotated[str, Depends(current_user)]
