"""What would tell operators how the application is: `DOC020` to `DOC023`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from hawkapi.app import HawkAPI
from hawkapi.doctor.findings import AppRule, Found, Severity
from hawkapi.doctor.rules._registered import has_middleware, installed, mentions, middleware_of

__all__ = ["OBSERVABILITY_RULES"]

TELLING: Final = ("RequestIDMiddleware", "StructuredLoggingMiddleware", "ObservabilityMiddleware")
TRACING: Final = ("otel", "opentelemetry")


def _rule(rule_id: str, severity: Severity, title: str, look: Callable[[HawkAPI], Iterable[Found]]) -> AppRule:
    return AppRule(rule_id, "observability", severity, title, look)


def _nothing_telling(app: HawkAPI) -> Iterator[Found]:
    if not has_middleware(app, *TELLING):
        message = "No middleware gives requests an id or logs them: RequestID, StructuredLogging or Observability."
        yield Found(message, "Add app.add_middleware(RequestIDMiddleware), or make it HawkAPI(observability=True).")


def _no_metrics(app: HawkAPI) -> Iterator[Found]:
    if installed("prometheus_client") and not has_middleware(app, "PrometheusMiddleware"):
        message = "prometheus_client is installed, and no PrometheusMiddleware counts requests."
        yield Found(message, "Add app.add_middleware(PrometheusMiddleware); it answers /metrics.")


def _no_tracing(app: HawkAPI) -> Iterator[Found]:
    if installed("opentelemetry") and not _is_there(app, TRACING):
        message = "opentelemetry is installed, and no middleware or plugin with otel in its name sets it up."
        fix = (
            "Configure a tracer provider and an exporter, in a plugin for example; HawkAPI(observability=True) then "
            "makes a span of each request."
        )
        yield Found(message, fix)


def _no_sentry(app: HawkAPI) -> Iterator[Found]:
    if installed("sentry_sdk") and not _is_there(app, ("sentry",)):
        message = "sentry_sdk is installed, and no middleware or plugin with sentry in its name reports to it."
        yield Found(message, "Add app.add_middleware(SentryAsgiMiddleware) of sentry_sdk.integrations.asgi.")


def _is_there(app: HawkAPI, words: tuple[str, ...]) -> bool:
    return any(mentions(each, words) for each in (*middleware_of(app), *app.plugins))


DOC020: Final = _rule("DOC020", Severity.WARN, "nothing identifies or logs requests", _nothing_telling)
DOC021: Final = _rule("DOC021", Severity.INFO, "no metrics for Prometheus", _no_metrics)
DOC022: Final = _rule("DOC022", Severity.INFO, "OpenTelemetry is not set up", _no_tracing)
DOC023: Final = _rule("DOC023", Severity.INFO, "Sentry is not set up", _no_sentry)

OBSERVABILITY_RULES: Final = (DOC020, DOC021, DOC022, DOC023)
