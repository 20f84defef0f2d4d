"""The bakery of the documentation under a prefix, beside something that answers with no JSON."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from hawkapi import HawkAPI, PlainTextResponse

sys.path.append(str(Path(__file__).parents[2] / "docs" / "examples"))

app = HawkAPI()
app.mount("/api", importlib.import_module("bakery").app)


@app.get("/plain/{rest:path}")
async def plain(rest: str) -> PlainTextResponse:
    """Answer as a proxy does whose application is gone."""
    return PlainTextResponse("<h1>Bad Gateway</h1>", status_code=502)
