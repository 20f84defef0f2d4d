"""A library: the version that is to be released."""

from dataclasses import dataclass
from typing import Annotated

from hawkapi import HawkAPI, HTTPException, Meta, Query

app = HawkAPI(title="Library", version="2.0", health_url=None, readyz_url=None, livez_url=None)


@dataclass
class Book:
    title: Annotated[str, Meta(min_length=1, max_length=80)]
    year: int | None = None


@app.get("/books", name="books")
def books(author: Annotated[str, Query(example="Austen")], limit: Annotated[int, Query(le=50)] = 10) -> list[Book]:
    """List the books of an author."""
    return [Book("Emma", 1815)][:limit]


@app.get("/books/{number}", name="book", responses={404: {"description": "There is no such book"}})
def book(number: Annotated[int, Meta(examples=[1])]) -> Book:
    """Return a book."""
    if number != 1:
        raise HTTPException(404, "there is no such book")
    return Book("Emma", 1815)


@app.post("/books", name="add_book")
def add_book(book: Book) -> Book:
    return book
