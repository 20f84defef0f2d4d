"""What a client sent."""

from hawkapi.http.headers import Headers
from hawkapi.http.urls import QueryParams
from hawkapi.requests.connection import Address, HTTPConnection
from hawkapi.requests.errors import FormLimitError, MalformedBodyError, RequestEntityTooLarge
from hawkapi.requests.form_data import FormData
from hawkapi.requests.request import Request
from hawkapi.requests.state import State
from hawkapi.requests.uploads import UploadFile

__all__ = [
    "Address",
    "FormData",
    "FormLimitError",
    "HTTPConnection",
    "Headers",
    "MalformedBodyError",
    "QueryParams",
    "Request",
    "RequestEntityTooLarge",
    "State",
    "UploadFile",
]
