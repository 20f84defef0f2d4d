"""Exceptions and their responses."""

from hawkapi import HawkAPI, HTTPException, JSONResponse, Request, Response

app = HawkAPI(request_timeout=30.0)


class OutOfStock(Exception):
    """Nothing is left of an item."""


@app.get("/items/{item_id}")
async def buy(item_id: int) -> dict[str, int]:
    if item_id == 0:
        raise HTTPException(410, "the item is gone", headers={"cache-control": "max-age=60"})
    if item_id > 100:
        raise OutOfStock(item_id)
    return {"bought": item_id}


@app.exception_handler(OutOfStock)
async def out_of_stock(request: Request, exc: OutOfStock) -> Response:
    return JSONResponse({"error": "out of stock", "item": exc.args[0]}, status_code=409)


@app.exception_handler(404)
async def not_found(request: Request, exc: Exception) -> Response:
    return JSONResponse({"error": "nothing here", "path": request.path}, status_code=404)
