"""The documentation pages in a browser: they show the operations, send requests, and need nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed; run: nox -s browser")

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402 - only where it is installed

pytestmark = pytest.mark.browser

TIMEOUT_MS = 30_000
OPERATIONS = [
    "GET /items",
    "POST /items",
    "GET /items/{item_id}",
    "PUT /items/{item_id}",
    "DELETE /items/{item_id}",
    "GET /orders",
    "POST /orders",
    "GET /orders/{order_id}",
    "DELETE /orders/{order_id}",
    "GET /about",
    "GET /search",
]
SUMMARIES = [
    "List the items.",
    "Add an item.",
    "Read an item.",
    "Replace an item.",
    "Delete an item.",
    "List the orders.",
    "Read an order.",
    "Place an order.",
    "Cancel an order.",
    "Tell about the shop.",
    "Search the items by name.",
]
LAMP = {"name": "lamp", "price": 30, "colour": "red"}


AUTHORIZE = """
url => new Promise(resolve => {
    window.swaggerUIRedirectOauth2 = {
        state: "xyz",
        redirectUrl: url,
        auth: {schema: new Map([["flow", "authorizationCode"]]), name: "oauth"},
        callback: told => resolve(told.auth.code),
        errCb: error => resolve(error.message),
    };
    window.open(url);
})
"""
"""What Swagger UI does when a reader clicks on "Authorize"; it answers with the code that it gets."""


@dataclass
class Visit:
    """A page in a tab, with what went wrong in it."""

    page: Page
    elsewhere: list[str] = field(default_factory=list)
    """Requests to other hosts, blocked ones too."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on the console, and exceptions that nobody caught."""


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Start the browser; it resolves no name but that of this machine."""
    with sync_playwright() as driver:
        rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = driver.chromium.launch(executable_path=chromium, args=["--disable-gpu", rules])
        yield browser
        browser.close()


@contextmanager
def visiting(browser: Browser, url: str, scheme: str = "light") -> Iterator[Visit]:
    """Open a page; at the end it must not have complained, nor looked elsewhere."""
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", bypass_csp=False)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.set_viewport_size({"width": 1100, "height": 700})
    visit = Visit(page)
    page.on("request", lambda sent: visit.elsewhere.append(sent.url) if is_elsewhere(sent.url, url) else None)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    page.on("console", lambda said: visit.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.goto(url)
    yield visit
    context.close()
    assert visit.elsewhere == []
    assert visit.complaints == []


def is_elsewhere(url: str, server: str) -> bool:
    """Whether a URL is that of another host than the server; `data:` and `blob:` are no host's."""
    return url.startswith(("http", "ws")) and urlsplit(url).netloc != urlsplit(server).netloc


def paths_below(place: str) -> list[str]:
    """Return the operations as documents name them below a prefix; what a mount took off is no part of them."""
    prefix = "/api" if place.endswith("/api") else ""
    return [operation.replace(" ", f" {prefix}") for operation in OPERATIONS]


def test_graphiql(browser: Browser, place: str) -> None:
    """It asks for the schema, and sends what a reader types."""
    with visiting(browser, f"{place}/graphql") as visit:
        page = visit.page
        page.locator(".graphiql-query-editor .CodeMirror").click()
        page.keyboard.press("Control+A")
        page.keyboard.type("{ books(after: 1900) { title }")
        with page.expect_response(f"{place}/graphql") as answer:
            page.keyboard.press("Control+Enter")
        assert answer.value.status == 200
        expect(page.locator(".graphiql-response")).to_contain_text("Ulysses")


def test_swagger_ui(browser: Browser, place: str) -> None:
    """It lists every operation, and sends requests with and without a body."""
    with visiting(browser, f"{place}/docs") as visit:
        page = visit.page
        expect(page).to_have_title("Shop - Swagger UI")
        expect(page.locator(".opblock")).to_have_count(len(OPERATIONS))
        listed = [
            f"{block.locator('.opblock-summary-method').inner_text()} "
            f"{(block.locator('.opblock-summary-path, .opblock-summary-path__deprecated').get_attribute('data-path'))}"
            for block in page.locator(".opblock").all()
        ]
        assert sorted(listed) == sorted(paths_below(place))
        block = page.locator("#operations-items-read_item")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Try it out").click()
        block.locator(".parameters input").fill("1")
        with page.expect_response(f"{place}/items/1") as answer:
            block.get_by_role("button", name="Execute").click()
        assert answer.value.json() == LAMP
        expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        expect(block.locator(".live-responses-table")).to_contain_text('"lamp"')
        order = page.locator("#operations-orders-place_order")
        order.locator(".opblock-summary-control").click()
        order.get_by_role("button", name="Try it out").click()
        order.locator("textarea").fill(json.dumps({"item_id": 2, "amount": 3}))
        with page.expect_response(f"{place}/orders") as answer:
            order.get_by_role("button", name="Execute").click()
        assert (answer.value.status, answer.value.json()) == (201, {"item_id": 2, "amount": 3})


def test_scalar(browser: Browser, place: str) -> None:
    """It lists every operation, and its client sends a request."""
    with visiting(browser, f"{place}/scalar") as visit:
        page = visit.page
        expect(page).to_have_title("Shop - API Reference")
        for group in ("orders", "shop"):
            page.get_by_role("button", name=f"Open Group - {group}").click()
        for summary in SUMMARIES:
            expect(page.get_by_text(summary, exact=True).first).to_be_visible()
        page.get_by_role("button", name=re.compile(r"^Test Request \(get \S*items\)")).click()
        with page.expect_response(f"{place}/items?limit=10") as answer:
            page.get_by_role("dialog").get_by_role("button", name=re.compile("^Send get request")).last.click()
        assert answer.value.json()[0] == LAMP
        expect(page.get_by_role("dialog").get_by_text('"lamp"')).to_be_visible()


def test_redoc(browser: Browser, place: str) -> None:
    """It lists every operation; it has no client, so a script of the page sends the request, within its policy."""
    with visiting(browser, f"{place}/redoc") as visit:
        page = visit.page
        expect(page).to_have_title("Shop - ReDoc")
        for operation in paths_below(place):
            method, _, path = operation.partition(" ")
            expect(page.get_by_text(path, exact=True).first).to_be_visible()
            assert f"{method}\n{path}\n" in page.inner_text("body")
        answer = page.evaluate("url => fetch(url).then(response => response.json())", f"{place}/items/1")
        assert answer == LAMP


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/scalar"])
def test_page_refuses_what_its_policy_does_not_allow(browser: Browser, servers: dict[str, str], path: str) -> None:
    """A script without the nonce does not run, and a request to another host is not sent."""
    url = servers["pages_app:plain"] + path
    with visiting(browser, url) as visit:
        page = visit.page
        page.evaluate(
            "() => { const script = document.createElement('script'); script.textContent = 'window.ran = true';"
            " document.body.append(script); }"
        )
        assert page.evaluate("window.ran") is None
        failed = page.evaluate("fetch('https://evil.example/').then(() => false, () => true)")
        assert failed
        assert len(visit.complaints) >= 2
        assert all("Content Security Policy" in text for text in visit.complaints)
        visit.complaints.clear()
        visit.elsewhere.clear()


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        pytest.param("/docs", "Cancel an order.", id="swagger-ui"),
        pytest.param("/redoc", "/orders/{order_id}", id="redoc"),
        pytest.param("/scalar", "List the items.", id="scalar"),
    ],
)
def test_page_in_light_and_dark(
    browser: Browser, servers: dict[str, str], picture: Callable[[str], Path | None], path: str, ready: str
) -> None:
    """It is dark where the reader prefers that, and light elsewhere."""
    found = {}
    for scheme in ("light", "dark"):
        with visiting(browser, servers["pages_app:plain"] + path, scheme) as visit:
            expect(visit.page.get_by_text(ready).first).to_be_visible()
            target = picture(f"{path[1:]}-{scheme}.png")
            shot = visit.page.screenshot(path=target)
            found[scheme] = brightness(visit.page, shot)
    assert found["light"] > 0.8
    assert found["dark"] < 0.3


def brightness(page: Page, picture: bytes) -> float:
    """Return how bright a picture is on the whole, from 0 to 1; the browser reads it, in a tab without a policy."""
    other = page.context.new_page()
    measured = other.evaluate(
        """async bytes => {
            const image = await createImageBitmap(new Blob([new Uint8Array(bytes)], {type: "image/png"}));
            const canvas = new OffscreenCanvas(1, 1).getContext("2d");
            canvas.imageSmoothingQuality = "high";
            canvas.drawImage(image, 0, 0, 1, 1);
            const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
            return (red + green + blue) / 3 / 255;
        }""",
        list(picture),
    )
    other.close()
    return float(measured)


def test_page_for_authorization_servers(browser: Browser, place: str) -> None:
    """It hands the code that it was sent back with to the page that opened it."""
    with visiting(browser, f"{place}/docs") as visit:
        opened = f"{place}/docs/oauth2-redirect?code=abc&state=xyz"
        assert visit.page.evaluate(AUTHORIZE, opened) == "abc"
