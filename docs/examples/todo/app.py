"""A to-do list: accounts, items with files, a live feed and a chat.

::

    hawkapi run docs/examples/todo --threads 2
"""

from __future__ import annotations

import hmac
import os
import threading
from pathlib import Path
from typing import Annotated

from hawkapi import Container, Depends, HawkAPI, Header, HTTPException

from . import accounts, live
from .database import create, settings
from .items import build_router

container = Container()
container.per_loop(live.Hub, factory=live.Hub)


app = HawkAPI(title="To-do", container=container)


@app.on_startup
def prepare() -> None:
    Path(settings.uploads).mkdir(exist_ok=True)
    create()


app.include_router(accounts.router)
app.include_router(live.router)


class Edition:
    """Which routes of the items are being served."""

    def __init__(self) -> None:
        self.number = 1
        self.router = build_router(1)
        self.guard = threading.Lock()

    def renew(self) -> int:
        """Put new routes in the place of the old ones; requests that have begun end with the old."""
        with self.guard:
            router = build_router(self.number + 1)
            app.replace_router(self.router, router)
            self.router = router
            self.number += 1
            return self.number


edition = Edition()
app.include_router(edition.router)


def require_admin(x_admin_token: Annotated[str, Header()] = "") -> None:
    if not settings.admin_token or not hmac.compare_digest(x_admin_token.encode(), settings.admin_token.encode()):
        raise HTTPException(403, "only for the administrator")


@app.post("/admin/reload", status_code=200, dependencies=[Depends(require_admin)])
def reload_items() -> dict[str, int]:
    return {"process": os.getpid(), "edition": edition.renew()}
