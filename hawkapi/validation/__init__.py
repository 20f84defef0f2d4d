"""What a handler's parameters may say of themselves, and what a request is told that does not fit."""

from hawkapi.params.errors import ProblemDetail, RequestValidationError, ValidationErrorDetail
from hawkapi.params.markers import Body, Cookie, File, Form, Header, ParamMarker, Path, Query
from hawkapi.validation.errors import format_msgspec_error

__all__ = [
    "Body",
    "Cookie",
    "File",
    "Form",
    "Header",
    "ParamMarker",
    "Path",
    "ProblemDetail",
    "Query",
    "RequestValidationError",
    "ValidationErrorDetail",
    "format_msgspec_error",
]
