"""Drawing routes: each block writes the source of one kind, whose handlers answer with what they were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from varied.models import BODIES
from varied.types import TEXTS, Drawn, model, one_text, text_model, texts

type Block = Callable[[Random, int], str]
"""Takes where chance comes from and the number of the route, which its names and paths contain."""


class Argument(NamedTuple):
    """A parameter of a handler."""

    name: str
    annotation: str
    default: str = ""
    answer: str = ""
    """The type that it is answered with; empty for its annotation."""

    def written(self) -> str:
        """Return it as a signature has it."""
        return f"{self.name}: {self.annotation}" + (f" = {self.default}" if self.default else "")


def words(random: Random, drawn: Drawn, *, alias: str = "") -> list[str]:
    """Return what a marker says beside limits."""
    said = [f"alias={alias!r}"] if alias else []
    if random.random() < 0.2:
        said.append("description='What it is for.'")
    if random.random() < 0.2 and drawn.annotation in TEXTS:
        said.append(f"example={TEXTS[drawn.annotation][0]}")
    if random.random() < 0.1:
        said.append("deprecated=True")
    return said


def marked(random: Random, name: str, marker: str, drawn: Drawn, alias: str = "") -> Argument:
    """Return a parameter with a marker."""
    said = [*drawn.limits, *words(random, drawn, alias=alias)]
    default = drawn.default
    if default and default != "None" and random.random() < 0.3:
        said, default = [default, *said], ""
    return Argument(name, f"Annotated[{drawn.annotation}, {marker}({', '.join(said)})]", default, drawn.limited())


def handler(
    number: int,
    decorator: str,
    arguments: Sequence[Argument],
    *,
    before: str = "",
    sync: bool = False,
    setup: str = "",
) -> str:
    """Return the source of a route that answers with its arguments, and of the class that they are put into."""
    shown = [argument for argument in arguments if argument.answer != "-"]
    members = [f"    {argument.name}: {argument.answer or argument.annotation}" for argument in shown]
    inside = ", ".join(f"{argument.name}={argument.name}" for argument in shown)
    signature = ", ".join(["*", *(argument.written() for argument in arguments)]) if arguments else ""
    return "\n".join(
        [
            *([before, ""] if before else []),
            f"class Answer{number}(Struct, kw_only=True):",
            *(members or ["    pass"]),
            "",
            decorator,
            f"{'def' if sync else 'async def'} route_{number}({signature}) -> Answer{number}:",
            f'    """Answer with what was sent (route {number})."""',
            *([f"    {setup}"] if setup else []),
            f"    return Answer{number}({inside})",
        ]
    )


def is_sync(random: Random) -> bool:
    """Whether a handler runs in a worker thread."""
    return random.random() < 0.15


def path(random: Random, number: int) -> str:
    """Parameters of the path, typed in the template, in the handler, or both."""
    segments, arguments = [], []
    for index in range(random.randint(1, 3)):
        name = f"p{index}"
        converter, annotation = random.choice(
            (("int", "int"), ("float", "float"), ("uuid", "UUID"), ("str", "str"), ("", ""), ("", ""))
        )
        if annotation:
            drawn = Drawn(annotation)
        else:
            drawn = one_text(random)._replace(default="")
            drawn = Drawn("int") if "None" in drawn.annotation else drawn
        segments.append(f"{{{name}:{converter}}}" if converter else f"{{{name}}}")
        arguments.append(marked(random, name, "Path", drawn) if drawn.limits else Argument(name, drawn.annotation))
        if random.random() < 0.5:
            segments.append(f"part{index}")
    return handler(number, f"@app.get('/r{number}/{'/'.join(segments)}')", arguments, sync=is_sync(random))


def rest_of_path(random: Random, number: int) -> str:
    """A parameter that takes the rest of the path."""
    return handler(number, f"@app.get('/r{number}/files/{{rest:path}}')", [Argument("rest", "str")])


def query(random: Random, number: int) -> str:
    """Parameters of the query string."""
    arguments = []
    for index in range(random.randint(1, 5)):
        drawn = texts(random)
        bare = not drawn.limits and not drawn.annotation.startswith(("list", "set", "tuple"))
        if bare and random.random() < 0.5:
            arguments.append(Argument(f"q{index}", drawn.annotation, drawn.default))
        else:
            alias = random.choice(("", "", f"the-{index}", f"q[{index}]"))
            arguments.append(marked(random, f"q{index}", "Query", drawn, alias))
    return handler(number, f"@app.get('/r{number}/query')", arguments, sync=is_sync(random))


def model_of(marker: str) -> Block:
    """Return the block of a model under a marker."""

    def block(random: Random, number: int) -> str:
        name = f"{marker}Model{number}"
        argument = Argument("given", f"Annotated[{name}, {marker}()]", answer=name)
        method = "post" if marker == "Form" else "get"
        decorator = f"@app.{method}('/r{number}/{marker.lower()}')"
        return handler(number, decorator, [argument], before=text_model(random, name))

    return block


def headers(random: Random, number: int) -> str:
    """Header fields."""
    arguments = []
    for index in range(random.randint(1, 3)):
        drawn = one_text(random)
        alias = random.choice(("", "", f"X-Given-{index}"))
        arguments.append(marked(random, f"x_h{index}", "Header", drawn, alias))
    return handler(number, f"@app.get('/r{number}/headers', deprecated={random.random() < 0.3})", arguments)


def cookies(random: Random, number: int) -> str:
    """Cookies."""
    arguments = [marked(random, f"c{index}", "Cookie", one_text(random)) for index in range(random.randint(1, 3))]
    return handler(number, f"@app.get('/r{number}/cookies')", arguments)


def known_body(random: Random, number: int) -> str:
    """A body of one of the models that are there."""
    annotation = random.choice(BODIES)
    marker = f"Annotated[{annotation}, Body(description='All of it.')]"
    argument = Argument("body", random.choice((annotation, marker)), answer=annotation)
    return handler(number, f"@app.{random.choice(('post', 'put', 'patch'))}('/r{number}/known')", [argument])


def drawn_body(random: Random, number: int) -> str:
    """A body of a model that is drawn, alone or in something."""
    name = f"Body{number}"
    annotation = random.choice((name, name, name, f"list[{name}]", f"dict[str, {name}]", f"Pageful[{name}]"))
    arguments = [Argument("body", annotation)]
    if random.random() < 0.3:
        arguments.append(marked(random, "q", "Query", texts(random)))
    return handler(
        number, f"@app.post('/r{number}/drawn')", arguments, before=model(random, name), sync=is_sync(random)
    )


def optional_body(random: Random, number: int) -> str:
    """A body that may be missing."""
    annotation = random.choice(("Point", "Options", "list[int]"))
    return handler(number, f"@app.post('/r{number}/optional')", [Argument("body", f"{annotation} | None", "None")])


def members_of_body(random: Random, number: int) -> str:
    """Several parameters that are members of one body, or one that is embedded."""
    arguments = [Argument("point", "Annotated[Point, Body(embed=True)]", answer="Point")]
    arguments += [marked(random, f"b{index}", "Body", one_text(random)) for index in range(random.randint(0, 2))]
    return handler(number, f"@app.put('/r{number}/{{key}}/members')", [Argument("key", "int"), *arguments])


def form(random: Random, number: int) -> str:
    """Fields of a form."""
    arguments = [marked(random, f"f{index}", "Form", texts(random)) for index in range(random.randint(1, 4))]
    return handler(number, f"@app.post('/r{number}/form')", arguments)


def upload(random: Random, number: int) -> str:
    """Files, with fields beside them."""
    annotation, size = random.choice(
        (
            ("UploadFile", "file.size or 0"),
            ("list[UploadFile]", "sum(one.size or 0 for one in file)"),
            ("Annotated[bytes, File()]", "len(file)"),
        )
    )
    field = marked(random, "note", "Form", one_text(random))
    return (
        f"@app.post('/r{number}/upload')\n"
        f"async def route_{number}(*, file: {annotation}, {field.written()}) -> dict[str, int]:\n"
        f'    """Tell the size of what was uploaded (route {number})."""\n'
        f"    return {{'size': {size}}}"
    )


def model_and_status(random: Random, number: int) -> str:
    """Another status, and a response model that leaves a member out."""
    status = random.choice((200, 201, 202))
    return (
        f"class Inner{number}(Struct):\n    name: Name\n    secret: str = 'hidden'\n\n"
        f"class Outer{number}(Struct):\n    name: Name\n\n"
        f"@app.post('/r{number}/made', status_code={status}, response_model=Outer{number}, tags=['making'])\n"
        f"async def route_{number}(body: Inner{number}) -> Inner{number}:\n    return body"
    )


def other_responses(random: Random, number: int) -> str:
    """Responses that are not JSON."""
    annotation, result = random.choice(
        (
            ("PlainTextResponse", "PlainTextResponse(f'hello {times}')"),
            ("HTMLResponse", "HTMLResponse('<p>hello</p>')"),
            ("RedirectResponse", "RedirectResponse('/livez')"),
            ("FileResponse", "FileResponse(THIS_FILE)"),
            ("EventSourceResponse", "EventSourceResponse(events(times))"),
            ("JSONResponse", "JSONResponse({'times': times})"),
            ("None", "None"),
            ("str", "'hello'"),
            ("bytes", "b'hello'"),
            ("Response", "Response(b'1,2', media_type='text/csv')"),
            ("StreamingResponse", "StreamingResponse([b'a'] * times, media_type='application/octet-stream')"),
        )
    )
    return (
        f"@app.get('/r{number}/other', summary='Other')\n"
        f"async def route_{number}(times: Annotated[int, Query(ge=0, le=9)] = 1) -> {annotation}:\n"
        f"    return {result}"
    )


def no_content(random: Random, number: int) -> str:
    """An empty response."""
    method, status = random.choice((("delete", ""), ("put", ", status_code=204"), ("post", ", status_code=204")))
    return (
        f"@app.{method}('/r{number}/{{key:int}}'{status})\n"
        f"async def route_{number}(key: int) -> None:\n"
        f'    """Do nothing (route {number})."""'
    )


def secured(random: Random, number: int) -> str:
    """Credentials, asked for by a parameter or by the route."""
    names = random.sample(
        ("key_in_header", "key_in_query", "key_in_cookie", random.choice(("basic_user", "bearer_user"))),
        random.choice((1, 1, 2)),
    )
    if random.random() < 0.5:
        guards = ", ".join(f"Depends({name})" for name in names)
        return handler(number, f"@app.get('/r{number}/secured', dependencies=[{guards}])", [Argument("q", "int", "1")])
    arguments = [
        Argument(f"by{index}", f"Annotated[str, Depends({name})]", answer="str") for index, name in enumerate(names)
    ]
    arguments.append(Argument("body", "Point"))
    return handler(number, f"@app.post('/r{number}/secured')", arguments)


def scoped(random: Random, number: int) -> str:
    """A token with scopes."""
    scopes = random.choice((["things:read"], ["things:read", "things:write"]))
    user = Argument("user", f"Annotated[str, Security(scoped_user, scopes={scopes})]", answer="str")
    return handler(number, f"@app.get('/r{number}/scoped')", [user])


def permitted(random: Random, number: int) -> str:
    """Permissions."""
    key = Argument("key", "Annotated[str | None, Depends(permission_key)]", answer="-")
    decorator = f"@app.get('/r{number}/permitted', permissions=['things:see'])"
    return handler(number, decorator, [key, Argument("q", "int", "0")])


def dependencies(random: Random, number: int) -> str:
    """Parameters of dependencies, and of what these depend on."""
    first = marked(random, "depth", "Query", one_text(random))
    second = marked(random, "x_depth", "Header", one_text(random))
    before = (
        f"def inner_{number}({first.written()}) -> Any:\n    return depth\n\n"
        f"async def outer_{number}(*, inner: Annotated[Any, Depends(inner_{number})], {second.written()}):\n"
        f"    yield [inner, x_depth]"
    )
    argument = Argument("found", f"Annotated[Any, Depends(outer_{number})]", answer="Any")
    return handler(number, f"@app.get('/r{number}/dependencies')", [argument], before=before)


def several_methods(random: Random, number: int) -> str:
    """One path with several operations."""
    methods = random.sample(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"), random.randint(2, 4))
    return handler(
        number, f"@app.route('/r{number}/{{key}}/several', methods={methods})", [Argument("key", "int | str")]
    )


def controller(random: Random, number: int) -> str:
    """Methods of a class under a prefix."""
    drawn = one_text(random)
    q = marked(random, "q", "Query", drawn).written()
    return (
        f"class Controller{number}(Controller):\n"
        f"    prefix = '/r{number}'\n"
        f"    tags = ['controllers']\n\n"
        f"    @get('/one/{{key}}')\n"
        f"    async def read(self, key: int, {q}) -> Box[{drawn.annotation}]:\n"
        f"        return Box(q)\n\n"
        f"    @post('/one')\n"
        f"    async def add(self, body: Point) -> Point:\n        return body\n\n"
        f"app.include_controller(Controller{number})"
    )


def raised(random: Random, number: int) -> str:
    """A problem that the handler raises and the route describes."""
    status = random.choice((404, 409, 410, 418))
    return (
        f"@app.get('/r{number}/{{key}}/raised', responses={{{status}: {{'description': 'Odd.', 'content': "
        f"{{'application/problem+json': {{'schema': {{'type': 'object', 'required': ['status']}}}}}}}}}})\n"
        f"async def route_{number}(key: int) -> dict[str, int]:\n"
        f"    if key % 2:\n        raise HTTPException({status}, 'That is odd')\n"
        f"    return {{'half': key // 2}}"
    )


def paged(random: Random, number: int) -> str:
    """Pages by number or by cursor."""
    if random.random() < 0.5:
        kind, result, value = "PaginationParams", "Page[int]", "Page([1, 2], 2, paging.page, paging.limit)"
    else:
        kind, result, value = "CursorParams", "CursorPage[int]", "CursorPage([1, 2], None)"
    return (
        f"@app.get('/r{number}/paged')\n"
        f"async def route_{number}(paging: Annotated[{kind}, Query()]) -> {result}:\n    return {value}"
    )


def response_fields(random: Random, number: int) -> str:
    """Header fields of a response, described and set."""
    described = "{'X-Count': {'required': True, 'schema': {'type': 'integer', 'minimum': 0}}}"
    return (
        f"@app.get('/r{number}/fields', responses={{200: {{'headers': {described}}}}})\n"
        f"async def route_{number}(response: Response, count: Annotated[int, Query(ge=0)] = 3) -> Size:\n"
        f"    response.headers['x-count'] = str(count)\n    return Size.SMALL"
    )


def things(random: Random, number: int) -> str:
    """Things that clients make, read and take away, with links between the operations."""
    link = f"{{'read': {{'operationId': 'read_thing_{number}', 'parameters': {{'key': '$response.body#/key'}}}}}}"
    return (
        f"things_{number} = Store()\n\n"
        f"class Made{number}(Struct):\n    key: int\n    point: Point\n\n"
        f"@app.post('/r{number}/things', status_code=201, responses={{201: {{'links': {link}}}}})\n"
        f"async def add_thing_{number}(point: Point) -> Made{number}:\n"
        f"    return Made{number}(things_{number}.add(point), point)\n\n"
        f"@app.get('/r{number}/things/{{key:int}}', {PROBLEM_404})\n"
        f"async def read_thing_{number}(key: int) -> Made{number}:\n"
        f"    if (point := things_{number}.get(key)) is None:\n        raise HTTPException(404)\n"
        f"    return Made{number}(key, point)\n\n"
        f"@app.delete('/r{number}/things/{{key:int}}', status_code=204, {PROBLEM_404})\n"
        f"def remove_thing_{number}(key: int) -> None:\n"
        f"    if not things_{number}.remove(key):\n        raise HTTPException(404)"
    )


PROBLEM_404: Final = "responses={404: {'description': 'No such thing.'}}"
BLOCKS: Final[tuple[Block, ...]] = (
    *(path, path, path, rest_of_path, query, query, query, headers, headers, cookies),
    *(model_of("Query"), model_of("Header"), model_of("Cookie"), model_of("Form")),
    *(known_body, known_body, known_body, drawn_body, drawn_body, drawn_body, optional_body, members_of_body),
    *(form, upload, model_and_status, other_responses, other_responses, no_content, secured, secured, scoped),
    *(permitted, dependencies, several_methods, controller, raised, paged, response_fields, things),
)
"""Each is drawn once, and again to fill an application up."""
