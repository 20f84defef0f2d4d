"""What rules say of documents."""

from __future__ import annotations

from typing import Any

from hawkapi import HawkAPI
from hawkapi.openapi.linter import DEFAULT_RULES, LintIssue, Severity, format_lint_report, lint


def document(**operations: Any) -> dict[str, Any]:
    """Return a document with operations at one path."""
    return {"paths": {"/a": operations}}


def test_operation_without_anything() -> None:
    """Every rule has something to say."""
    assert lint(document(get={"responses": {"200": {}}})) == [
        LintIssue("operation-id-required", Severity.ERROR, "/a", "get", "Operation is missing operationId"),
        LintIssue(
            "operation-summary-required",
            Severity.WARNING,
            "/a",
            "get",
            "Operation is missing summary or description",
        ),
        LintIssue(
            "response-description-required", Severity.WARNING, "/a", "get", "Response 200 is missing description"
        ),
    ]


def test_operation_that_is_complete() -> None:
    """A description does instead of a summary; a reference has its description elsewhere."""
    responses = {"200": {"description": "Fine."}, "404": {"$ref": "#/components/responses/NotFound"}}
    assert lint(document(get={"operationId": "a", "description": "A.", "responses": responses})) == []


def test_what_is_no_operation() -> None:
    """Other members of a path item are left alone."""
    assert lint(document(parameters=[], summary="", servers={}, **{"x-own": {}})) == []
    assert lint({}) == []


def test_rules_of_ones_own() -> None:
    """They take the place of the others, or come beside them."""

    def no_trace(spec: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> list[LintIssue]:
        return [LintIssue("no-trace", Severity.INFO, path, method, "Not here")] if method == "trace" else []

    spec = document(trace={}, get={})
    assert [issue.rule for issue in lint(spec, rules=[no_trace])] == ["no-trace"]
    assert len(lint(spec, rules=[*DEFAULT_RULES, no_trace])) == 5
    assert lint(spec, rules=[]) == []


def test_own_documents_have_what_rules_ask_for() -> None:
    """Where handlers have docstrings."""
    app = HawkAPI()

    @app.get("/{number}")
    def handler(number: int) -> int:
        """Return a number."""
        return number

    assert lint(app.openapi()) == []


def test_report() -> None:
    """The worst comes first."""
    issues = [
        LintIssue("b", Severity.INFO, "/b", "put", "two"),
        LintIssue("c", Severity.WARNING, "/c", "get", "three"),
        LintIssue("a", Severity.ERROR, "/a", "get", "one"),
    ]
    assert format_lint_report(issues) == (
        "ERRORS (1):\n  [GET] /a: one (a)\nWARNINGS (1):\n  [GET] /c: three (c)\nINFO (1):\n  [PUT] /b: two (b)\n\n"
        "Found 3 issues."
    )
    assert format_lint_report(issues[:1]).endswith("\n\nFound 1 issue.")
    assert format_lint_report([]) == "No issues found."


def test_default_rules() -> None:
    """They are a list in the documented order, to which one's own are added."""
    assert [rule.__name__ for rule in DEFAULT_RULES] == [
        "check_operation_id_required",
        "check_operation_summary_required",
        "check_response_description_required",
    ]
    assert lint(document(get={}), rules=DEFAULT_RULES + []) == lint(document(get={}))  # noqa: RUF005 - what users write
