"""Rules for OpenAPI documents: what is missing that readers and generators of clients need."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hawkapi.openapi._walk import mapping_of, one_line, operations_of

__all__ = [
    "DEFAULT_RULES",
    "LintIssue",
    "Severity",
    "check_operation_id_required",
    "check_operation_summary_required",
    "check_response_description_required",
    "format_lint_report",
    "lint",
]


class Severity(enum.Enum):
    """How bad an issue is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class LintIssue:
    """One thing that a rule does not like."""

    rule: str
    severity: Severity
    path: str
    method: str
    """In lower case, as in the document."""
    message: str


type Rule = Callable[[dict[str, Any], str, str, dict[str, Any]], list[LintIssue]]
"""What judges one operation: of the document, the path, the method and the operation."""


def check_operation_id_required(
    spec: dict[str, Any],  # noqa: ARG001 - every rule is given the document
    path: str,
    method: str,
    operation: dict[str, Any],
) -> list[LintIssue]:
    """Ask every operation for an `operationId`: clients name their methods after it."""
    if operation.get("operationId"):
        return []
    return [LintIssue("operation-id-required", Severity.ERROR, path, method, "Operation is missing operationId")]


def check_operation_summary_required(
    spec: dict[str, Any],  # noqa: ARG001 - every rule is given the document
    path: str,
    method: str,
    operation: dict[str, Any],
) -> list[LintIssue]:
    """Ask every operation for a summary or a description."""
    if operation.get("summary") or operation.get("description"):
        return []
    message = "Operation is missing summary or description"
    return [LintIssue("operation-summary-required", Severity.WARNING, path, method, message)]


def check_response_description_required(
    spec: dict[str, Any],  # noqa: ARG001 - every rule is given the document
    path: str,
    method: str,
    operation: dict[str, Any],
) -> list[LintIssue]:
    """Ask every response for a description (OpenAPI 3.1, section 4.8.17); a reference has it elsewhere."""
    return [
        LintIssue(
            "response-description-required", Severity.WARNING, path, method, f"Response {status} is missing description"
        )
        for status, response in mapping_of(operation.get("responses")).items()
        if not _is_described(response)
    ]


def _is_described(response: Any) -> bool:
    members = mapping_of(response)
    return bool(members.get("description")) or "$ref" in members


# COMPAT: a list as in hawkapi 0.2.0, because people write `lint(spec, rules=DEFAULT_RULES + [mine])`.
DEFAULT_RULES: Final[list[Rule]] = [
    check_operation_id_required,
    check_operation_summary_required,
    check_response_description_required,
]
"""What `lint` checks unless it is told otherwise, in this order."""


def lint(spec: dict[str, Any], *, rules: Sequence[Rule] | None = None) -> list[LintIssue]:
    """Return what rules do not like about a document: by path, method and rule, in the order of each.

    Args:
        spec: the OpenAPI document.
        rules: functions of the document, a path, a method and an operation that return issues; default
            `DEFAULT_RULES`.
    """
    chosen = DEFAULT_RULES if rules is None else rules
    return [
        issue
        for path, method, operation in operations_of(spec)
        for rule in chosen
        for issue in rule(spec, path, method, operation)
    ]


HEADINGS: Final = ((Severity.ERROR, "ERRORS"), (Severity.WARNING, "WARNINGS"), (Severity.INFO, "INFO"))


def format_lint_report(issues: Sequence[LintIssue]) -> str:
    """Return issues as text for people, the worst first."""
    if not issues:
        return "No issues found."
    count = len(issues)
    return "\n".join([*_sections(issues), "", f"Found {count} issue{'' if count == 1 else 's'}."])


def _sections(issues: Sequence[LintIssue]) -> Iterator[str]:
    for severity, heading in HEADINGS:
        found = [issue for issue in issues if issue.severity is severity]
        if found:
            yield f"{heading} ({len(found)}):"
            for issue in found:
                yield one_line(f"  [{issue.method.upper()}] {issue.path}: {issue.message} ({issue.rule})")
