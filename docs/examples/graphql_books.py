"""GraphQL beside ordinary routes, executed by graphql-core."""

from graphql import build_schema

from hawkapi import HawkAPI
from hawkapi.graphql.adapters import from_graphql_core

BOOKS = [{"title": "Emma", "year": 1815}, {"title": "Ulysses", "year": 1922}]

schema = build_schema("""
    type Book { title: String!  year: Int! }
    type Query { books(after: Int = 0): [Book!]! }
""")
assert schema.query_type is not None
schema.query_type.fields["books"].resolve = lambda _root, _info, after: [book for book in BOOKS if book["year"] > after]

app = HawkAPI(title="Books")
# GraphiQL is for development: it shows the whole schema to everybody.
app.mount_graphql("/graphql", executor=from_graphql_core(schema), graphiql=True)
