"""A typed web framework whose one application object runs on many event loops in many threads.

::

    from hawkapi import HawkAPI

    app = HawkAPI()


    @app.get("/hello/{name}")
    async def hello(name: str, excited: bool = False) -> dict[str, str]:
        return {"message": f"Hello, {name}{'!' if excited else '.'}"}

What nearly every application uses is loaded at once; the rest when it is first asked for (PEP 562).
"""

import importlib
from typing import TYPE_CHECKING

import hawkapi.status as status
from hawkapi.app import HawkAPI
from hawkapi.di import Container, Depends, Lifecycle, Scope
from hawkapi.exceptions import HTTPException
from hawkapi.requests import Request
from hawkapi.responses import JSONResponse, PlainTextResponse, Response
from hawkapi.routing import Route, Router

if TYPE_CHECKING:
    from hawkapi.background import BackgroundTasks
    from hawkapi.codec.struct import UNSET, Meta, Struct, UnsetType, field
    from hawkapi.config import Settings, env_field
    from hawkapi.flags import (
        EnvFlagProvider,
        EvalContext,
        FileFlagProvider,
        FlagDisabled,
        FlagProvider,
        Flags,
        StaticFlagProvider,
        get_flags,
        requires_flag,
    )
    from hawkapi.graphql import GraphQLExecutor
    from hawkapi.grpc import GrpcMount, HawkAPIObservabilityInterceptor
    from hawkapi.middleware import (
        AdaptiveConcurrencyMiddleware,
        Bulkhead,
        BulkheadBackend,
        BulkheadFullError,
        CircuitBreakerMiddleware,
        CORSMiddleware,
        CSRFMiddleware,
        DebugMiddleware,
        ErrorHandlerMiddleware,
        GZipMiddleware,
        HTTPSRedirectMiddleware,
        Middleware,
        MiddlewareEntry,
        PrometheusMiddleware,
        RateLimitMiddleware,
        RequestIDMiddleware,
        RequestLimitsMiddleware,
        RequestTimeoutMiddleware,
        SecurityHeadersMiddleware,
        SessionMiddleware,
        StructuredLoggingMiddleware,
        TimingMiddleware,
        TrustedHostMiddleware,
        TrustedProxyMiddleware,
    )
    from hawkapi.middleware.circuit_breaker_redis import RedisCircuitBreakerMiddleware
    from hawkapi.observability import ObservabilityConfig, ObservabilityMiddleware
    from hawkapi.openapi import Change, ChangeType, Severity, detect_breaking_changes, generate_openapi
    from hawkapi.pagination import CursorPage, CursorParams, Page, PaginationParams
    from hawkapi.params._defaults import Body, Cookie, File, Form, Header, Path, Query
    from hawkapi.params.errors import ProblemDetail, RequestValidationError, ValidationErrorDetail
    from hawkapi.plugins import Plugin
    from hawkapi.requests import FormData, Headers, QueryParams, State, UploadFile
    from hawkapi.responses import (
        EventSourceResponse,
        FileResponse,
        HTMLResponse,
        RedirectResponse,
        ServerSentEvent,
        StreamingResponse,
    )
    from hawkapi.routing import Controller, VersionRouter
    from hawkapi.routing.controllers import delete, get, patch, post, put
    from hawkapi.security import (
        APIKeyCookie,
        APIKeyHeader,
        APIKeyQuery,
        HTTPAuthorizationCredentials,
        HTTPBasic,
        HTTPBasicCredentials,
        HTTPBearer,
        HTTPBearerCredentials,
        HTTPDigest,
        InsufficientScopeError,
        InvalidTokenError,
        MissingCredentialError,
        OAuth2,
        OAuth2AuthorizationCodeBearer,
        OAuth2ClientCredentials,
        OAuth2PasswordBearer,
        OAuth2PasswordRequestForm,
        OAuth2PasswordRequestFormStrict,
        OpenIdConnect,
        PermissionPolicy,
        Security,
        SecurityDependency,
        SecurityScheme,
        SecurityScopes,
        same_secret,
        secret_among,
    )
    from hawkapi.staticfiles import StaticFiles
    from hawkapi.testing import TestClient, TestResponse, override
    from hawkapi.websocket import WebSocket, WebSocketDisconnect, WebSocketState

__version__ = "0.3.0"

__all__ = [
    "UNSET",
    "APIKeyCookie",
    "APIKeyHeader",
    "APIKeyQuery",
    "AdaptiveConcurrencyMiddleware",
    "BackgroundTasks",
    "Body",
    "Bulkhead",
    "BulkheadBackend",
    "BulkheadFullError",
    "CORSMiddleware",
    "CSRFMiddleware",
    "Change",
    "ChangeType",
    "CircuitBreakerMiddleware",
    "Container",
    "Controller",
    "Cookie",
    "CursorPage",
    "CursorParams",
    "DebugMiddleware",
    "Depends",
    "EnvFlagProvider",
    "ErrorHandlerMiddleware",
    "EvalContext",
    "EventSourceResponse",
    "File",
    "FileFlagProvider",
    "FileResponse",
    "FlagDisabled",
    "FlagProvider",
    "Flags",
    "Form",
    "FormData",
    "GZipMiddleware",
    "GraphQLExecutor",
    "GrpcMount",
    "HTMLResponse",
    "HTTPAuthorizationCredentials",
    "HTTPBasic",
    "HTTPBasicCredentials",
    "HTTPBearer",
    "HTTPBearerCredentials",
    "HTTPDigest",
    "HTTPException",
    "HTTPSRedirectMiddleware",
    "HawkAPI",
    "HawkAPIObservabilityInterceptor",
    "Header",
    "Headers",
    "InsufficientScopeError",
    "InvalidTokenError",
    "JSONResponse",
    "Lifecycle",
    "Meta",
    "Middleware",
    "MiddlewareEntry",
    "MissingCredentialError",
    "OAuth2",
    "OAuth2AuthorizationCodeBearer",
    "OAuth2ClientCredentials",
    "OAuth2PasswordBearer",
    "OAuth2PasswordRequestForm",
    "OAuth2PasswordRequestFormStrict",
    "ObservabilityConfig",
    "ObservabilityMiddleware",
    "OpenIdConnect",
    "Page",
    "PaginationParams",
    "Path",
    "PermissionPolicy",
    "PlainTextResponse",
    "Plugin",
    "ProblemDetail",
    "PrometheusMiddleware",
    "Query",
    "QueryParams",
    "RateLimitMiddleware",
    "RedirectResponse",
    "RedisCircuitBreakerMiddleware",
    "Request",
    "RequestIDMiddleware",
    "RequestLimitsMiddleware",
    "RequestTimeoutMiddleware",
    "RequestValidationError",
    "Response",
    "Route",
    "Router",
    "Scope",
    "Security",
    "SecurityDependency",
    "SecurityHeadersMiddleware",
    "SecurityScheme",
    "SecurityScopes",
    "ServerSentEvent",
    "SessionMiddleware",
    "Settings",
    "Severity",
    "State",
    "StaticFiles",
    "StaticFlagProvider",
    "StreamingResponse",
    "Struct",
    "StructuredLoggingMiddleware",
    "TestClient",
    "TestResponse",
    "TimingMiddleware",
    "TrustedHostMiddleware",
    "TrustedProxyMiddleware",
    "UnsetType",
    "UploadFile",
    "ValidationErrorDetail",
    "VersionRouter",
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketState",
    "delete",
    "detect_breaking_changes",
    "env_field",
    "field",
    "generate_openapi",
    "get",
    "get_flags",
    "override",
    "patch",
    "post",
    "put",
    "requires_flag",
    "same_secret",
    "secret_among",
    "status",
]

_HOMES = {
    "hawkapi.background": ("BackgroundTasks",),
    "hawkapi.codec.struct": ("UNSET", "Meta", "Struct", "UnsetType", "field"),
    "hawkapi.config": ("Settings", "env_field"),
    "hawkapi.flags": (
        "EnvFlagProvider",
        "EvalContext",
        "FileFlagProvider",
        "FlagDisabled",
        "FlagProvider",
        "Flags",
        "StaticFlagProvider",
        "get_flags",
        "requires_flag",
    ),
    "hawkapi.graphql": ("GraphQLExecutor",),
    "hawkapi.grpc": ("GrpcMount", "HawkAPIObservabilityInterceptor"),
    "hawkapi.middleware": (
        "AdaptiveConcurrencyMiddleware",
        "Bulkhead",
        "BulkheadBackend",
        "BulkheadFullError",
        "CircuitBreakerMiddleware",
        "RateLimitMiddleware",
        "CORSMiddleware",
        "CSRFMiddleware",
        "DebugMiddleware",
        "ErrorHandlerMiddleware",
        "GZipMiddleware",
        "HTTPSRedirectMiddleware",
        "Middleware",
        "MiddlewareEntry",
        "PrometheusMiddleware",
        "RequestIDMiddleware",
        "RequestLimitsMiddleware",
        "RequestTimeoutMiddleware",
        "SecurityHeadersMiddleware",
        "SessionMiddleware",
        "StructuredLoggingMiddleware",
        "TimingMiddleware",
        "TrustedHostMiddleware",
        "TrustedProxyMiddleware",
    ),
    "hawkapi.middleware.circuit_breaker_redis": ("RedisCircuitBreakerMiddleware",),
    "hawkapi.observability": ("ObservabilityConfig", "ObservabilityMiddleware"),
    "hawkapi.openapi": ("Change", "ChangeType", "Severity", "detect_breaking_changes", "generate_openapi"),
    "hawkapi.pagination": ("CursorPage", "CursorParams", "Page", "PaginationParams"),
    "hawkapi.params.errors": ("ProblemDetail", "RequestValidationError", "ValidationErrorDetail"),
    "hawkapi.params._defaults": ("Body", "Cookie", "File", "Form", "Header", "Path", "Query"),
    "hawkapi.plugins": ("Plugin",),
    "hawkapi.requests": ("FormData", "Headers", "QueryParams", "State", "UploadFile"),
    "hawkapi.responses": (
        "EventSourceResponse",
        "FileResponse",
        "HTMLResponse",
        "RedirectResponse",
        "ServerSentEvent",
        "StreamingResponse",
    ),
    "hawkapi.routing": ("Controller", "VersionRouter"),
    "hawkapi.routing.controllers": ("delete", "get", "patch", "post", "put"),
    "hawkapi.security": (
        "APIKeyCookie",
        "APIKeyHeader",
        "APIKeyQuery",
        "HTTPAuthorizationCredentials",
        "HTTPBasic",
        "HTTPBasicCredentials",
        "HTTPBearer",
        "HTTPBearerCredentials",
        "HTTPDigest",
        "InsufficientScopeError",
        "InvalidTokenError",
        "MissingCredentialError",
        "OAuth2",
        "OAuth2AuthorizationCodeBearer",
        "OAuth2ClientCredentials",
        "OAuth2PasswordBearer",
        "OAuth2PasswordRequestForm",
        "OAuth2PasswordRequestFormStrict",
        "OpenIdConnect",
        "PermissionPolicy",
        "Security",
        "SecurityDependency",
        "SecurityScheme",
        "SecurityScopes",
        "same_secret",
        "secret_among",
    ),
    "hawkapi.staticfiles": ("StaticFiles",),
    "hawkapi.testing": ("TestClient", "TestResponse", "override"),
    "hawkapi.websocket": ("WebSocket", "WebSocketDisconnect", "WebSocketState"),
}
"""What is loaded when it is asked for, by the module that it comes from."""

_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # A type checker would accept any name of a module that has `__getattr__`.

    def __getattr__(name: str) -> object:
        """Load a name when it is first asked for, and keep it; every thread that comes first stores the same object."""
        module = _HOME_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(module), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
