"""What a response model costs: a 10 KB body of nested dataclasses, beside the same dicts written out by hand.

`python tests/bench/response_model.py`, in each interpreter and with each codec; microseconds, the best of 20 runs.
"""

from __future__ import annotations

import datetime as dt
import sys
import timeit
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from hawkapi import codec
from hawkapi.responses._projection import build_projection


@dataclass
class Address:
    street: str
    city: str
    code: str
    latitude: float
    longitude: float


@dataclass
class Order:
    id: int
    sku: str
    amount: float
    paid: bool
    note: str | None
    tags: list[str]


@dataclass
class User:
    id: uuid.UUID
    name: str
    age: int
    created: dt.datetime
    address: Address
    orders: list[Order]


def users() -> list[User]:
    """Return a dozen users."""
    orders = [Order(number, "sku", 1.25, True, "", ["a", "b"]) for number in range(8)]
    address = Address("street", "city", "12345", 1.5, 2.5)
    return [User(uuid.UUID(int=5), "ada", 36, dt.datetime.now(dt.UTC), address, orders) for _ in range(12)]


def by_hand(values: list[User]) -> object:
    """Return the dicts of users, unchecked."""
    return [
        {
            "id": user.id,
            "name": user.name,
            "age": user.age,
            "created": user.created,
            "address": {
                "street": user.address.street,
                "city": user.address.city,
                "code": user.address.code,
                "latitude": user.address.latitude,
                "longitude": user.address.longitude,
            },
            "orders": [
                {
                    "id": order.id,
                    "sku": order.sku,
                    "amount": order.amount,
                    "paid": order.paid,
                    "note": order.note,
                    "tags": order.tags,
                }
                for order in user.orders
            ],
        }
        for user in values
    ]


def best(function: Callable[[], object]) -> float:
    """Return the time of the fastest run."""
    return min(timeit.repeat(function, number=50, repeat=20)) / 50 * 1e6


def main() -> int:
    """Print one line for each way."""
    values, encode = users(), codec.encoder()
    project, address = build_projection(codec.describe(list[User])), build_projection(codec.describe(Address))
    size = len(encode(project(values)))
    print(f"Python {sys.version.split()[0]}, codec {codec.CODEC}, {size} bytes")
    print(f"dicts by hand     {best(lambda: by_hand(values)):8.1f}")
    print(f"response model    {best(lambda: project(values)):8.1f}")
    print(f"model and encoder {best(lambda: encode(project(values))):8.1f}")
    print(f"encoder alone     {best(lambda: encode(values)):8.1f}")
    print(f"five scalars      {best(lambda: address(values[0].address)):8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
