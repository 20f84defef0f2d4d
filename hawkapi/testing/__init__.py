"""Tests of applications without a network: `TestClient`, `override`, `hammer`, and a plugin for pytest."""

from hawkapi.exceptions import WebSocketDisconnect as WebSocketDisconnect
from hawkapi.testing.client import TestClient as TestClient
from hawkapi.testing.contract import ContractCase as ContractCase
from hawkapi.testing.contract import ContractError as ContractError
from hawkapi.testing.contract import ContractOutcome as ContractOutcome
from hawkapi.testing.contract import ContractTest as ContractTest
from hawkapi.testing.contract import check_contract as check_contract
from hawkapi.testing.contract import contract_cases as contract_cases
from hawkapi.testing.contract import generate_contract_tests as generate_contract_tests
from hawkapi.testing.hammer import Call as Call
from hawkapi.testing.hammer import HammerError as HammerError
from hawkapi.testing.hammer import HammerReport as HammerReport
from hawkapi.testing.hammer import hammer as hammer
from hawkapi.testing.overrides import override as override
from hawkapi.testing.response import CaseInsensitiveDict as CaseInsensitiveDict
from hawkapi.testing.response import HTTPStatusError as HTTPStatusError
from hawkapi.testing.response import TestResponse as TestResponse
from hawkapi.testing.response import TooManyRedirectsError as TooManyRedirectsError
from hawkapi.testing.stream import AsyncStreamedResponse as AsyncStreamedResponse
from hawkapi.testing.stream import StreamedResponse as StreamedResponse
from hawkapi.testing.websocket import AsyncWebSocketSession as AsyncWebSocketSession
from hawkapi.testing.websocket import WebSocketDenied as WebSocketDenied
from hawkapi.testing.websocket import WebSocketSession as WebSocketSession

__all__ = [
    "AsyncStreamedResponse",
    "AsyncWebSocketSession",
    "Call",
    "CaseInsensitiveDict",
    "ContractCase",
    "ContractError",
    "ContractOutcome",
    "ContractTest",
    "HTTPStatusError",
    "HammerError",
    "HammerReport",
    "StreamedResponse",
    "TestClient",
    "TestResponse",
    "TooManyRedirectsError",
    "WebSocketDenied",
    "WebSocketDisconnect",
    "WebSocketSession",
    "check_contract",
    "contract_cases",
    "generate_contract_tests",
    "hammer",
    "override",
]
