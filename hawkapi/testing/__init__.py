"""Tests of applications without a network: `TestClient` and what it answers with."""

from hawkapi.exceptions import WebSocketDisconnect as WebSocketDisconnect
from hawkapi.testing.client import TestClient as TestClient
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
    "CaseInsensitiveDict",
    "HTTPStatusError",
    "StreamedResponse",
    "TestClient",
    "TestResponse",
    "TooManyRedirectsError",
    "WebSocketDenied",
    "WebSocketDisconnect",
    "WebSocketSession",
]
