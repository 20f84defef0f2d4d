"""What users of frameworks without models write by hand: checks of bodies, and dicts made of their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workloads import make_orders


@dataclass
class Address:
    """Where an order goes."""

    street: str
    city: str
    latitude: float
    longitude: float


@dataclass
class Sold:
    """A line of a response."""

    sku: str
    amount: float
    paid: bool


@dataclass
class Order:
    """An item of the response model."""

    id: int
    note: str | None
    tags: list[str]
    home: Address
    lines: list[Sold]


def make_order(home: dict[str, Any], lines: list[dict[str, Any]], **members: Any) -> Order:
    """Return an order, as it might come from a database."""
    return Order(home=Address(**home), lines=[Sold(**line) for line in lines], **members)


ORDERS = [make_order(**order) for order in make_orders()]


def shown(orders: list[Order]) -> list[dict[str, Any]]:
    """Return what a response says of orders."""
    return [
        {
            "id": order.id,
            "note": order.note,
            "tags": order.tags,
            "home": {
                "street": order.home.street,
                "city": order.home.city,
                "latitude": order.home.latitude,
                "longitude": order.home.longitude,
            },
            "lines": [{"sku": line.sku, "amount": line.amount, "paid": line.paid} for line in order.lines],
        }
        for order in orders
    ]


def is_item(value: Any) -> bool:
    """Say whether a body is what the body workload sends."""
    return isinstance(value["name"], str) and isinstance(value["price"], float) and isinstance(value["count"], int)


def is_line(value: Any) -> bool:
    """Say whether a line of a nested body is right."""
    return isinstance(value["sku"], str) and isinstance(value["count"], int) and isinstance(value["price"], float)


def is_basket(value: Any) -> bool:
    """Say whether a nested body is right."""
    address = value["customer"]["address"]
    texts = (value["customer"]["name"], address["street"], address["city"])
    return all(isinstance(text, str) for text in texts) and all(is_line(line) for line in value["lines"])
