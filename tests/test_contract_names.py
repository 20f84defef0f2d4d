"""Every name that users of hawkapi import is where they import it from, on every build."""

from __future__ import annotations

import functools
import http
import importlib

import pytest

import hawkapi
from hawkapi import status

RULES = {
    "security": "DOC010 DOC011 DOC012 DOC013 DOC014",
    "observability": "DOC020 DOC021 DOC022 DOC023",
    "performance": "DOC030 DOC031 DOC032 DOC033",
    "correctness": "DOC040 DOC041 DOC042",
    "deps": "DOC050 DOC051",
}

NAMES = {
    "hawkapi": "HawkAPI Router Route Controller VersionRouter get post put patch delete Request Response JSONResponse "
    "EventSourceResponse FileResponse HTMLResponse PlainTextResponse RedirectResponse ServerSentEvent "
    "StreamingResponse StaticFiles Container Depends HTTPException status Body Cookie Header Path Query "
    "BackgroundTasks Settings env_field Middleware MiddlewareEntry AdaptiveConcurrencyMiddleware "
    "CircuitBreakerMiddleware DebugMiddleware PrometheusMiddleware RequestLimitsMiddleware SessionMiddleware "
    "StructuredLoggingMiddleware TrustedProxyMiddleware CSRFMiddleware RedisCircuitBreakerMiddleware "
    "ObservabilityConfig ObservabilityMiddleware Page CursorPage PaginationParams CursorParams Plugin "
    "generate_openapi detect_breaking_changes Change ChangeType Severity APIKeyCookie APIKeyHeader APIKeyQuery "
    "HTTPBasic HTTPBasicCredentials HTTPBearer HTTPBearerCredentials OAuth2PasswordBearer PermissionPolicy Security "
    "SecurityScheme SecurityScopes TestClient TestResponse override WebSocket WebSocketDisconnect EvalContext "
    "EnvFlagProvider FileFlagProvider FlagDisabled FlagProvider Flags StaticFlagProvider get_flags requires_flag "
    "GraphQLExecutor GrpcMount HawkAPIObservabilityInterceptor UploadFile FormData Headers State "
    "RequestValidationError ProblemDetail ValidationErrorDetail CORSMiddleware GZipMiddleware Bulkhead Lifecycle "
    "Scope __version__",
    "hawkapi._threading": "FREE_THREADED maybe_thread_lock maybe_async_lock AsyncLock",
    "hawkapi.app": "HawkAPI",
    "hawkapi.background": "BackgroundTasks",
    "hawkapi.cli": "main",
    "hawkapi.config": "Settings env_field",
    "hawkapi.config.env": "get_env load_dotenv",
    "hawkapi.config.profiles": "load_profile_env",
    "hawkapi.di": "Container Depends Lifecycle Scope",
    "hawkapi.di.introspection": "container_graph to_mermaid",
    "hawkapi.doctor": "ALL_RULES Finding Rule Severity run load_app format_human format_json exit_code",
    **{f"hawkapi.doctor.rules.{category}": rules for category, rules in RULES.items()},
    "hawkapi.exceptions": "HTTPException",
    "hawkapi.flags": "EvalContext EnvFlagProvider FileFlagProvider FlagDisabled FlagProvider Flags StaticFlagProvider "
    "get_flags requires_flag",
    "hawkapi.graphql": "GraphQLExecutor make_graphql_handler",
    "hawkapi.graphql.adapters": "from_graphql_core from_strawberry",
    "hawkapi.grpc": "GrpcMount HawkAPIObservabilityInterceptor ConfigurationError",
    "hawkapi.lifespan": "HookRegistry LifespanManager",
    "hawkapi.middleware": "AdaptiveConcurrencyMiddleware Bulkhead BulkheadBackend BulkheadFullError "
    "CircuitBreakerMiddleware CORSMiddleware DebugMiddleware ErrorHandlerMiddleware GZipMiddleware "
    "HTTPSRedirectMiddleware Middleware MiddlewareEntry RateLimitMiddleware RequestIDMiddleware "
    "RequestLimitsMiddleware SecurityHeadersMiddleware TimingMiddleware TrustedHostMiddleware",
    "hawkapi.middleware.adaptive_concurrency": "AdaptiveConcurrencyMiddleware",
    "hawkapi.middleware.bulkhead": "Bulkhead BulkheadBackend BulkheadFullError LocalBulkheadBackend bulkhead",
    "hawkapi.middleware.bulkhead_redis": "RedisBulkheadBackend",
    "hawkapi.middleware.circuit_breaker": "CircuitBreakerMiddleware",
    "hawkapi.middleware.circuit_breaker_redis": "RedisCircuitBreakerMiddleware",
    "hawkapi.middleware.cors": "CORSMiddleware",
    "hawkapi.middleware.csrf": "CSRFMiddleware",
    "hawkapi.middleware.debug": "DebugMiddleware",
    "hawkapi.middleware.error_handler": "ErrorHandlerMiddleware",
    "hawkapi.middleware.gzip": "GZipMiddleware",
    "hawkapi.middleware.https_redirect": "HTTPSRedirectMiddleware",
    "hawkapi.middleware.prometheus": "PrometheusMiddleware",
    "hawkapi.middleware.rate_limit": "RateLimitMiddleware",
    "hawkapi.middleware.rate_limit_redis": "RedisRateLimitMiddleware",
    "hawkapi.middleware.request_id": "RequestIDMiddleware",
    "hawkapi.middleware.request_limits": "RequestLimitsMiddleware",
    "hawkapi.middleware.security_headers": "SecurityHeadersMiddleware",
    "hawkapi.middleware.session": "SessionMiddleware",
    "hawkapi.middleware.structured_logging": "StructuredLoggingMiddleware",
    "hawkapi.middleware.timing": "TimingMiddleware",
    "hawkapi.middleware.trusted_host": "TrustedHostMiddleware",
    "hawkapi.middleware.trusted_proxy": "TrustedProxyMiddleware",
    "hawkapi.observability": "ObservabilityConfig ObservabilityMiddleware",
    "hawkapi.observability.logger": "setup_structured_logging StructuredFormatter",
    "hawkapi.observability.tracing": "is_otel_available get_tracer start_span extract_context inject_context",
    "hawkapi.openapi": "generate_openapi detect_breaking_changes Change ChangeType Severity generate_changelog "
    "format_report",
    "hawkapi.openapi.breaking_changes": "format_report detect_breaking_changes",
    "hawkapi.openapi.codegen": "build_client_ir generate_python_client generate_typescript_client",
    "hawkapi.openapi.codegen.ir": "ClientIR SchemaIR FieldIR ParamIR OperationIR SENTINEL",
    "hawkapi.openapi.inspector": "type_to_schema struct_to_schema",
    "hawkapi.openapi.linter": "lint LintIssue Severity DEFAULT_RULES check_operation_id_required "
    "check_operation_summary_required check_response_description_required format_lint_report",
    "hawkapi.openapi.models": "",
    "hawkapi.openapi.ui": "get_swagger_ui_html get_scalar_ui_html get_redoc_html",
    "hawkapi.pagination": "Page CursorPage PaginationParams CursorParams",
    "hawkapi.plugins": "Plugin",
    "hawkapi.requests": "Request Headers QueryParams FormData UploadFile State",
    "hawkapi.requests.form_data": "parse_multipart parse_urlencoded DEFAULT_MAX_PARTS",
    "hawkapi.requests.request": "RequestEntityTooLarge",
    "hawkapi.responses": "Response JSONResponse EventSourceResponse FileResponse HTMLResponse PlainTextResponse "
    "RedirectResponse ServerSentEvent StreamingResponse",
    "hawkapi.routing": "Router Route Controller VersionRouter",
    "hawkapi.routing.controllers": "get post put patch delete",
    "hawkapi.routing.param_converters": "CONVERTERS get_converter",
    "hawkapi.security": "APIKeyCookie APIKeyHeader APIKeyQuery HTTPBasic HTTPBasicCredentials HTTPBearer "
    "HTTPBearerCredentials OAuth2PasswordBearer PermissionPolicy Security SecurityScheme SecurityScopes",
    "hawkapi.security.api_key": "MissingCredentialError missing_credential_error",
    "hawkapi.serialization": "encode_response encode_response_msgpack negotiate_content_type encode_for_content_type",
    "hawkapi.serialization.filters": "apply_exclude_filters",
    "hawkapi.staticfiles": "StaticFiles",
    "hawkapi.testing": "TestClient TestResponse override HTTPStatusError",
    "hawkapi.testing.contract": "generate_contract_tests ContractTest",
    "hawkapi.testing.plugin": "hawk_client",
    "hawkapi.validation": "Body Cookie Header Path Query ParamMarker RequestValidationError ProblemDetail "
    "ValidationErrorDetail",
    "hawkapi.validation.constraints": "Body Cookie Header Path Query ParamMarker",
    "hawkapi.validation.decoder": "get_decoder decode_bytes decode_body",
    "hawkapi.validation.errors": "RequestValidationError ProblemDetail ValidationErrorDetail format_msgspec_error",
    "hawkapi.websocket": "WebSocket WebSocketDisconnect WebSocketState",
}
"""What a program may write behind `from`, and behind `import` there."""

MEMBERS = {
    "HawkAPI": "get post put patch delete websocket add_route include_router include_controller mount add_middleware "
    "add_plugin on_startup on_shutdown exception_handler readiness_check openapi mount_graphql mount_grpc "
    "permission_policy routes",
    "Container": "register singleton scoped transient has resolve scope override",
    "Request": "method path query_string headers query_params path_params cookies content_type client url url_scheme "
    "state body stream json form app session",
    "WebSocket": "accept close receive receive_text receive_bytes receive_json send_text send_bytes send_json",
    "GrpcMount": "port server start stop",
    "TestClient": "get delete head options post put patch request async_get async_post async_put async_patch "
    "async_delete",
    "Flags": "bool string number require",
    "Plugin": "on_route_registered on_schema_generated on_startup on_shutdown on_exception on_middleware_added",
    "BackgroundTasks": "add_task run",
    "PermissionPolicy": "check",
}
"""What the classes of the root have."""


@pytest.mark.parametrize("module", NAMES)
def test_module(module: str) -> None:
    """The module can be imported."""
    assert importlib.import_module(module).__name__ == module


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in NAMES for name in NAMES[module].split()])
def test_name(module: str, name: str) -> None:
    """The module has the name."""
    assert getattr(importlib.import_module(module), name, None) is not None


@pytest.mark.parametrize("name", [name for name in NAMES["hawkapi"].split() if name != "__version__"])
def test_root_lists_it(name: str) -> None:
    """`from hawkapi import *` brings it, and editors offer it."""
    assert name in hawkapi.__all__


@pytest.mark.parametrize(
    ("cls", "member"), [(cls, member) for cls, names in MEMBERS.items() for member in names.split()]
)
def test_member(cls: str, member: str) -> None:
    """The class has the method or the property, or says that its instances have the attribute."""
    found = getattr(hawkapi, cls)
    annotated = functools.reduce(set[str].union, (set(getattr(base, "__annotations__", ())) for base in found.__mro__))
    assert hasattr(found, member) or member in annotated


@pytest.mark.parametrize("member", http.HTTPStatus, ids=lambda member: str(member.value))
def test_status_of_http(member: http.HTTPStatus) -> None:
    """Every status of the standard library has a constant that begins with its number, and means it."""
    names = [name for name in status.__all__ if name.startswith(f"HTTP_{member.value}_")]
    assert {getattr(status, name) for name in names} == {member.value}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("HTTP_413_REQUEST_ENTITY_TOO_LARGE", 413),
        ("HTTP_414_REQUEST_URI_TOO_LONG", 414),
        ("HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE", 416),
        ("HTTP_422_UNPROCESSABLE_ENTITY", 422),
        ("WS_1000_NORMAL_CLOSURE", 1000),
        ("WS_1005_NO_STATUS_RCVD", 1005),
        ("WS_1006_ABNORMAL_CLOSURE", 1006),
        ("WS_1007_INVALID_FRAME_PAYLOAD_DATA", 1007),
        ("WS_1010_MANDATORY_EXT", 1010),
        ("WS_1014_BAD_GATEWAY", 1014),
        ("WS_1015_TLS_HANDSHAKE", 1015),
    ],
)
def test_status_whatever_the_standard_library_calls_it(name: str, code: int) -> None:
    """These are called so on every version of Python."""
    assert getattr(status, name) == code
