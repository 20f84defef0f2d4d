"""What an application tells of its requests: traces, logs, counts."""

from hawkapi import HawkAPI, ObservabilityConfig, Request
from hawkapi.observability.tracing import start_span

app = HawkAPI(observability=ObservabilityConfig(service_name="shop", trace_sample_rate=0.1))


@app.get("/prices/{item}")
async def price(item: str, request: Request) -> dict[str, str]:
    with start_span("prices.load", {"item": item}):  # A part of this request's trace.
        found = "3.50"
    return {"item": item, "price": found, "request": request.scope["request_id"]}


@app.get("/so-far")
async def so_far() -> dict[str, float]:
    assert app.metrics is not None
    return {"requests": app.metrics.request_count, "errors": app.metrics.error_count}
