"""Requests to applications that are made in sizes: how the cost of one grows with its routes, middleware and bodies."""

from __future__ import annotations

from typing import Final

from workloads import ITEM, JSON, Workload, as_json

MESSAGE: Final = b'{"message":"Hello, World!"}'
SIZES: Final[dict[str, tuple[int, ...]]] = {
    "routes": (10, 100, 1000, 10_000),
    "middleware": (0, 1, 5, 10, 20),
    "parameters": (1, 5, 10, 20),
    "KB": (1, 10, 100, 1000, 10_000),
}
"""Of each curve."""


def items(kilobytes: int) -> int:
    """Return how many items a body of a size has."""
    return kilobytes * 1000 // (len(ITEM) + 1)


def asking(kind: str, size: int) -> Workload:
    """Return the request of one point of a curve."""
    app = f"{kind}_{size}"
    if kind == "routes":
        return Workload("GET", f"/things{size // 2}/7", b'{"item_id":7}', app=app, size=size)
    if kind == "middleware":
        return Workload("GET", "/json", MESSAGE, app=app, size=size)
    if kind == "parameters":
        query = "&".join(f"p{number}=1" for number in range(size)).encode()
        return Workload("GET", "/sum", as_json({"sum": size}), query=query, app=app, size=size)
    count = items(size)
    body = b"[" + b",".join([ITEM] * count) + b"]"
    return Workload("POST", "/many", as_json({"count": count}), body=body, headers=JSON, app="KB", size=size)


GROWN: Final = {f"{kind}: {size}": asking(kind, size) for kind, sizes in SIZES.items() for size in sizes}
"""By the name of the row; its `size` is the number in it."""

ADDITIONS: Final = {
    "nothing": Workload("GET", "/json", MESSAGE, app="middleware_0"),
    "empty middleware": Workload("GET", "/json", MESSAGE, app="empty"),
    "3 cached dependencies": Workload("GET", "/json", MESSAGE, app="dependent"),
}
"""What an application has beside one handler."""
