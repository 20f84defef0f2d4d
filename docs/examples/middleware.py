"""Middleware: any ASGI class that takes the application it wraps."""

import itertools

from hawkapi import HawkAPI
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send


class RequestNumber:
    """Numbers the requests."""

    def __init__(self, app: ASGIApp, field: str = "x-number") -> None:
        self.app = app
        self.field = field.encode("ascii")
        self.numbers = itertools.count(1)  # `next` of a count is atomic, with and without the GIL.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        number = next(self.numbers)

        async def send_numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((self.field, str(number).encode("ascii")))
            await send(message)

        await self.app(scope, receive, send_numbered)


app = HawkAPI()
app.add_middleware(RequestNumber)


@app.get("/")
async def home() -> dict[str, str]:
    return {"hello": "world"}


@app.get("/counted", middleware=[(RequestNumber, {"field": "x-counted"})])
async def counted() -> dict[str, str]:
    return {"hello": "again"}
