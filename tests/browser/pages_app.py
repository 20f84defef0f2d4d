"""The example of the guide in the places where its documentation pages have to work."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from hawkapi import HawkAPI
from hawkapi.graphql.adapters import from_graphql_core

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "examples"))
example = importlib.import_module("documentation_pages")
schema = importlib.import_module("graphql_books").schema


def another(prefix: str) -> HawkAPI:
    """Return an application with the operations of the example."""
    app = HawkAPI(title="Shop", version="1.4.0", prefix=prefix)
    app.include_router(example.shop)
    app.mount_graphql("/graphql", executor=from_graphql_core(schema), graphiql=True)
    return app


prefixed = another("/api")
plain: HawkAPI = example.app
plain.mount_graphql("/graphql", executor=from_graphql_core(schema), graphiql=True)
plain.mount("/mounted", another(""))
plain.mount("/both", another("/api"))
