"""Measures its own process: the CPU milliseconds of an application's first OpenAPI document.

`python document_probe.py FRAMEWORK KIND ROUTES [PATH ...]`, where KIND is what the classes are: `dataclass` or
`pydantic`. Every route has a body and a response of its own class with a nested one, a path, two query and one header
parameter.
"""

from __future__ import annotations

import importlib
import sys
import time
import types
from typing import Annotated, Any


def make_class(name: str, members: dict[str, Any], kind: str) -> Any:
    """Return a class with some members, as hawkapi's users and as FastAPI's write them."""
    if kind == "pydantic":
        return importlib.import_module("pydantic").create_model(name, **{key: (tp, ...) for key, tp in members.items()})
    return importlib.import_module("dataclasses").make_dataclass(name, list(members.items()))


def make_app(framework: str, kind: str, size: int) -> Any:
    """Return an application with a number of routes, no two of which share a class."""
    module = importlib.import_module(framework)
    app = module.HawkAPI() if framework == "hawkapi" else module.FastAPI()
    header, query = module.Header, module.Query
    for number in range(size):
        address = make_class(f"Address{number}", {"street": str, "city": str | None}, kind)
        item: Any = make_class(f"Item{number}", {"name": str, "price": float, "tags": list[str], "home": address}, kind)

        async def handler(item_id: int, item: Any, q: Any = None, limit: Any = 10, x_tenant: Any = "") -> Any: ...

        handler.__annotations__ = {
            "item_id": int,
            "item": item,
            "q": str | None,
            "limit": Annotated[int, query(ge=1, le=100)],
            "x_tenant": Annotated[str, header(description="Who.")],
            "return": types.GenericAlias(list, (item,)),
        }
        handler.__name__ = f"handler_{number}"
        app.post(f"/items{number}/{{item_id}}", tags=[f"tag{number % 10}"])(handler)
    return app


def measure(framework: str, kind: str, size: int) -> float:
    """Return the milliseconds of the first document of a new application."""
    make_app(framework, kind, 3).openapi()  # What is loaded once is not what is measured.
    app = make_app(framework, kind, size)
    begin = time.process_time()
    document = app.openapi()
    took_s = time.process_time() - begin
    if len(document["paths"]) != size:
        raise SystemExit(f"{framework}: {len(document['paths'])} paths instead of {size}")
    return took_s * 1000


if __name__ == "__main__":
    framework, kind, size, *paths = sys.argv[1:]
    sys.path[:0] = paths
    print(measure(framework, kind, int(size)))
