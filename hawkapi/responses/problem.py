"""Problem documents: how every error is told to a client (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import hawkapi.codec as codec
from hawkapi.responses.base import Response

__all__ = ["PROBLEM_TYPES", "problem_response"]

PROBLEM_TYPES: Final = "https://hawkapi.ashimov.com/errors/"
"""What every `type` begins with; the rest says which problem it is."""


def problem_response(
    kind: str,
    status_code: int,
    title: str,
    *,
    detail: Any = None,
    errors: Sequence[Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return an `application/problem+json` response.

    Args:
        kind: the last part of `type`: `not-found`, `validation`, ...
        status_code: also a member of the document.
        title: the same for every occurrence of the problem.
        detail: about this occurrence; left out when `None`.
        errors: one object per validation error; left out when `None`.
        headers: further fields.
    """
    document: dict[str, Any] = {"type": PROBLEM_TYPES + kind, "title": title, "status": status_code}
    if detail is not None:
        document["detail"] = detail
    if errors is not None:
        document["errors"] = errors
    body = codec.encode(document)
    return Response(body, status_code=status_code, headers=headers, content_type="application/problem+json")
