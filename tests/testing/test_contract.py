"""Smoke tests of an application's own routes."""

from __future__ import annotations

import dataclasses

import pytest
from apps import hello

from hawkapi import HawkAPI, Router
from hawkapi.testing import TestClient
from hawkapi.testing.contract import ContractTest, generate_contract_tests


def shop() -> HawkAPI:
    """Return an application with routes of every kind."""
    app, router = HawkAPI(), Router(prefix="/v1")
    app.get("/a")(hello)
    app.post("/a", status_code=201)(hello)
    app.get("/hidden", include_in_schema=False)(hello)
    app.get("/items/{item}")(hello_item)
    router.delete("/b")(nothing)
    app.include_router(router)
    return app


async def nothing() -> None:
    """Answer nothing."""


async def hello_item(item: str) -> str:
    """Answer a path parameter."""
    return item


def test_one_test_per_method_of_each_plain_route() -> None:
    """Methods are sorted, `HEAD` is one, and routes that are hidden or have parameters are left out."""
    assert generate_contract_tests(shop()) == [
        ContractTest("GET /a -> 200", "GET", "/a", 200),
        ContractTest("HEAD /a -> 200", "HEAD", "/a", 200),
        ContractTest("POST /a -> 201", "POST", "/a", 201),
        ContractTest("DELETE /v1/b -> 204", "DELETE", "/v1/b", 204),
    ]


def test_tests_hold() -> None:
    """Each request has the status that is expected."""
    client = TestClient(shop())
    tests = generate_contract_tests(shop())
    assert [client.request(test.method, test.path).status_code for test in tests] == [
        test.expected_status for test in tests
    ]


def test_contract_tests_are_frozen() -> None:
    """They may be shared by tests."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        ContractTest("n", "GET", "/", 200).path = "/x"  # type: ignore[misc]
