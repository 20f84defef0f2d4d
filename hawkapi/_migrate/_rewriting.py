"""Rewrites one module: imports and names first of all, then what is written otherwise in hawkapi."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, override

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from hawkapi._migrate import _calls, _routes
from hawkapi._migrate._imports import rewrite_from, rewrite_import
from hawkapi._migrate._models import convert
from hawkapi._migrate._names import ATTRIBUTES, INSTANCE, RENAMED, home_of, remedy, target_module
from hawkapi._migrate._survey import Survey, look_at
from hawkapi._migrate._syntax import dotted, name_node, text_of

ADDRESS: Final[dict[str, Callable[[str], cst.BaseExpression]]] = {
    "path": lambda name: name_node(f"{name}.path"),
    "scheme": lambda name: name_node(f"{name}.url_scheme"),
    "query": lambda name: cst.Call(name_node(f"{name}.query_string.decode")),
}
"""The parts of `request.url`, a text in hawkapi, by their names."""


def rewrite(source: str, *, convert_models: bool) -> tuple[str, list[str]]:
    """Return the new source and the warnings; see `hawkapi._migrate.migrate_file`."""
    if not source.strip():
        return source, []
    # libcst leaves the mark out when it writes the module again.
    mark = "\ufeff" if source.startswith("\ufeff") else ""
    try:
        module = cst.parse_module(source.removeprefix(mark))
    except cst.ParserSyntaxError as exc:
        return source, [f"parse error in line {exc.raw_line}: {exc.message.splitlines()[0]}"]
    survey = look_at(module)
    if survey.starlette_application:
        return source, ["a Starlette application is not migrated: see the page about coming from Starlette"]
    rewriter = Rewriter(survey)
    module = MetadataWrapper(module).visit(rewriter)
    warnings = rewriter.warnings
    if convert_models:
        module, more = convert(module)
        warnings = [*warnings, *more]
    return mark + module.code, warnings


class Rewriter(cst.CSTTransformer):
    """Walks through a module once; every warning starts with its line."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey
        self.warnings: list[str] = []
        self._said: set[str] = set()
        self._with_middleware: set[str] = set()
        self._requests: list[dict[str, str]] = []

    def warn(self, node: cst.CSTNode, text: str) -> None:
        """Note what a person must decide; the same thing once, where it comes first."""
        if text not in self._said:
            self._said.add(text)
            place: Any = self.get_metadata(PositionProvider, node)
            self.warnings.append(f"line {place.start.line}: {text}")

    def _warner(self, node: cst.CSTNode) -> Callable[[str], None]:
        return lambda text: self.warn(node, text)

    # Imports

    @override
    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    @override
    def visit_Import(self, node: cst.Import) -> bool:
        return False

    @override
    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        if len(updated_node.body) != 1:
            return updated_node.with_changes(body=self._with_imports(updated_node.body, original_node.body))
        if not isinstance(updated_node.body[0], cst.ImportFrom):
            return updated_node
        first, *others = rewrite_from(updated_node.body[0], self._warner(original_node.body[0]))
        line = updated_node.with_changes(body=[first])
        return cst.FlattenSentinel([line, *(cst.SimpleStatementLine([other]) for other in others)]) if others else line

    @override
    def leave_SimpleStatementSuite(
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.SimpleStatementSuite:
        return updated_node.with_changes(body=self._with_imports(updated_node.body, original_node.body))

    def _with_imports(
        self, body: Sequence[cst.BaseSmallStatement], original: Sequence[cst.BaseSmallStatement]
    ) -> list[cst.BaseSmallStatement]:
        """Return the statements of one line, with the imports among them rewritten."""
        new: list[cst.BaseSmallStatement] = []
        for node, old in zip(body, original, strict=True):
            if isinstance(node, cst.ImportFrom):
                *firsts, last = rewrite_from(node, self._warner(old))
                # A semicolon is before the next statement of the line, or is as it was after the last one.
                new += [each.with_changes(semicolon=cst.MaybeSentinel.DEFAULT) for each in firsts]
                new.append(last.with_changes(semicolon=node.semicolon))
            else:
                new.append(node)
        return new

    @override
    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import:
        return rewrite_import(updated_node)

    # Names

    @override
    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        name = updated_node.value
        if name in RENAMED and self.survey.imported.get(name) == name:
            return updated_node.with_changes(value=RENAMED[name])
        return updated_node

    @override
    def visit_Attribute(self, node: cst.Attribute) -> bool:
        # The attribute's own name is nobody's variable; the value is looked at where it is not a plain chain of names.
        return dotted(node) is None

    @override
    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> cst.Arg:
        return updated_node.with_changes(keyword=original_node.keyword)

    @override
    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        name = dotted(original_node)
        if name is None:
            return updated_node.with_changes(attr=original_node.attr)
        first, *others = name.split(".")
        if first in self.survey.modules:
            return self._module_usage(original_node, first, others)
        if others[0] == "url" and len(others) > 1 and first in self._request_names():
            return self._address(original_node, updated_node, first, others)
        self._check_attribute(original_node, first, others[0])
        return updated_node

    def _module_usage(self, node: cst.Attribute, first: str, others: list[str]) -> cst.BaseExpression:
        module, name = self.survey.modules[first], others.pop(0)
        while others and target_module(f"{module}.{name}") is not None and _is_submodule(module, name):
            module, name = f"{module}.{name}", others.pop(0)
        here, target = RENAMED.get(name, name), str(target_module(module))
        home = home_of(target, here)
        if home is None:
            self.warn(node, f"hawkapi has no {here}{remedy(here)}")
        # `hawkapi` loads its names when they are asked for, not its modules: `hawkapi.security` needs an import.
        root = first if module == self.survey.modules[first] else "hawkapi"
        root = "hawkapi" if first == "fastapi" else root
        if home not in {None, "hawkapi"} and root == "hawkapi" and home_of("hawkapi", here) == "hawkapi":
            home = home if module in self.survey.submodules else "hawkapi"
        tail = "" if root == first and root != "hawkapi" else str(home or target).removeprefix("hawkapi")
        return name_node(".".join([f"{root}{tail}", here, *others]))

    def _address(
        self, node: cst.Attribute, updated: cst.Attribute, first: str, others: list[str]
    ) -> cst.BaseExpression:
        if len(others) == 2 and others[1] in ADDRESS:
            return ADDRESS[others[1]](first)
        self.warn(node, f"{first}.url is a text in hawkapi: it has no {others[1]}")
        return updated

    def _check_attribute(self, node: cst.Attribute, first: str, name: str) -> None:
        kind = self.survey.applications.get(first)
        if kind is None or name in _routes.REWRITTEN:
            return
        if name not in ATTRIBUTES[kind] and name not in INSTANCE:
            self.warn(node, f"{kind} has no {name}{remedy(name)}")

    def _check_order(self, node: cst.Call, front: str, method: str) -> None:
        """Warn where middleware would come in another order."""
        if method == "add_middleware":
            if front in self._with_middleware:
                self.warn(
                    node, f"the middleware of {front} added first is the outermost, in FastAPI the one added last"
                )
            self._with_middleware.add(front)

    def _request_names(self) -> dict[str, str]:
        return {name: kind for names in self._requests for name, kind in names.items()}

    # Calls, decorators, functions

    @override
    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        name = self.survey.original(original_node.func)
        if name is not None:
            return _calls.rewrite_call(name, updated_node, self._warner(original_node))
        front, _, last = (dotted(original_node.func) or "").rpartition(".")
        if front in self.survey.applications:
            self._check_order(original_node, front, last)
            return _routes.rewrite_method(last, updated_node, self._warner(original_node))
        if self._request_names().get(front) == "RequestValidationError" and last == "errors":
            self.warn(original_node, f"{front}.errors is a list of objects with field, message and value, no method")
        return updated_node

    @override
    def leave_Param(self, original_node: cst.Param, updated_node: cst.Param) -> cst.Param:
        updated_node = updated_node.with_changes(name=original_node.name)
        return _calls.fill_depends(updated_node, self.survey)

    @override
    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.Subscript:
        return _calls.fill_annotated(updated_node, self.survey)

    @override
    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        self._requests.append(_calls.requests_of(node, self.survey))
        _routes.check_handler(node, self.survey, self._warner(node))
        return True

    @override
    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        self._requests.pop()
        return updated_node.with_changes(name=original_node.name)

    @override
    def leave_Decorator(self, original_node: cst.Decorator, updated_node: cst.Decorator) -> cst.Decorator:
        return _routes.rewrite_decorator(updated_node, self.survey, self._warner(original_node))

    @override
    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        for target in original_node.targets:
            front, _, last = (dotted(target.target) or "").rpartition(".")
            if last == "openapi" and front in self.survey.applications:
                self.warn(original_node, "the document is changed by on_schema_generated of a plugin")
        return updated_node

    @override
    def leave_Annotation(self, original_node: cst.Annotation, updated_node: cst.Annotation) -> cst.Annotation:
        text = text_of(original_node.annotation)
        if text is not None and self._is_of_fastapi(text):
            self.warn(original_node, f"the annotation {text!r} is a text: write what it names in hawkapi")
        return updated_node

    def _is_of_fastapi(self, text: str) -> bool:
        """Whether an annotation that is written as a text names what has another name now."""
        words = set(re.findall(r"\w+", text))
        return bool(words & RENAMED.keys()) or ("fastapi" in self.survey.modules and "fastapi" in words)


def _is_submodule(module: str, name: str) -> bool:
    full = f"{module}.{name}"
    target = target_module(full)
    return target is not None and (home_of(str(target_module(module)), name) is None or name.islower())
