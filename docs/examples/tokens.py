"""Tokens that this application signs itself."""

import os
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt

from hawkapi import Depends, HawkAPI
from hawkapi.security.jwt import JWTBearer, JWTVerifier

SECRET = os.environ.get("TOKEN_SECRET", "at least thirty-two bytes, from a safe place")

app = HawkAPI()
verifier = JWTVerifier(algorithms=["HS256"], secret=SECRET, issuer="https://notes.example", audience="notes")
bearer = JWTBearer(verifier)


def issue_token(user: str) -> str:
    claims = {
        "sub": user,
        "iss": "https://notes.example",
        "aud": "notes",
        "exp": datetime.now(UTC) + timedelta(minutes=10),
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


@app.get("/me")
async def me(claims: Annotated[dict[str, Any], Depends(bearer)]) -> str:
    name: str = claims["sub"]
    return name
