"""Problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

import pytest

from hawkapi.responses.problem import problem_response

TYPE = b'"type":"https://hawkapi.ashimov.com/errors/kind"'


@pytest.mark.parametrize(
    ("options", "body"),
    [
        pytest.param({}, b'{%s,"title":"Title","status":418}' % TYPE, id="no-optional-member"),
        pytest.param({"detail": "why"}, b'{%s,"title":"Title","status":418,"detail":"why"}' % TYPE, id="detail"),
        pytest.param({"detail": {"a": 1}}, b'{%s,"title":"Title","status":418,"detail":{"a":1}}' % TYPE, id="object"),
        pytest.param({"errors": []}, b'{%s,"title":"Title","status":418,"errors":[]}' % TYPE, id="errors"),
    ],
)
def test_document(options: dict[str, Any], body: bytes) -> None:
    """A document has its type, title and status, and the other members only when they are given."""
    response = problem_response("kind", 418, "Title", **options)
    assert (response.status_code, response.body) == (418, body)
    assert response.header_pairs()[0] == (b"content-type", b"application/problem+json")


def test_headers() -> None:
    """Further fields are sent; a `content-type` among them replaces the document's."""
    response = problem_response("kind", 400, "Title", headers={"Allow": "GET", "Content-Type": "application/json"})
    assert response.header_pairs()[:2] == [(b"allow", b"GET"), (b"content-type", b"application/json")]
