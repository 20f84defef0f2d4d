"""Feature flags from a file."""

from pathlib import Path
from typing import Annotated

from hawkapi import Depends, FileFlagProvider, Flags, HawkAPI, get_flags, requires_flag

app = HawkAPI(flags=FileFlagProvider(Path(__file__).with_name("flags.json")))


@app.get("/checkout")
async def checkout(flags: Annotated[Flags, Depends(get_flags)]) -> dict[str, object]:
    return {
        "steps": 1 if await flags.bool("one-step-checkout") else 3,
        "button": await flags.string("button.colour", "blue"),
        "discount": await flags.number("discount"),
    }


@app.get("/reviews")
@requires_flag("reviews")
async def reviews() -> list[str]:
    return ["good"]


@app.get("/chat")
@requires_flag("chat", status_code=403)
def chat() -> str:
    return "hello"


async def with_refunds(flags: Annotated[Flags, Depends(get_flags)]) -> None:
    await flags.require("refunds")


@app.get("/refunds", dependencies=[Depends(with_refunds)])
async def refunds(order: int) -> int:
    return order
