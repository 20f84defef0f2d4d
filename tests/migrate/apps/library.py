"""A lending library: rows in SQLite behind a dependency, routers, response models, parameters from everywhere."""

import sqlite3
from contextlib import asynccontextmanager
from datetime import date, timedelta
from enum import Enum
from typing import Annotated, Iterator, List, Optional

from fastapi import APIRouter, Cookie, Depends, FastAPI, Header, HTTPException, Path, Query, Response, status
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from pydantic import BaseModel, Field, field_validator
from starlette.requests import Request

TODAY = date(2030, 1, 15)
LOAN_DAYS = 21

SCHEMA = """
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, born INTEGER);
CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    genre TEXT NOT NULL,
    pages INTEGER NOT NULL,
    secret_note TEXT NOT NULL DEFAULT 'for staff'
);
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    book_id INTEGER NOT NULL REFERENCES books (id),
    reader TEXT NOT NULL,
    due TEXT NOT NULL,
    returned INTEGER NOT NULL DEFAULT 0
);
"""


class Genre(str, Enum):
    novel = "novel"
    poetry = "poetry"
    science = "science"


class AuthorIn(BaseModel):
    name: str = Field(..., min_length=2, max_length=80)
    born: Optional[int] = Field(None, ge=0, le=2030)


class Author(AuthorIn):
    id: int


class BookIn(BaseModel):
    title: str
    author_id: int
    genre: Genre = Genre.novel
    pages: int = Field(100, gt=0)

    @field_validator("title")
    @classmethod
    def title_is_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the title is blank")
        return value.strip()


class Book(BaseModel):
    """What readers see: not the note for staff."""

    id: int
    title: str
    genre: Genre
    pages: int
    author: Author


class BookPatch(BaseModel):
    title: Optional[str] = None
    pages: Optional[int] = None


class Loan(BaseModel):
    id: int
    book_id: int
    reader: str
    due: date
    returned: bool


class LoanIn(BaseModel):
    reader: str
    days: int = Field(LOAN_DAYS, ge=1, le=60)


class BookNotFound(Exception):
    def __init__(self, book_id: int):
        self.book_id = book_id


class Paging:
    def __init__(self, skip: int = 0, limit: Annotated[int, Query(ge=1, le=50)] = 10):
        self.skip = skip
        self.limit = limit


class Database:
    """One connection that all requests share; the tests send one request after the other."""

    def __init__(self) -> None:
        self.connection: Optional[sqlite3.Connection] = None
        self.log: List[str] = []

    def open(self) -> None:
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript(SCHEMA)
        self.connection.execute("INSERT INTO authors (name, born) VALUES ('Jane Austen', 1775)")
        self.connection.execute("INSERT INTO books (title, author_id, genre, pages) VALUES ('Emma', 1, 'novel', 474)")
        self.connection.commit()

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


database = Database()


@asynccontextmanager
async def lifespan(app: FastAPI):
    database.open()
    app.state.opened = True
    yield
    database.close()
    app.state.opened = False


def get_connection() -> Iterator[sqlite3.Connection]:
    """A transaction for each request: committed when all went well, undone otherwise."""
    connection = database.connection
    assert connection is not None
    try:
        yield connection
    except Exception:
        connection.rollback()
        database.log.append("rollback")
        raise
    else:
        connection.commit()
        database.log.append("commit")


Connection = Annotated[sqlite3.Connection, Depends(get_connection)]


def get_language(accept_language: Annotated[Optional[str], Header()] = None) -> str:
    return (accept_language or "en").split(",")[0]


def require_staff(x_staff_key: Annotated[str, Header()]) -> str:
    if x_staff_key != "librarian":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "staff only", {"X-Reason": "key"})
    return x_staff_key


app = FastAPI(title="Library", version="1.2.0", lifespan=lifespan)
app.add_middleware(GZipMiddleware, minimum_size=100_000)

authors = APIRouter(prefix="/authors", tags=["authors"])
books = APIRouter(prefix="/books", tags=["books"])
staff = APIRouter(prefix="/staff", dependencies=[Depends(require_staff)])


def read_author(connection: sqlite3.Connection, author_id: int) -> Author:
    row = connection.execute("SELECT * FROM authors WHERE id = ?", (author_id,)).fetchone()
    if row is None:
        raise HTTPException(status_code=404, detail="no such author")
    return Author(id=row["id"], name=row["name"], born=row["born"])


def read_book(connection: sqlite3.Connection, book_id: int) -> Book:
    row = connection.execute("SELECT * FROM books WHERE id = ?", (book_id,)).fetchone()
    if row is None:
        raise BookNotFound(book_id)
    author = read_author(connection, row["author_id"])
    return Book(id=row["id"], title=row["title"], genre=row["genre"], pages=row["pages"], author=author)


@app.exception_handler(BookNotFound)
async def book_not_found(request: Request, exc: BookNotFound):
    return JSONResponse({"error": "book", "id": exc.book_id, "path": request.url.path}, 404)


@app.get("/")
async def index():
    return {"name": app.title, "version": app.version, "open": app.state.opened}


@app.get("/hello", response_class=PlainTextResponse)
async def hello(language: Annotated[str, Depends(get_language)]):
    return PlainTextResponse({"de": "Guten Tag", "fr": "Bonjour"}.get(language, "Hello"))


@app.get("/me")
async def me(reader: Annotated[Optional[str], Cookie()] = None, user_agent: Annotated[str, Header()] = "none"):
    return {"reader": reader, "agent": user_agent}


@app.post("/me/{reader}")
async def remember(reader: str, response: Response):
    response.set_cookie("reader", reader, httponly=True)
    response.headers["X-Remembered"] = reader
    return {"remembered": reader}


@app.get("/home")
async def home():
    return RedirectResponse("/", 302)


@authors.post("", response_model=Author, status_code=status.HTTP_201_CREATED)
def create_author(author: AuthorIn, connection: Connection):
    try:
        cursor = connection.execute("INSERT INTO authors (name, born) VALUES (?, ?)", (author.name, author.born))
    except sqlite3.IntegrityError:
        raise HTTPException(status_code=409, detail={"name": author.name, "problem": "exists"})
    return Author(id=cursor.lastrowid, name=author.name, born=author.born)


@authors.get("", response_model=List[Author])
def list_authors(connection: Connection, paging: Annotated[Paging, Depends()], q: Optional[str] = None):
    rows = connection.execute(
        "SELECT * FROM authors WHERE name LIKE ? ORDER BY id LIMIT ? OFFSET ?",
        (f"%{q or ''}%", paging.limit, paging.skip),
    )
    return [Author(id=row["id"], name=row["name"], born=row["born"]) for row in rows]


@authors.get("/{author_id}")
def get_author(author_id: Annotated[int, Path(ge=1)], connection: Connection) -> Author:
    return read_author(connection, author_id)


@books.post("")
def create_book(book: BookIn, connection: Connection) -> Book:
    read_author(connection, book.author_id)
    cursor = connection.execute(
        "INSERT INTO books (title, author_id, genre, pages) VALUES (?, ?, ?, ?)",
        (book.title, book.author_id, book.genre.value, book.pages),
    )
    return read_book(connection, cursor.lastrowid or 0)


@books.get("", response_model=List[Book])
def list_books(
    connection: Connection,
    paging: Paging = Depends(),
    genre: Optional[Genre] = None,
    ids: List[int] = Query([]),
    min_pages: int = Query(0, alias="min-pages", ge=0),
):
    rows = connection.execute("SELECT id FROM books WHERE pages >= ? ORDER BY id", (min_pages,)).fetchall()
    found = [read_book(connection, row["id"]) for row in rows]
    if genre is not None:
        found = [book for book in found if book.genre is genre]
    if ids:
        found = [book for book in found if book.id in ids]
    return found[paging.skip : paging.skip + paging.limit]


@books.get("/{book_id}", response_model=Book, response_model_exclude_none=True)
def get_book(book_id: int, connection: Connection):
    return read_book(connection, book_id)


@books.patch("/{book_id}", response_model=Book)
def patch_book(book_id: int, patch: BookPatch, connection: Connection):
    read_book(connection, book_id)
    for column, value in patch.model_dump(exclude_unset=True).items():
        connection.execute(f"UPDATE books SET {column} = ? WHERE id = ?", (value, book_id))
    return read_book(connection, book_id)


@books.delete("/{book_id}")
def delete_book(book_id: int, connection: Connection):
    book = read_book(connection, book_id)
    connection.execute("DELETE FROM books WHERE id = ?", (book_id,))
    return {"deleted": book.title}


@books.put("/{book_id}/loan", response_model=Loan)
def lend(book_id: int, loan: LoanIn, connection: Connection):
    read_book(connection, book_id)
    open_loans = connection.execute("SELECT 1 FROM loans WHERE book_id = ? AND NOT returned", (book_id,))
    if open_loans.fetchone() is not None:
        raise HTTPException(status_code=409, detail="the book is lent")
    due = TODAY + timedelta(days=loan.days)
    cursor = connection.execute(
        "INSERT INTO loans (book_id, reader, due) VALUES (?, ?, ?)", (book_id, loan.reader, due.isoformat())
    )
    return {"id": cursor.lastrowid, "book_id": book_id, "reader": loan.reader, "due": due, "returned": False}


@books.delete("/{book_id}/loan", status_code=204)
def bring_back(book_id: int, connection: Connection):
    connection.execute("UPDATE loans SET returned = 1 WHERE book_id = ?", (book_id,))


@staff.get("/notes/{book_id}")
def note(book_id: int, connection: Connection):
    row = connection.execute("SELECT secret_note FROM books WHERE id = ?", (book_id,)).fetchone()
    if row is None:
        raise BookNotFound(book_id)
    return {"note": row["secret_note"]}


@staff.get("/log")
def log():
    return {"last": database.log[-1:]}


app.include_router(authors)
app.include_router(books)
app.include_router(staff, prefix="/v1")
