"""Routers, versions, controllers and mounts in one application: `uvicorn routing:app`."""

from __future__ import annotations

from dataclasses import dataclass

from hawkapi import HawkAPI
from hawkapi.routing import Controller, Router, VersionRouter
from hawkapi.routing.controllers import get, post


@dataclass
class Item:
    item_id: int
    name: str


items = Router(prefix="/items", tags=["items"])


@items.get("/{item_id:int}")
async def read_item(item_id: int) -> Item:
    return Item(item_id, "lamp")


@items.route("/search", methods=["GET", "POST"], summary="Find items")
async def search(q: str = "") -> list[Item]:
    return [Item(1, q)]


class Orders(Controller):
    prefix = "/orders"
    tags = ["orders"]  # noqa: RUF012

    @get("/{order_id:int}")
    async def read(self, order_id: int) -> dict[str, int]:
        return {"order": order_id}

    @post("/", status_code=202)
    def create(self, order: Item) -> Item:  # a plain method: it runs in a worker thread
        return order


v2 = VersionRouter("v2", prefix="/shop")
v2.include_router(items)
v2.include_controller(Orders)


admin = HawkAPI()


@admin.get("/status")
async def admin_status() -> dict[str, str]:
    return {"status": "fine"}


app = HawkAPI()
app.include_router(items)
app.include_router(v2)
app.mount("/admin", admin, name="admin")


@app.get("/links")
async def links() -> list[str]:
    return [app.url_path_for("read_item", item_id=5), app.url_path_for("admin:admin_status")]
