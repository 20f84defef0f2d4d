"""An application that describes itself, and what a later version of it would break."""

from typing import Annotated

from hawkapi import HawkAPI, HTTPException, Query, Struct, detect_breaking_changes
from hawkapi.openapi import format_report
from hawkapi.openapi.linter import format_lint_report, lint


class Book(Struct):
    """A book of the shop."""

    title: str
    price: float = 0.0


app = HawkAPI(title="Books", version="1.2.0", description="Sells books.")


@app.get("/books/{number}", tags=["books"], responses={404: {"description": "No such book."}})
async def read_book(
    number: int,
    currency: Annotated[str, Query(description="How the price is told.", example="EUR", max_length=3)] = "EUR",
) -> Book:
    """Return one book."""
    if number != 1:
        raise HTTPException(404, f"There is no book {number}")
    return Book("Emma", 5.0 if currency == "EUR" else 6.0)


@app.post("/books", tags=["books"])
async def add_book(book: Book) -> Book:
    """Add a book."""
    return book


later = HawkAPI(title="Books", version="2.0.0")


@later.get("/books/{number}")
async def read_title(number: int, currency: str) -> dict[str, str]:
    return {"title": "Emma"}


def report() -> str:
    return format_report(detect_breaking_changes(app.openapi(), later.openapi()))


def gaps() -> str:
    return format_lint_report(lint(later.openapi()))
