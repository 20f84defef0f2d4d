"""The errors of validation, and msgspec's in their form."""

from __future__ import annotations

import re
from typing import Final

from hawkapi.params.errors import ProblemDetail, RequestValidationError, ValidationErrorDetail

__all__ = ["ProblemDetail", "RequestValidationError", "ValidationErrorDetail", "format_msgspec_error"]

_PLACE: Final = re.compile(r"(?P<message>.*) - at `(?P<key>key in )?\$(?P<place>[^`]*)`", re.DOTALL)


def format_msgspec_error(exc: Exception, body: bytes | None = None) -> list[ValidationErrorDetail]:  # noqa: ARG001 - the contract has it
    """Return what a msgspec error says, with the place that msgspec writes into its message as `field`.

    Args:
        exc: a `msgspec.ValidationError` or `msgspec.DecodeError`.
        body: what was decoded; taken for compatibility and not shown.
    """
    match = _PLACE.fullmatch(str(exc))
    if match is None:
        return [ValidationErrorDetail("$", str(exc))]
    return [ValidationErrorDetail(match["place"].removeprefix(".") or "$", match["message"])]
