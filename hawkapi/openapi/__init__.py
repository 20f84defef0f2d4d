"""The documents that describe an application, and what tools find in them: gaps, and breaking changes."""

from hawkapi.openapi.asyncapi import generate_asyncapi
from hawkapi.openapi.breaking_changes import Change, ChangeType, Severity, detect_breaking_changes, format_report
from hawkapi.openapi.changelog import generate_changelog
from hawkapi.openapi.spec import generate_openapi

__all__ = [
    "Change",
    "ChangeType",
    "Severity",
    "detect_breaking_changes",
    "format_report",
    "generate_asyncapi",
    "generate_changelog",
    "generate_openapi",
]
