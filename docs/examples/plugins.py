"""A plugin that puts all routes below a path, and counts what goes wrong."""

import dataclasses
import itertools

from hawkapi import HawkAPI, Plugin, Request, Route


class Audit(Plugin):
    def __init__(self) -> None:
        self.paths: list[str] = []
        self.failures = itertools.count(1)  # `next` of a count is atomic, with and without the GIL.
        self.last = ""

    def on_route_registered(self, route: Route) -> Route:
        route = dataclasses.replace(route, path=f"/api{route.path}", tags=[*route.tags, "audited"])
        self.paths.append(route.path)
        return route

    async def on_startup(self) -> None:
        self.last = "nothing yet"

    def on_exception(self, request: Request, exc: Exception) -> None:
        self.last = f"failure {next(self.failures)}: {request.path}: {exc!r}"


audit = Audit()
app = HawkAPI()
app.add_plugin(audit)


@app.get("/last")
async def last() -> dict[str, str]:
    return {"last": audit.last}


@app.get("/broken")
async def broken() -> None:
    raise LookupError("no such thing")
