"""A gRPC service beside HTTP routes; what protoc generates is written by hand here, for messages that are bytes."""

from __future__ import annotations

from typing import Any

import grpc

from hawkapi import HawkAPI

app = HawkAPI(title="Greeter")


class Greeter:
    """What answers; with protoc it derives from `GreeterServicer`."""

    async def Hello(self, name: bytes, context: Any) -> bytes:
        """Greet somebody."""
        if not name:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a greeting needs a name")
        shop: str = context.hawkapi_app.title
        return b"Hello, " + name + b", from " + shop.encode()


def add_greeter_to_server(servicer: Greeter, server: Any) -> None:
    """Add a greeter; protoc generates this as `add_GreeterServicer_to_server`."""
    methods = {"Hello": grpc.unary_unary_rpc_method_handler(servicer.Hello)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Greeter", methods)])


greeter = app.mount_grpc(Greeter(), add_to_server=add_greeter_to_server, port=0)


@app.get("/")
async def where() -> dict[str, int]:
    """Tell where gRPC clients find the greeter."""
    return {"grpc_port": greeter.port}
