"""Counts for Prometheus, one event per request for structlog, and a time limit."""

from hawkapi import HawkAPI, PrometheusMiddleware, RequestTimeoutMiddleware, StructuredLoggingMiddleware

app = HawkAPI()
app.add_middleware(PrometheusMiddleware)  # hawkapi[metrics]
app.add_middleware(StructuredLoggingMiddleware)  # hawkapi[logging]
app.add_middleware(RequestTimeoutMiddleware, timeout_s=10)


@app.get("/reports/{year}", middleware=[(RequestTimeoutMiddleware, {"timeout_s": 2})])
async def report(year: int) -> dict[str, int]:
    return {"year": year}
