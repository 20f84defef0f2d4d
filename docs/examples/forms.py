"""Forms, uploads and streamed bodies, read from a `Request`."""

from __future__ import annotations

import hashlib
import re

from hawkapi import JSONResponse, Response
from hawkapi.requests import Request
from hawkapi.types import Receive, Scope, Send


async def sign_up(request: Request) -> Response:
    form = await request.form()
    return JSONResponse({"name": form.get("name"), "topics": form.getlist("topic")})


async def upload(request: Request) -> Response:
    async with request.form() as form:
        if "photo" not in form.files:
            return JSONResponse({"error": "choose a photo"}, status_code=400)
        photo = form.files["photo"]
        digest = hashlib.sha256()
        while piece := await photo.read(65536):
            digest.update(piece)
        # The client's name is for people; what is stored gets a name of ours.
        shown = re.sub(r"[^\w.-]", "_", photo.filename)
        return JSONResponse({"stored_as": digest.hexdigest()[:8], "shown_as": shown, "size": photo.size})


async def count(request: Request) -> Response:
    size = 0
    async for piece in request.stream():
        size += len(piece)
    return JSONResponse({"size": size})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    async with Request(scope, receive, max_body_size=100 * 1024 * 1024) as request:
        handlers = {"/sign-up": sign_up, "/upload": upload, "/count": count}
        response = await handlers[request.path](request)
        for message in response.messages(request.method):
            await send(message)
