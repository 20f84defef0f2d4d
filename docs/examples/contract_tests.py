"""The tests that the document of the library gives: `pytest contract_tests.py`."""

from collections.abc import Iterator

import pytest
from library import app

from hawkapi import TestClient
from hawkapi.testing import ContractCase, contract_cases


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("case", contract_cases(app), ids=str)
def test_contract(case: ContractCase, client: TestClient) -> None:
    case.run(client, strict=True)
