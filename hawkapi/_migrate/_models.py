"""Pydantic models as `msgspec.Struct` classes, where nothing of pydantic is needed that msgspec does not have.

Models that inherit from each other, or have each other as fields, are converted together or not at all: neither library
can read the other's classes.
"""

from __future__ import annotations

from typing import Final, override

import libcst as cst

from hawkapi._migrate._fields import field_call, is_required, translate, untranslatable
from hawkapi._migrate._syntax import dotted, names_in, statements

VALIDATORS: Final = frozenset({"validator", "field_validator", "root_validator", "model_validator"})
ONLY_PYDANTIC: Final = frozenset({"computed_field", "field_serializer", "model_serializer", "serializer"})
HOOKS: Final = frozenset({"__init__", "__new__", "model_post_init"})
"""Methods that are called when a model is made; a Struct cannot have the first two, and does not call the last."""
METHODS: Final = {
    "model_dump": "msgspec.structs.asdict(x), or msgspec.to_builtins(x) with everything in it",
    "model_dump_json": "msgspec.json.encode(x)",
    "model_copy": "msgspec.structs.replace(x, ...)",
    "model_validate": "msgspec.convert(data, Model)",
    "model_validate_json": "msgspec.json.decode(data, type=Model)",
    "model_construct": "Model(...), which checks nothing either",
    "model_json_schema": "msgspec.json.schema(Model)",
    "parse_obj": "msgspec.convert(data, Model)",
    "parse_raw": "msgspec.json.decode(data, type=Model)",
    "dict": "msgspec.structs.asdict(x), if x is a model",
}
"""What to write instead of the methods of models."""


def convert(module: cst.Module) -> tuple[cst.Module, list[str]]:
    """Return the module with Structs, and a warning for each model that stays and each method that is gone."""
    finder = _Finder()
    module.visit(finder)
    models = _models(finder)
    obstacles = {name: _obstacle(finder.classes[name], finder) for name in models}
    staying = _staying(finder, models, obstacles)
    warnings = [f"class {name} stays a pydantic model: {reason}" for name, reason in staying.items()]
    converted = models - staying.keys()
    if not converted:
        return module, warnings
    module = module.visit(_Converter(converted))
    calls = _Methods()
    module.visit(calls)
    names = {"Annotated"} & names_in(module)
    return _with_imports(_without_unused(module), annotated=bool(names)), [*warnings, *calls.warnings]


class _Finder(cst.CSTVisitor):
    """Finds the classes at the top of a module, and what is imported from pydantic."""

    def __init__(self) -> None:
        super().__init__()
        self.classes: dict[str, cst.ClassDef] = {}
        self.foreign: set[str] = set()
        self.aliases: dict[str, str] = {}
        """Other names of `BaseModel` here."""

    @override
    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        self.classes[node.name.value] = node
        return False

    @override
    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if (dotted(node.module) or "").partition(".")[0] == "pydantic" and not isinstance(node.names, cst.ImportStar):
            for alias in node.names:
                name = str(dotted(alias.name))
                if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
                    self._note_alias(alias.asname.name.value, name)
                elif name not in {"BaseModel", "Field"}:
                    self.foreign.add(name)

    @override
    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            if dotted(alias.name) == "pydantic" and alias.asname is not None:
                name = str(dotted(alias.asname.name if isinstance(alias.asname.name, cst.Name) else None))
                self.aliases[f"{name}.BaseModel"] = "pydantic"

    def _note_alias(self, bound: str, name: str) -> None:
        if name == "BaseModel":
            self.aliases[bound] = name
        else:
            self.foreign.add(bound)


def _bases(node: cst.ClassDef) -> set[str]:
    return {dotted(arg.value) or "" for arg in node.bases}


def _models(finder: _Finder) -> set[str]:
    models: set[str] = set()
    while True:
        more = {
            name
            for name, node in finder.classes.items()
            if _bases(node) & ({"BaseModel", "pydantic.BaseModel"} | finder.aliases.keys() | models)
        }
        if more == models:
            return models
        models = more


def _obstacle(node: cst.ClassDef, finder: _Finder) -> str | None:
    """Return why a model cannot be a Struct."""
    renamed = _bases(node) & finder.aliases.keys()
    if renamed:
        return f"{finder.aliases[min(renamed)]} has another name here"
    method = next(filter(None, map(_obstacle_of_member, node.body.body)), None)
    if method is not None:
        return method
    if node.keywords:
        return f"its class has the option {node.keywords[0].keyword.value if node.keywords[0].keyword else '**'}"
    for statement in statements(node.body.body):
        if isinstance(statement, cst.Assign) and "model_config" in names_in(statement.targets[0]):
            return "it has a model_config"
        if isinstance(statement, cst.AnnAssign):
            call = field_call(statement)
            reason = None if call is None else untranslatable(call)
            parts: list[cst.CSTNode | None] = [statement.annotation, statement.value if call is None else None]
            used = set[str]().union(*(_foreign_in(part, finder.foreign) for part in parts))
            if reason is None and used:
                reason = min(used)
            if reason is None and (dotted(statement.target) or "").startswith("_"):
                reason = "private attributes"
            if reason is None and "Field" in names_in(statement.annotation):
                reason = "Field in an annotation"
            if reason is not None:
                return f"msgspec has nothing for {reason}"
    return None


def _obstacle_of_member(node: cst.CSTNode) -> str | None:
    """Return why a method, or a class in a model, needs pydantic."""
    if isinstance(node, cst.FunctionDef):
        used = set[str]().union(*(names_in(decorator) for decorator in node.decorators)) & (VALIDATORS | ONLY_PYDANTIC)
        if used:
            return f"it has a {min(used)}"
        if node.name.value in HOOKS:
            return f"it has a method {node.name.value}"
    if isinstance(node, cst.ClassDef) and node.name.value == "Config":
        return "it has a Config"
    return None


def _foreign_in(node: cst.CSTNode | None, foreign: set[str]) -> set[str]:
    """Return what a piece of code has of pydantic, by the names that are imported or as `pydantic.X`."""
    if node is None:
        return set()
    name = dotted(node) if isinstance(node, cst.Attribute) else None
    if name is not None and name.startswith("pydantic."):
        return {name}
    found = {node.value} & foreign if isinstance(node, cst.Name) else set[str]()
    return found.union(*(_foreign_in(child, foreign) for child in node.children))


def _staying(finder: _Finder, models: set[str], obstacles: dict[str, str | None]) -> dict[str, str]:
    """Return the models that stay, with the reason: those with an obstacle, and those connected with one."""
    links = {name: _mentioned(finder.classes[name]) & models - {name} for name in models}
    staying = {name: reason for name, reason in obstacles.items() if reason is not None}
    while True:
        more = {
            name: f"it goes together with {other}"
            for name in sorted(models - staying.keys())
            for other in sorted(staying)
            if other in links[name] or name in links[other]
        }
        if not more:
            return {name: staying[name] for name in finder.classes if name in staying}
        staying |= more


def _mentioned(node: cst.ClassDef) -> set[str]:
    found = _bases(node)
    for statement in statements(node.body.body):
        if isinstance(statement, cst.AnnAssign):
            found |= names_in(statement.annotation)
    return found


class _Converter(cst.CSTTransformer):
    def __init__(self, models: set[str]) -> None:
        super().__init__()
        self.models = models

    @override
    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return node.name.value not in self.models

    @override
    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        if original_node.name.value not in self.models:
            return updated_node
        struct = cst.Attribute(cst.Name("msgspec"), cst.Name("Struct"))
        bases = [
            arg.with_changes(value=struct) if dotted(arg.value) in {"BaseModel", "pydantic.BaseModel"} else arg
            for arg in updated_node.bases
        ]
        node = updated_node.with_changes(bases=bases)
        if _needs_keywords(original_node):
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            option = cst.Arg(cst.Name("True"), keyword=cst.Name("kw_only"), equal=equal)
            node = node.with_changes(keywords=[option])
        body = node.body.with_changes(body=[_translated(line) for line in node.body.body])
        return node.with_changes(body=body)


def _translated(line: cst.CSTNode) -> cst.CSTNode:
    if not isinstance(line, cst.SimpleStatementLine):
        return line
    return line.with_changes(body=[translate(part) if isinstance(part, cst.AnnAssign) else part for part in line.body])


def _needs_keywords(node: cst.ClassDef) -> bool:
    """Whether a required field comes after one with a default, also where that is in a base."""
    fields = [part for part in statements(node.body.body) if isinstance(part, cst.AnnAssign)]
    required = [is_required(part) for part in fields]
    inherits = not _bases(node) & {"BaseModel", "pydantic.BaseModel"}
    return (inherits and any(required)) or required != sorted(required, reverse=True)


class _Methods(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []

    @override
    def visit_Call(self, node: cst.Call) -> None:
        name = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
        if name in METHODS:
            warning = f"{dotted(node.func) or name}(): Structs have no such method: {METHODS[name]}"
            if warning not in self.warnings:
                self.warnings.append(warning)


def _without_unused(module: cst.Module) -> cst.Module:
    """Return the module without imports of `BaseModel` and `Field` that nothing needs any more."""
    used: set[str] = set()
    for line in module.body:
        if not _is_import(line):
            used |= names_in(line)
    body: list[cst.BaseCompoundStatement | cst.SimpleStatementLine] = []
    above: list[cst.EmptyLine] = []
    for line in module.body:
        new = line.with_changes(leading_lines=[*above, *line.leading_lines]) if above else line
        above = []
        if isinstance(new, cst.SimpleStatementLine) and isinstance(new.body[0], cst.ImportFrom):
            kept = _kept(new.body[0], {"BaseModel", "Field"} - used)
            if kept is None:
                above = [*new.leading_lines]  # Comments stay where they were.
                continue
            new = new.with_changes(body=[kept, *new.body[1:]])
        body.append(new)
    return module.with_changes(body=body)


def _kept(node: cst.ImportFrom, unused: set[str]) -> cst.ImportFrom | None:
    if dotted(node.module) != "pydantic" or isinstance(node.names, cst.ImportStar):
        return node
    names = [alias for alias in node.names if alias.asname or dotted(alias.name) not in unused]
    if len(names) == len(node.names):
        return node
    return node.with_changes(names=[*names[:-1], names[-1].with_changes(comma=node.names[-1].comma)]) if names else None


def _is_import(line: cst.CSTNode) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Import | cst.ImportFrom)


def _with_imports(module: cst.Module, *, annotated: bool) -> cst.Module:
    """Return the module with what the Structs need, imported once, after the last import at its top."""
    wanted = ["import msgspec"]
    if annotated:
        wanted.append("from typing import Annotated")
    present = {module.code_for_node(line).strip() for line in module.body if _is_import(line)}
    if any("Annotated" in line for line in present):
        wanted = wanted[:1]
    lines = [cst.parse_statement(text + "\n") for text in wanted if text not in present]
    # An import behind the first Struct would come too late.
    first = next(
        index for index, line in enumerate(module.body) if "msgspec" in names_in(line) and not _is_import(line)
    )
    last = max((index for index, line in enumerate(module.body[:first]) if _is_import(line)), default=-1)
    if last < 0:
        last = 0 if _starts_with_docstring(module) else -1
    body = [*module.body[: last + 1], *lines, *module.body[last + 1 :]]
    return module.with_changes(body=body)


def _starts_with_docstring(module: cst.Module) -> bool:
    return module.get_docstring() is not None
