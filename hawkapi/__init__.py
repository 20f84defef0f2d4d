"""A typed web framework whose one application object runs on many event loops in many threads.

::

    from hawkapi import HawkAPI

    app = HawkAPI()


    @app.get("/hello/{name}")
    async def hello(name: str, excited: bool = False) -> dict[str, str]:
        return {"message": f"Hello, {name}{'!' if excited else '.'}"}
"""

import hawkapi.status as status
from hawkapi.app import HawkAPI
from hawkapi.exceptions import HTTPException
from hawkapi.responses import JSONResponse, PlainTextResponse, Response
from hawkapi.routing import Route

__version__ = "0.3.0"

__all__ = ["HTTPException", "HawkAPI", "JSONResponse", "PlainTextResponse", "Response", "Route", "status"]
