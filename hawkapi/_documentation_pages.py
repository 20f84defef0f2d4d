"""The routes of an application's documents, of the pages that show them, and of the assets that these load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, cast, final

from hawkapi.http.urls import encode_path
from hawkapi.observability._probes import Probe
from hawkapi.requests import Request
from hawkapi.responses.base import Response
from hawkapi.routing._parse import join_paths

# The functions import what they need of hawkapi.openapi: most processes never show a page.
if TYPE_CHECKING:
    from hawkapi._documents import Documents
    from hawkapi.app import HawkAPI
    from hawkapi.openapi._pages import Assets, Page, Place

ASSETS: Final = "/assets"
OAUTH2_REDIRECT: Final = "/oauth2-redirect"


@final
class Pages:
    """The pages of one application, at the URLs that it has when this is made. Immutable, so threads may share it.

    Its methods that answer are plain functions, so that files are read in worker threads.

    Args:
        app: whose pages they are.
        documents: what they show.
        assets: "package" for the files in the package, "cdn" for those on jsDelivr.

    Raises:
        ValueError: the assets are to come from anywhere else.
    """

    def __init__(self, app: HawkAPI, documents: Documents, assets: Assets) -> None:
        if cast("str", assets) not in {"package", "cdn"}:
            raise ValueError(f'docs_assets is {assets!r}; it is "package", to serve them, or "cdn"')
        self._app = app
        self._documents = documents
        self._docs_url = app.docs_url
        self._redoc_url = app.redoc_url
        self._scalar_url = app.scalar_url
        self._assets: Assets = assets

    def probes(self) -> Iterator[Probe]:
        """Yield the routes; what a page needs goes with it when something else takes its path."""
        app = self._app
        if not app.openapi_url or app.serverless:
            return
        yield Probe(app.openapi_url, self._documents.openapi)
        yield Probe(app.asyncapi_url, self._documents.asyncapi)
        if self._docs_url:
            yield from self._page_probes(self._docs_url, self.swagger_ui)
            yield Probe(below(self._docs_url, OAUTH2_REDIRECT), self.oauth2_redirect, self._docs_url)
        if self._redoc_url:
            yield from self._page_probes(self._redoc_url, self.redoc)
        if self._scalar_url:
            yield from self._page_probes(self._scalar_url, self.scalar)

    def _page_probes(self, page: str, handler: Callable[[Request], Response]) -> Iterator[Probe]:
        yield Probe(page, handler)
        if self._assets == "package":
            yield Probe(below(page, f"{ASSETS}/{{address}}"), self.asset, page)

    def swagger_ui(self, request: Request) -> Response:
        """Answer with Swagger UI."""
        from hawkapi.openapi._pages import Page

        return self._answer(Page.SWAGGER_UI, self._docs_url, request)

    def redoc(self, request: Request) -> Response:
        """Answer with ReDoc."""
        from hawkapi.openapi._pages import Page

        return self._answer(Page.REDOC, self._redoc_url, request)

    def scalar(self, request: Request) -> Response:
        """Answer with Scalar."""
        from hawkapi.openapi._pages import Page

        return self._answer(Page.SCALAR, self._scalar_url, request)

    def oauth2_redirect(self, request: Request) -> Response:
        """Answer with the page that an authorization server sends the reader of Swagger UI back to."""
        from hawkapi.openapi._pages import Page

        return self._answer(Page.OAUTH2_REDIRECT, self._docs_url, request)

    def asset(self, request: Request, address: str) -> Response:
        """Answer with a script or a style sheet.

        Raises:
            PathNotFoundError: there is none at the address.
        """
        from hawkapi._html_pages.assets import serve_asset

        return serve_asset(request, address)

    def _answer(self, page: Page, page_url: str | None, request: Request) -> Response:
        from hawkapi.openapi._pages import answer_page

        place = self._place(page_url or "", request)
        return answer_page(page, self._app.title, place, self._assets, self._documents.content())

    def _place(self, page_url: str, request: Request) -> Place:
        from hawkapi.openapi._pages import Place

        # SECURITY: one slash at the beginning; two would name another host, and its scripts would have the nonce.
        base = join_paths(request.scope.get("root_path") or "", self._app.prefix)
        page = encode_path(join_paths(base, page_url)).rstrip("/")
        return Place(encode_path(join_paths(base, self._app.openapi_url or "")), page + OAUTH2_REDIRECT, page + ASSETS)


def below(page: str, path: str) -> str:
    """Return a path below that of a page."""
    return page.rstrip("/") + path
