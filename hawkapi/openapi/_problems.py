"""The responses of requests that are refused before the handler is called: problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any, Final

from hawkapi.codec import Description, Kind, describe
from hawkapi.openapi._needs import Needs
from hawkapi.openapi._parameters import inner_of
from hawkapi.openapi._schemas import Schemas, is_required
from hawkapi.params._signature import TEXTS, HandlerParameter, Source
from hawkapi.params.errors import ProblemDetail
from hawkapi.routing._parse import Parameter

PROBLEM_JSON: Final = "application/problem+json"
PROBLEM: Final = describe(ProblemDetail)
IN_BODIES: Final = frozenset({Source.BODY, Source.FORM, Source.FORM_DATA})


def build_problems(
    needs: Needs, schemas: Schemas, *, validation_error_status: int, is_secured: bool, is_restricted: bool
) -> dict[str, dict[str, Any]]:
    """Return the problems that the framework may answer with, by status, the lowest first.

    Args:
        needs: what the route asks for.
        schemas: of the document.
        validation_error_status: of requests that do not fit the handler.
        is_secured: whether credentials are looked at.
        is_restricted: whether permissions or scopes are required.
    """
    statuses: dict[int, str] = {}
    sources = {item.source for item in needs.parameters}
    if any(_can_be_refused(item) for item in needs.parameters):
        statuses[validation_error_status] = "Validation error"
    if is_secured:
        statuses[401] = "Missing or invalid credentials"
    if is_restricted:
        statuses[403] = "Insufficient permissions"
    if any(isinstance(part, Parameter) and part.converter.convert is not None for part in needs.template.segments):
        statuses[404] = "No route matches the path"
    if not IN_BODIES.isdisjoint(sources):
        statuses[413] = "The body is too large"
        statuses[415] = "The body is of another media type"
    return {str(status): _problem(text, schemas) for status, text in sorted(statuses.items())}


def _problem(text: str, schemas: Schemas) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM_JSON: {"schema": schemas.of(PROBLEM)}}}


def _can_be_refused(item: HandlerParameter) -> bool:
    """Whether a request may be refused for what it brings for a parameter, or for bringing nothing."""
    if item.source not in TEXTS:
        return item.source in IN_BODIES
    if item.source is not Source.PATH and is_required(item.default):
        return True
    if _has_limits(item.description):
        return True
    return not item.converted and inner_of(item.description).kind not in {Kind.STR, Kind.ANY}


def _has_limits(description: Description) -> bool:
    return (description.constraints or inner_of(description).constraints) is not None
