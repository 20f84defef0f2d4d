"""`migrate_file`: one module of a FastAPI application, rewritten for hawkapi."""

from __future__ import annotations

import sys

import pytest

from hawkapi._migrate import migrate_file

pytest.importorskip("libcst", reason="reads and writes the modules")

REWRITES = [
    ("import", "from fastapi import FastAPI, Depends  # both\n", "from hawkapi import HawkAPI, Depends  # both\n"),
    ("alias", "from fastapi import APIRouter as R\nr = R()\n", "from hawkapi import Router as R\nr = R()\n"),
    ("responses", "from fastapi.responses import JSONResponse\n", "from hawkapi.responses import JSONResponse\n"),
    ("cors", "from fastapi.middleware.cors import CORSMiddleware\n", "from hawkapi.middleware import CORSMiddleware\n"),
    ("testing", "from fastapi.testclient import TestClient\n", "from hawkapi.testing import TestClient\n"),
    (
        "elsewhere",
        "from fastapi.exceptions import RequestValidationError\n",
        "from hawkapi import RequestValidationError\n",
    ),
    (
        "two-homes",
        "from fastapi.exceptions import HTTPException, RequestValidationError\n",
        "from hawkapi.exceptions import HTTPException\nfrom hawkapi import RequestValidationError\n",
    ),
    ("starlette", "from starlette.requests import Request\n", "from hawkapi.requests import Request\n"),
    (
        "name",
        "from fastapi import FastAPI\na: FastAPI = FastAPI()\n",
        "from hawkapi import HawkAPI\na: HawkAPI = HawkAPI()\n",
    ),
    ("module", "import fastapi\napp = fastapi.FastAPI()\n", "import hawkapi\napp = hawkapi.HawkAPI()\n"),
    ("module-alias", "import fastapi as f\nr = f.APIRouter()\n", "import hawkapi as f\nr = f.Router()\n"),
    (
        "submodule",
        "import fastapi.responses\nr = fastapi.responses.JSONResponse(1, 404)\n",
        "import hawkapi.responses\nr = hawkapi.responses.JSONResponse(1, status_code=404)\n",
    ),
    (
        "submodule-that-is-not-imported",
        "import fastapi\ns = fastapi.security.HTTPBearer()\n",
        "import hawkapi\ns = hawkapi.HTTPBearer()\n",
    ),
    ("status", "import fastapi\ns = fastapi.status.HTTP_200_OK\n", "import hawkapi\ns = hawkapi.status.HTTP_200_OK\n"),
    ("start-up", '@app.on_event("startup")\ndef f(): ...\n', "@app.on_startup\ndef f(): ...\n"),
    ("shutdown", "@app.on_event('shutdown')\ndef f(): ...\n", "@app.on_shutdown\ndef f(): ...\n"),
    (
        "status-of-post",
        'import fastapi\n@app.post("/a")\ndef f(): ...\n',
        'import hawkapi\n@app.post("/a", status_code=200)\ndef f(): ...\n',
    ),
    (
        "status-of-delete-in-lines",
        'import fastapi\n@app.delete(\n    "/a",\n    name="x",\n)\ndef f(): ...\n',
        'import hawkapi\n@app.delete(\n    "/a",\n    name="x",\n    status_code=200,\n)\ndef f(): ...\n',
    ),
    (
        "status-that-is-given",
        'import fastapi\n@app.post("/a", status_code=202)\ndef f(): ...\n',
        'import hawkapi\n@app.post("/a", status_code=202)\ndef f(): ...\n',
    ),
    (
        "handlers",
        "import fastapi\na = fastapi.FastAPI()\na.add_exception_handler(A, f)\na.add_event_handler('startup', g)\n",
        "import hawkapi\na = hawkapi.HawkAPI()\na.exception_handler(A)(f)\na.on_startup(g)\n",
    ),
    (
        "depends",
        "from fastapi import Depends\ndef f(a: A = Depends(), b: Annotated[B, Depends()] = 1): ...\n",
        "from hawkapi import Depends\ndef f(a: A = Depends(A), b: Annotated[B, Depends(B)] = 1): ...\n",
    ),
    (
        "depends-of-a-module",
        "import fastapi\ndef f(a: A = fastapi.Depends()): ...\nB = Annotated[A, fastapi.Depends()]\n",
        "import hawkapi\ndef f(a: A = hawkapi.Depends(A)): ...\nB = Annotated[A, hawkapi.Depends(A)]\n",
    ),
    (
        "several-in-a-line",
        "from fastapi import FastAPI; import os\nif os: from fastapi import APIRouter\nx = FastAPI, APIRouter\n",
        "from hawkapi import HawkAPI; import os\nif os: from hawkapi import Router\nx = HawkAPI, Router\n",
    ),
    (
        "homes-in-a-line",
        "from fastapi.exceptions import HTTPException, RequestValidationError; a = 1\n",
        "from hawkapi.exceptions import HTTPException; from hawkapi import RequestValidationError; a = 1\n",
    ),
    ("byte-order-mark", "\ufeffimport fastapi\r\n", "\ufeffimport hawkapi\r\n"),
    (
        "marker",
        'from fastapi import Query\nq = Query(None, regex="x")\n',
        'from hawkapi import Query\nq = Query(None, pattern="x")\n',
    ),
    (
        "address",
        "from fastapi import Request\ndef f(r: Request):\n    return r.url.path, r.url.query\n",
        "from hawkapi import Request\ndef f(r: Request):\n    return r.path, r.query_string.decode()\n",
    ),
    ("text", "import fastapi\nx = 'FastAPI'  # FastAPI\n", "import hawkapi\nx = 'FastAPI'  # FastAPI\n"),
    (
        "other",
        "class FastAPI: ...\nx = FastAPI(FastAPI=1).FastAPI\n",
        "class FastAPI: ...\nx = FastAPI(FastAPI=1).FastAPI\n",
    ),
    ("empty", "", ""),
    ("white-space", "\n\n", "\n\n"),
]


@pytest.mark.parametrize(("source", "expected"), [row[1:] for row in REWRITES], ids=[row[0] for row in REWRITES])
def test_rewriting(source: str, expected: str) -> None:
    """What has a counterpart is written as hawkapi has it, without a warning; a second run changes nothing."""
    assert migrate_file(source) == (expected, [])
    assert migrate_file(expected)[0] == expected


WARNINGS = [
    ("name", "from fastapi.encoders import jsonable_encoder\n", "line 1: hawkapi.encoders has no jsonable_encoder: "),
    ("attribute", "import fastapi\nx = fastapi.Nothing\n", "line 2: hawkapi has no Nothing: "),
    (
        "option",
        "import fastapi\na = fastapi.FastAPI(exception_handlers={})\n",
        "line 2: HawkAPI has no exception_handlers=: ",
    ),
    (
        "middleware",
        '@app.middleware("http")\nasync def f(request, call_next): ...\n',
        "line 2: there is no @app.middleware: ",
    ),
    (
        "method",
        "import fastapi\na = fastapi.FastAPI()\na.add_api_route('/', f)\n",
        "line 3: HawkAPI has no add_api_route: ",
    ),
    (
        "option-of-a-route",
        "import fastapi\na = fastapi.APIRouter()\n@a.get('/', response_class=X)\ndef f(): ...\n",
        "line 3: @get has no response_class=: ",
    ),
    (
        "marker",
        "from fastapi import Header\nh = Header(convert_underscores=False)\n",
        "line 2: Header has no convert_underscores=: ",
    ),
    (
        "errors",
        "from fastapi.exceptions import RequestValidationError as E\ndef f(r, e: E):\n    return e.errors()\n",
        "line 3: e.errors is a list of objects",
    ),
    (
        "exception",
        "from fastapi import HTTPException\nraise HTTPException(404)\n",
        "line 2: the client gets a problem document",
    ),
    (
        "refusal",
        "import fastapi\n@app.get('/')\ndef f(n: int): ...\n",
        "line 3: f may refuse a request with 400 and a problem document: HawkAPI(validation_error_status=422)",
    ),
    ("null", "import fastapi\n@app.get('/')\ndef f():\n    print()\n", "line 3: f returns None: FastAPI sends null"),
    ("text", "from fastapi import FastAPI\ndef f(a: 'FastAPI'): ...\n", "line 2: the annotation 'FastAPI' is a text"),
    ("text-of-a-module", "import fastapi\ndef f(a: 'fastapi.Request'): ...\n", "line 2: the annotation 'fastapi.Req"),
    ("hook", "@app.on_event(name)\ndef f(): ...\n", "line 1: there is no @app.on_event: "),
    ("document", "import fastapi\na = fastapi.FastAPI()\na.openapi = f\n", "line 3: the document is changed by "),
    (
        "address",
        "from fastapi import Request\ndef f(r: Request):\n    r.url.port\n",
        "line 3: r.url is a text in hawkapi: it has no port",
    ),
    (
        "order",
        "import fastapi\na = fastapi.FastAPI()\na.add_middleware(A)\na.add_middleware(B)\n",
        "line 4: the middleware of a added first is the outermost",
    ),
    ("starlette", "from starlette.routing import Route\n", "a Starlette application is not migrated"),
    ("syntax", "def f(:\n", "parse error in line 1"),
]


@pytest.mark.parametrize(("source", "expected"), [row[1:] for row in WARNINGS], ids=[row[0] for row in WARNINGS])
def test_what_a_person_must_decide(source: str, expected: str) -> None:
    """What has no counterpart gives one warning with its line."""
    source, warnings = migrate_file(source)
    assert [warning[: len(expected)] for warning in warnings] == [expected]


@pytest.mark.parametrize(
    ("annotation", "converter"),
    [
        ("int", "int"),
        ("float", "float"),
        ("UUID", "uuid"),
        ("uuid.UUID", "uuid"),
        ("Annotated[int, Path(ge=1)]", "int"),
        ("str", None),
    ],
)
def test_path_parameters(annotation: str, converter: str | None) -> None:
    """A converter is proposed for a path parameter that is no text."""
    _, warnings = migrate_file(f'@app.get("/a/{{name}}")\ndef f(name: {annotation}): ...\n')
    assert [f"{{name:{converter}}}" in warning for warning in warnings] == ([] if converter is None else [True])


def test_path_parameters_of_each_handler() -> None:
    """Two handlers with the same parameter are two places to decide about."""
    handler = '@app.get("/a/{{name}}")\ndef {}(name: int): ...\n'
    _, warnings = migrate_file(handler.format("f") + handler.format("g"))
    assert [warning.partition(" is ")[0] for warning in warnings] == [
        "line 2: path parameter {name} of f",
        "line 4: path parameter {name} of g",
    ]


MODELS = [
    ("plain", "class A(BaseModel):\n    a: int = 1  # one\n", "class A(msgspec.Struct):\n    a: int = 1  # one\n"),
    (
        "order",
        "class A(BaseModel):\n    a: int = 1\n    b: str\n",
        "class A(msgspec.Struct, kw_only=True):\n    a: int = 1\n    b: str\n",
    ),
    (
        "base",
        "class A(BaseModel):\n    a: int\nclass B(A):\n    b: str\n",
        "class A(msgspec.Struct):\n    a: int\nclass B(A, kw_only=True):\n    b: str\n",
    ),
    ("required", "class A(BaseModel):\n    a: int = Field(...)\n", "class A(msgspec.Struct):\n    a: int\n"),
    ("default", "class A(BaseModel):\n    a: int = Field(default=3)\n", "class A(msgspec.Struct):\n    a: int = 3\n"),
    (
        "alias",
        'class A(BaseModel):\n    a: int = Field(alias="b")\n',
        'class A(msgspec.Struct):\n    a: int = msgspec.field(name="b")\n',
    ),
    (
        "alias-and-default",
        'class A(BaseModel):\n    c: int = Field(0, alias="d")\n',
        'class A(msgspec.Struct):\n    c: int = msgspec.field(default=0, name="d")\n',
    ),
    (
        "factory",
        "class A(BaseModel):\n    a: list = Field(default_factory=list)\n    b: list = []\n",
        "class A(msgspec.Struct):\n    a: list = msgspec.field(default_factory=list)\n    b: list = []\n",
    ),
    (
        "list",
        "class A(BaseModel):\n    b: list = [1]\n",
        "class A(msgspec.Struct):\n    b: list = msgspec.field(default_factory=lambda: [1])\n",
    ),
    (
        "class-variable",
        "class A(BaseModel):\n    a: ClassVar[B] = B()\n",
        "class A(msgspec.Struct):\n    a: ClassVar[B] = B()\n",
    ),
    (
        "object",
        "class A(BaseModel):\n    b: B = B()\n    c: dict = dict(a=1)\n    d: set = set()\n",
        (
            "class A(msgspec.Struct):\n    b: B = msgspec.field(default_factory=lambda: B())\n"
            "    c: dict = msgspec.field(default_factory=lambda: dict(a=1))\n    d: set = set()\n"
        ),
    ),
    (
        "late-import",
        "class A(BaseModel):\n    a: int\nimport sys\n",
        "class A(msgspec.Struct):\n    a: int\nimport sys\n",
    ),
]


@pytest.mark.parametrize(("source", "expected"), [row[1:] for row in MODELS], ids=[row[0] for row in MODELS])
def test_models(source: str, expected: str) -> None:
    """Models become Structs, their fields too, and a second run changes nothing."""
    new, warnings = migrate_file(f"import os\nfrom pydantic import BaseModel, Field\n\n{source}", convert_models=True)
    assert (new, warnings) == (f"import os\nimport msgspec\n\n{expected}", [])
    assert migrate_file(new, convert_models=True) == (new, [])


def test_limits_of_models() -> None:
    """Limits go into the annotation, and what they need is imported once."""
    source = "'M'\nfrom pydantic import BaseModel, Field\nclass A(BaseModel):\n    a: int = Field(1, ge=0, title='A')\n"
    expected = (
        "'M'\nimport msgspec\nfrom typing import Annotated\nclass A(msgspec.Struct):\n"
        "    a: Annotated[int, msgspec.Meta(ge=0, title='A')] = 1\n"
    )
    assert migrate_file(source, convert_models=True) == (expected, [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    @field_validator('a')\n    def f(cls, v): ...\n", "it has a field_validator"),
        ("    model_config = ConfigDict()\n", "it has a model_config"),
        ("    def __init__(self, **given): ...\n", "it has a method __init__"),
        ("    def model_post_init(self, context): ...\n", "it has a method model_post_init"),
        ("    _b: int = 1\n", "msgspec has nothing for private attributes"),
        ("    b: list[pydantic.EmailStr]\n", "msgspec has nothing for pydantic.EmailStr"),
        ("    class Config:\n        frozen = True\n", "it has a Config"),
        ("    a: int = Field(exclude=True)\n", "msgspec has nothing for Field(exclude=...)"),
        ("    a: EmailStr\n", "msgspec has nothing for EmailStr"),
    ],
    ids=[
        "validator",
        "configuration",
        "constructor",
        "hook",
        "private",
        "type-of-a-module",
        "config-class",
        "field",
        "type",
    ],
)
def test_models_that_stay(body: str, reason: str) -> None:
    """A model that needs pydantic stays as it is, and so does what has it as a field; the others become Structs."""
    source = (
        "from pydantic import BaseModel, ConfigDict, EmailStr, Field, field_validator\n"
        f"class A(BaseModel):\n{body}class B(BaseModel):\n    a: A\nclass C(BaseModel):\n    c: int\n"
    )
    new, warnings = migrate_file(source, convert_models=True)
    assert f"class A(BaseModel):\n{body}class B(BaseModel):" in new
    assert "class C(msgspec.Struct):" in new
    assert warnings == [
        f"class A stays a pydantic model: {reason}",
        "class B stays a pydantic model: it goes together with A",
    ]


@pytest.mark.parametrize(
    "source",
    ["from pydantic import BaseModel as M\nclass A(M): ...\n", "import pydantic as p\nclass A(p.BaseModel): ...\n"],
)
def test_models_under_another_name(source: str) -> None:
    """A base that is not called BaseModel is told of, not passed over."""
    new, warnings = migrate_file(source, convert_models=True)
    assert (new, len(warnings), "class A stays" in warnings[0]) == (source, 1, True)


def test_methods_of_models() -> None:
    """Calls of methods that Structs do not have are named with what to write instead."""
    source = "from pydantic import BaseModel\nclass A(BaseModel):\n    a: int\nA(a=1).model_dump()\n"
    _, warnings = migrate_file(source, convert_models=True)
    assert [warning.partition(":")[0] for warning in warnings] == ["model_dump()"]


def test_models_stay_unless_asked() -> None:
    """Pydantic models work in hawkapi."""
    source = "from pydantic import BaseModel\nclass A(BaseModel):\n    a: int\n"
    assert migrate_file(source) == (source, [])


def test_without_libcst(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where libcst is not installed, one line says how to get it."""
    monkeypatch.setitem(sys.modules, "libcst", None)
    with pytest.raises(ImportError, match=r"^hawkapi migrate needs libcst: pip install 'hawkapi\[migrate\]'$"):
        migrate_file("x = 1\n")
