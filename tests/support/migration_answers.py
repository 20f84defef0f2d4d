"""Sends the exchanges to an application, and returns what a client can see of the answers."""

from __future__ import annotations

from typing import Any

from migration_exchanges import Exchange

FIELDS = ("location", "www-authenticate", "set-cookie", "content-disposition", "access-control-allow-origin")
"""What is compared, beside fields that applications make themselves."""


def answers(client: Any, app: Any, exchanges: list[Exchange]) -> list[dict[str, Any]]:
    """Return the answers to the exchanges. `token` stands for the bearer token that `app.state.token_of` makes."""
    return [answer(client, app, *exchange) for exchange in exchanges]


def answer(client: Any, app: Any, method: str, target: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return one answer: status, media type, some header fields and the body; of a WebSocket what was received."""
    if method == "WEBSOCKET":
        return converse(client, target, **options)
    options = dict(options)
    if "token" in options:
        options["headers"] = {"authorization": f"Bearer {app.state.token_of(options.pop('token'))}"}
    reply = client.request(method, target, **options)
    # A response without a body may say that it is JSON.
    media_type = reply.headers.get("content-type", "").partition(";")[0] if reply.content else ""
    fields = {
        name.lower(): value
        for name, value in reply.headers.items()
        if name.lower() in FIELDS or name[:2].lower() == "x-"
    }
    if "set-cookie" in fields:  # Its attributes have no order.
        fields["set-cookie"] = "; ".join(sorted(fields["set-cookie"].split("; ")))
    if fields.get("www-authenticate", "").startswith("Basic"):  # hawkapi gives the realm, as RFC 7617 wants it.
        fields["www-authenticate"] = "Basic"
    return {
        "request": f"{method} {target}",
        "status": reply.status_code,
        "type": media_type,
        "fields": fields,
        "body": reply.json() if media_type.endswith("json") else reply.text,
    }


def converse(client: Any, target: str, send: list[str], receive: int) -> dict[str, Any]:
    """Return what a WebSocket received; one that is refused receives nothing."""
    received: list[str] = []
    try:
        with client.websocket_connect(target) as socket:
            for text in send:
                socket.send_text(text)
            received.extend(socket.receive_text() for _ in range(receive))
    except Exception as exc:  # noqa: BLE001 - each client has a class of its own for a closed WebSocket
        return {"request": f"WEBSOCKET {target}", "received": received, "closed": getattr(exc, "code", None)}
    return {"request": f"WEBSOCKET {target}", "received": received, "closed": None}
