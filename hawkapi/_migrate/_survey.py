"""What a module has to do with FastAPI: what it imports under which name, and its applications and routers."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from hawkapi._migrate._names import RENAMED
from hawkapi._migrate._syntax import dotted, text_of


@dataclass
class Survey:
    """The facts of one module."""

    modules: dict[str, str] = field(default_factory=dict[str, str])
    """The modules of FastAPI by the name that they have here."""
    imported: dict[str, str] = field(default_factory=dict[str, str])
    """What comes from FastAPI or Starlette, by the name that it has here, as it is called there."""
    submodules: set[str] = field(default_factory=set[str])
    """The submodules that `import fastapi.x` names."""
    applications: dict[str, str] = field(default_factory=dict[str, str])
    """`HawkAPI` or `Router`, by the variable that holds one."""
    starlette_application: bool = False

    @property
    def uses_fastapi(self) -> bool:
        """Whether the module imports anything of FastAPI."""
        return bool(self.modules) or any(True for _ in self.imported)

    def original(self, node: cst.BaseExpression | None) -> str | None:
        """Return what an expression is called in FastAPI, without its module; `None`: it is not of FastAPI."""
        name = dotted(node)
        if name is None:
            return None
        front, _, last = name.rpartition(".")
        if not front:
            return self.imported.get(last)
        return last if front.partition(".")[0] in self.modules else None


def look_at(module: cst.Module) -> Survey:
    """Return the facts of a module."""
    survey = Survey()
    module.visit(_Imports(survey))
    module.visit(_Applications(survey))
    return survey


class _Imports(cst.CSTVisitor):
    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = None if node.relative else dotted(node.module)
        if module is None or module.partition(".")[0] not in {"fastapi", "starlette"}:
            return
        self.survey.starlette_application |= module in {"starlette.applications", "starlette.routing"}
        if isinstance(node.names, cst.ImportStar):
            self.survey.imported.update({name: name for name in RENAMED})
            return
        for alias in node.names:
            name = str(dotted(alias.name))
            bound = dotted(alias.asname.name) if alias.asname and isinstance(alias.asname.name, cst.Name) else name
            self.survey.imported[str(bound)] = name

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = str(dotted(alias.name))
            if name.partition(".")[0] != "fastapi":
                continue
            if alias.asname and isinstance(alias.asname.name, cst.Name):
                self.survey.modules[alias.asname.name.value] = name
            else:
                self.survey.modules["fastapi"] = "fastapi"
                self.survey.submodules.add(name)


class _Applications(cst.CSTVisitor):
    def __init__(self, survey: Survey) -> None:
        super().__init__()
        self.survey = survey

    def visit_Assign(self, node: cst.Assign) -> None:
        for target in node.targets:
            self._note(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:
        self._note(node.target, node.value)

    def visit_Param(self, node: cst.Param) -> None:
        if node.annotation is not None:
            kind = RENAMED.get(self.survey.original(node.annotation.annotation) or "")
            if kind is not None:
                self.survey.applications[node.name.value] = kind

    def _note(self, target: cst.BaseExpression, value: cst.BaseExpression | None) -> None:
        if isinstance(target, cst.Name) and isinstance(value, cst.Call):
            kind = RENAMED.get(self.survey.original(value.func) or "")
            if kind is not None:
                self.survey.applications[target.value] = kind


def path_of(call: cst.Call) -> str | None:
    """Return the path that a route's decorator is given."""
    for arg in call.args:
        if (arg.keyword is None and not arg.star) or (arg.keyword is not None and arg.keyword.value == "path"):
            return text_of(arg.value)
    return None
