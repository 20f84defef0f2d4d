"""Smoke tests of an application's own routes: every route without parameters answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hawkapi.app import HawkAPI

__all__ = ["ContractTest", "generate_contract_tests"]


@dataclass(frozen=True)
class ContractTest:
    """One request that an application is expected to answer."""

    name: str
    """For a test's id: `GET /items -> 200`."""
    method: str
    path: str
    expected_status: int


def generate_contract_tests(app: HawkAPI) -> list[ContractTest]:
    """Return a test per method of each route that is in the schema and has no path parameters.

    Methods are sorted, `HEAD` included. What a route requires in its query, header fields or body is not considered.
    """
    return [
        ContractTest(f"{method} {route.path} -> {route.status_code}", method, route.path, route.status_code)
        for route in app.routes
        if route.include_in_schema and "{" not in route.path
        for method in sorted(route.methods)
    ]
