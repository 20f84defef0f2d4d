"""gRPC beside HTTP: `HawkAPI.mount_grpc` serves servicers of grpcio for as long as the application runs."""

from __future__ import annotations

from hawkapi.grpc.errors import ConfigurationError
from hawkapi.grpc.interceptor import HawkAPIObservabilityInterceptor
from hawkapi.grpc.mount import GrpcMount, GrpcOptions

__all__ = ["ConfigurationError", "GrpcMount", "GrpcOptions", "HawkAPIObservabilityInterceptor"]
