"""Ten workloads that nothing was tuned for: their routes and their bodies are drawn from a seed.

The seed is in `HAWKAPI_BENCH_SEED` of every process of a run, which prints it, so that all applications have the same
routes, and a run with another seed has others.
"""

from __future__ import annotations

import os
import random
from typing import Any, Final
from urllib.parse import urlencode

from workloads import JSON, Workload, as_json

VARIABLE: Final = "HAWKAPI_BENCH_SEED"
SEED: Final = int(os.environ.get(VARIABLE, "1"))
WORDS: Final = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jade", "kelp", "lark")
KINDS: Final = ("headers", "cookies", "form", "nested", "list", "sync", "reading", "echo")

_draw = random.Random(SEED)  # noqa: S311 - the same every time is what is wanted


def word() -> str:
    """Draw a word of five to twelve letters."""
    return "".join(_draw.choices("abcdefghijklmnopqrstuvwxyz", k=_draw.randint(5, 12)))


def line() -> dict[str, Any]:
    """Draw a line of an order."""
    return {"sku": word(), "count": _draw.randint(1, 9), "price": _draw.randint(1, 400) / 4}


PATHS: Final = {kind: f"/{_draw.choice(WORDS)}-{word()}" for kind in KINDS}
"""Where the applications have each."""

LISTED: Final = [{"id": number, "name": word(), "score": _draw.random()} for number in range(_draw.randint(200, 400))]
"""What the large list holds."""

ORDER: Final[dict[str, Any]] = {
    "customer": {"name": word(), "address": {"street": word(), "city": word()}},
    "lines": [line() for _ in range(_draw.randint(5, 12))],
    "note": None,
}
NAMES: Final = (word(), word(), word())
AGE: Final = _draw.randint(10, 99)
COUNTED: Final = as_json({"lines": len(ORDER["lines"]), "count": sum(each["count"] for each in ORDER["lines"])})
WRONG: Final = {**ORDER, "lines": [*ORDER["lines"], {"sku": word(), "count": "many", "price": 1.5}]}

DRAWN: Final[dict[str, Workload]] = {
    "headers": Workload(
        "GET",
        PATHS["headers"],
        as_json({"request_id": NAMES[0], "language": NAMES[1]}),
        headers=((b"x-request-id", NAMES[0].encode()), (b"accept-language", NAMES[1].encode())),
    ),
    "cookies": Workload(
        "GET",
        PATHS["cookies"],
        as_json({"session": NAMES[0], "theme": NAMES[1]}),
        headers=((b"cookie", f"session={NAMES[0]}; theme={NAMES[1]}; lang={NAMES[2]}".encode()),),
    ),
    "form": Workload(
        "POST",
        PATHS["form"],
        as_json({"name": NAMES[0], "age": AGE}),
        body=urlencode({"name": NAMES[0], "city": NAMES[1], "age": AGE}).encode(),
        headers=((b"content-type", b"application/x-www-form-urlencoded"),),
    ),
    "nested body": Workload("POST", PATHS["nested"], COUNTED, body=as_json(ORDER), headers=JSON),
    "error": Workload("POST", PATHS["nested"], body=as_json(WRONG), headers=JSON, status=400),
    "404": Workload("GET", f"/{word()}/{word()}", status=404),
    "large list": Workload("GET", PATHS["list"], as_json(LISTED)),
    "sync handler": Workload("GET", PATHS["sync"], b'{"message":"Hello, World!"}'),
    "reading middleware": Workload("POST", PATHS["reading"], COUNTED, body=as_json(ORDER), headers=JSON, app="reading"),
    "WebSocket": Workload("WEBSOCKET", PATHS["echo"], messages=(word(),)),
}
"""By the name of the row."""
