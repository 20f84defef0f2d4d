"""What a server sends."""

from hawkapi.responses.base import Response
from hawkapi.responses.json import JSONResponse
from hawkapi.responses.text import PlainTextResponse

__all__ = ["JSONResponse", "PlainTextResponse", "Response"]
