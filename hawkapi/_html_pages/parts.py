"""The HTML of a page: its frame, and the elements that load scripts and styles."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import Final

from hawkapi._html_pages.assets import load_assets

_IN_SCRIPT: Final = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def script_json(value: object) -> str:
    r"""Return JSON for the inside of a script, where `</script>` and `<!--` would mean something.

    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    return json.dumps(value).translate(_IN_SCRIPT)


class Parts:
    """The parts of a page, whose assets are packaged or on the CDN."""

    def __init__(self, assets_url: str | None, nonce: str | None) -> None:
        self._assets = load_assets()
        self._assets_url = assets_url
        self._nonce = nonce

    def page(self, title: str, head: Iterable[str], body: Iterable[str]) -> str:
        """Return a whole page."""
        return "\n".join(
            [
                "<!DOCTYPE html>",
                '<html lang="en">',
                "<head>",
                '<meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                '<meta name="color-scheme" content="light dark">',
                f"<title>{html.escape(title)}</title>",
                # Without it browsers ask for /favicon.ico.
                '<link rel="icon" href="data:,">',
                self.inline_style("body { margin: 0 }"),
                *filter(None, head),
                "</head>",
                "<body>",
                *body,
                "</body>",
                "</html>",
                "",
            ]
        )

    def script(self, name: str, **attributes: str) -> str:
        """Return an element that loads a script."""
        return f"<script{self._attributes({**attributes, **self._reference(name, 'src')})}></script>"

    def stylesheet(self, name: str) -> str:
        """Return an element that loads a style sheet."""
        return f"<link{self._attributes({'rel': 'stylesheet', **self._reference(name, 'href')})}>"

    def inline_script(self, text: str) -> str:
        """Return a script, whose text is what browsers get."""
        return f"<script{self._attributes({})}>\n{text}\n</script>"

    def inline_style(self, text: str) -> str:
        """Return a style sheet, whose text is what browsers get."""
        return f"<style{self._attributes({})}>{text}</style>"

    def style_nonce(self) -> str:
        """Return an element by which the scripts of ReDoc and Scalar find the nonce for styles they make."""
        return "" if self._nonce is None else f'<meta property="csp-nonce" content="{html.escape(self._nonce)}">'

    def _reference(self, name: str, attribute: str) -> dict[str, str]:
        asset = self._assets[name]
        if self._assets_url is not None:
            return {attribute: f"{self._assets_url}/{asset.address}"}
        return {attribute: asset.cdn_url, "integrity": asset.sri, "crossorigin": "anonymous"}

    def _attributes(self, attributes: Mapping[str, str]) -> str:
        given = dict(attributes) if self._nonce is None else {**attributes, "nonce": self._nonce}
        return "".join(f' {name}="{html.escape(value)}"' for name, value in given.items())
