"""Which gRPC server a servicer goes to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hawkapi.grpc._library import load_aio
from hawkapi.grpc.errors import ConfigurationError
from hawkapi.grpc.interceptor import HawkAPIObservabilityInterceptor
from hawkapi.grpc.mount import GrpcMount, GrpcOptions

__all__ = ["mount_of"]


def mount_of(app: Any, mounts: Iterable[GrpcMount], asked: GrpcOptions) -> GrpcMount:
    """Return an application's mount on a port, or a new one.

    Raises:
        ConfigurationError: the one that is there was asked for with other options.
        ImportError: grpcio is not installed.
    """
    load_aio()  # Now, not at start-up: who mounts is who can mend it.
    for mount in mounts:
        if mount.options.port == asked.port:
            differing = mount.options.differing(asked)
            if differing:
                names = ", ".join(f"{name}={getattr(mount.options, name)!r}" for name in differing)
                raise ConfigurationError(f"the gRPC server on port {asked.port} was mounted with {names}, and no other")
            return mount
    builtin = (HawkAPIObservabilityInterceptor(app),) if asked.observability else ()
    return GrpcMount(asked, (*builtin, *asked.interceptors))
