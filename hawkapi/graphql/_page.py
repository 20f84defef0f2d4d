"""GraphiQL as a response: a page that writes and sends operations, for browsers."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from hawkapi._html_pages import response
from hawkapi._html_pages.parts import Parts, script_json
from hawkapi.requests import Request
from hawkapi.responses.base import Response

__all__ = ["ASSETS", "answer_graphiql"]

ASSETS: Final = "/assets"
"""Below the path of the handler."""

_STYLE: Final = "#graphiql { height: 100vh }"
_SCRIPT: Final = """\
const url = {url};
const send = async (operation, options) => {{
  const response = await fetch(url, {{
    method: "POST",
    headers: {{...(options && options.headers), "content-type": "application/json", "accept": "application/json"}},
    body: JSON.stringify(operation),
  }});
  return response.json();
}};
const page = React.createElement(GraphiQL, {{fetcher: send}});
ReactDOM.createRoot(document.getElementById("graphiql")).render(page);"""


def answer_graphiql(request: Request) -> Response:
    """Return the response with the page.

    Its Content-Security-Policy lets it load its own files and send requests to its own origin, and nothing else.
    """
    nonce = response.make_nonce()
    url = urlsplit(request.url).path
    parts = Parts(url.rstrip("/") + ASSETS, nonce)
    content = parts.page(
        "GraphiQL",
        [parts.stylesheet("graphiql.min.css"), parts.inline_style(_STYLE)],
        [
            '<div id="graphiql"></div>',
            parts.script("react.production.min.js"),
            parts.script("react-dom.production.min.js"),
            parts.script("graphiql.min.js"),
            parts.inline_script(_SCRIPT.format(url=script_json(url))),
        ],
    )
    # Its editor writes style attributes; styles alone load nothing here.
    return response.answer_page(content, response.policy(nonce, styles="'self' 'unsafe-inline'"))
