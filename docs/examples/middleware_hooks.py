"""Middleware with hooks: what every request and every response go through."""

import hmac

from hawkapi import HawkAPI, HTTPException, Middleware, Request
from hawkapi.middleware import CapturedResponse
from hawkapi.types import ASGIApp


class SignedBodies(Middleware):
    """Lets requests in whose body is signed, and says who has sent them."""

    def __init__(self, app: ASGIApp, *, key: bytes) -> None:
        super().__init__(app)
        self.key = key

    async def before_request(self, request: Request) -> None:
        body = await request.body()  # The handler gets it again.
        expected = hmac.new(self.key, body, "sha256").hexdigest()
        if not hmac.compare_digest(expected.encode(), request.headers.get("x-signature", "").encode()):
            raise HTTPException(401, "The signature is wrong")
        request.state.sender = "a partner"

    async def after_response(self, request: Request, response: CapturedResponse) -> None:
        response.headers["x-sender"] = request.state.sender
        if not response.is_streaming:
            response.headers["x-size"] = str(len(response.body))


app = HawkAPI()


@app.post("/orders", middleware=[(SignedBodies, {"key": b"keep it secret"})])
async def order(request: Request, amount: dict[str, int]) -> dict[str, object]:
    return {"ordered": amount, "by": request.state.sender}
