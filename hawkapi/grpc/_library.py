"""grpcio, which is optional, has no types of its own, and takes long to load."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["load_aio", "load_grpc"]


def load_grpc() -> Any:
    """Return `grpc`.

    Raises:
        ImportError: it is not installed.
    """
    return _load("grpc", "StatusCode")


def load_aio() -> Any:
    """Return `grpc.aio`.

    Raises:
        ImportError: it is not installed.
    """
    load_grpc()
    return _load("grpc.aio", "server")


def _load(name: str, expected: str) -> Any:
    try:
        module = importlib.import_module(name)
        # A directory of this name in the current one is a package too (PEP 420), and has nothing in it.
        getattr(module, expected)
    except (ImportError, AttributeError) as exc:
        message = (
            "gRPC needs grpcio: pip install 'hawkapi[grpc]'. It has no wheels for free-threaded Python 3.13; serve "
            "gRPC there from a process of its own"
        )
        raise ImportError(message, name="grpc") from exc
    return module
