"""Middleware: what runs around the handlers. Names are loaded when they are first asked for (PEP 562)."""

import importlib
from typing import TYPE_CHECKING

from hawkapi.middleware.base import CapturedResponse, Middleware, MiddlewareEntry

if TYPE_CHECKING:
    from hawkapi.middleware.adaptive_concurrency import AdaptiveConcurrencyMiddleware
    from hawkapi.middleware.bulkhead import Bulkhead, BulkheadBackend, BulkheadFullError
    from hawkapi.middleware.circuit_breaker import CircuitBreakerMiddleware
    from hawkapi.middleware.cors import CORSMiddleware
    from hawkapi.middleware.csrf import CSRFMiddleware
    from hawkapi.middleware.debug import DebugMiddleware
    from hawkapi.middleware.error_handler import ErrorHandlerMiddleware
    from hawkapi.middleware.gzip import GZipMiddleware
    from hawkapi.middleware.https_redirect import HTTPSRedirectMiddleware
    from hawkapi.middleware.prometheus import PrometheusMiddleware
    from hawkapi.middleware.rate_limit import RateLimitMiddleware
    from hawkapi.middleware.request_id import RequestIDMiddleware
    from hawkapi.middleware.request_limits import RequestLimitsMiddleware
    from hawkapi.middleware.request_timeout import RequestTimeoutMiddleware
    from hawkapi.middleware.security_headers import SecurityHeadersMiddleware
    from hawkapi.middleware.session import SessionMiddleware
    from hawkapi.middleware.structured_logging import StructuredLoggingMiddleware
    from hawkapi.middleware.timing import TimingMiddleware
    from hawkapi.middleware.trusted_host import TrustedHostMiddleware
    from hawkapi.middleware.trusted_proxy import TrustedProxyMiddleware

__all__ = [
    "AdaptiveConcurrencyMiddleware",
    "Bulkhead",
    "BulkheadBackend",
    "BulkheadFullError",
    "CORSMiddleware",
    "CSRFMiddleware",
    "CapturedResponse",
    "CircuitBreakerMiddleware",
    "DebugMiddleware",
    "ErrorHandlerMiddleware",
    "GZipMiddleware",
    "HTTPSRedirectMiddleware",
    "Middleware",
    "MiddlewareEntry",
    "PrometheusMiddleware",
    "RateLimitMiddleware",
    "RequestIDMiddleware",
    "RequestLimitsMiddleware",
    "RequestTimeoutMiddleware",
    "SecurityHeadersMiddleware",
    "SessionMiddleware",
    "StructuredLoggingMiddleware",
    "TimingMiddleware",
    "TrustedHostMiddleware",
    "TrustedProxyMiddleware",
]

_HOME_OF = {
    "AdaptiveConcurrencyMiddleware": "adaptive_concurrency",
    "Bulkhead": "bulkhead",
    "BulkheadBackend": "bulkhead",
    "BulkheadFullError": "bulkhead",
    "CircuitBreakerMiddleware": "circuit_breaker",
    "RateLimitMiddleware": "rate_limit",
    "CORSMiddleware": "cors",
    "CSRFMiddleware": "csrf",
    "DebugMiddleware": "debug",
    "ErrorHandlerMiddleware": "error_handler",
    "GZipMiddleware": "gzip",
    "HTTPSRedirectMiddleware": "https_redirect",
    "PrometheusMiddleware": "prometheus",
    "RequestIDMiddleware": "request_id",
    "RequestLimitsMiddleware": "request_limits",
    "RequestTimeoutMiddleware": "request_timeout",
    "SecurityHeadersMiddleware": "security_headers",
    "SessionMiddleware": "session",
    "StructuredLoggingMiddleware": "structured_logging",
    "TimingMiddleware": "timing",
    "TrustedHostMiddleware": "trusted_host",
    "TrustedProxyMiddleware": "trusted_proxy",
}
"""The module of this package that each name comes from."""


if not TYPE_CHECKING:  # A type checker would accept any name of a module that has `__getattr__`.

    def __getattr__(name: str) -> object:
        """Load a name when it is first asked for, and keep it; every thread that comes first stores the same object."""
        module = _HOME_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return value
