"""The documentation pages, asked for in many threads at once."""

from __future__ import annotations

import re
import threading

import pytest
from asgi import Reply, request

from hawkapi import HawkAPI

PAGES = ("/docs", "/redoc", "/scalar")


@pytest.mark.race
def test_pages_in_many_threads() -> None:
    """The first requests at once get whole pages and assets, and no two pages have the same nonce."""
    app, barrier = HawkAPI(), threading.Barrier(8)
    pages: list[Reply] = []
    assets: list[Reply] = []

    def ask(path: str) -> None:
        barrier.wait()
        page = request(app, "GET", path)
        pages.append(page)
        loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode())
        assets.extend(request(app, "GET", url) for url in loaded)

    threads = [threading.Thread(target=ask, args=(PAGES[number % 3],)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [reply.status for reply in pages] == [200] * 8
    assert {reply.status for reply in assets} == {200}
    assert len({reply.header("content-security-policy") for reply in pages}) == 8
