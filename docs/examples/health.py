"""Readiness checks: whether requests should be sent here."""

from pathlib import Path

from hawkapi import HawkAPI

app = HawkAPI()
app.state.connections = 3


@app.readiness_check("database", timeout_s=2.0)
async def database() -> tuple[bool, str]:
    return app.state.connections > 0, f"{app.state.connections} connections"


@app.readiness_check("disk")
def disk() -> bool:  # Runs in a worker thread.
    return Path(__file__).exists()
