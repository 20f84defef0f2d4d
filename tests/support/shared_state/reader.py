"""Walks through a module, and notes what its functions read and change."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from shared_state.classes import Class
from shared_state.expressions import Function, first_argument, is_container, is_static, last, pairs, primitive, words
from shared_state.frames import Frame, bind, own_nodes
from shared_state.names import CACHES, CHANGES, MAKERS

CLASS_NAMES_THAT_ARE_READ_ONCE: Final = {"__slots__", "__match_args__", "__all__"}


class Touch(NamedTuple):
    """A read or a change of an attribute by a function."""

    module: str
    owners: frozenset[str]
    """The classes that the object may be of."""
    attribute: str
    how: str
    """`read`, `write` (the attribute itself) or `change` (of what it holds)."""
    function: str
    guards: frozenset[str]
    """What the `with` blocks around it enter, by the last part of their names."""
    tests: bool
    """Whether it is a read in the condition of an `if`, or of a `try`."""
    imports: Mapping[str, str]
    """Where the names that the module imports come from."""


class State:
    """One object that threads could share: an attribute, a name of a module, a primitive."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()
        self.unguarded: defaultdict[str, set[str]] = defaultdict(set)
        """By kind (`lazy`, `check-then-set`), the functions that read and then write outside any `with`."""
        self.writers: list[Touch] = []


type Found = dict[tuple[str, str], State]
"""By module and object."""


class Reader(ast.NodeVisitor):
    """Walks through a module, and notes what its functions read and change."""

    def __init__(self, module: str, tree: ast.Module, classes: dict[str, list[Class]], found: Found) -> None:
        self.module = module
        self.classes = classes
        self.found = found
        self.touches: list[Touch] = []
        self.inside: list[str] = []
        self.frames: list[Frame] = []
        self.guards: list[str] = []
        self.testing = 0
        self.imported = {
            alias.asname or alias.name: node.module or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        self.names = {
            last(target)
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }

    # Where it is

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside.append(node.name)
        for part in node.body:
            if isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
                self.class_attribute(node, part)
        frames, self.frames = self.frames, []
        self.generic_visit(node)
        self.frames = frames
        self.inside.pop()

    def class_attribute(self, node: ast.ClassDef, part: ast.Assign | ast.AnnAssign) -> None:
        for target, value in pairs(part):
            name = last(target)
            if is_container(value) and last(value) != "field" and name not in CLASS_NAMES_THAT_ARE_READ_ONCE:
                self.found[self.module, f"{node.name}.{name}"].kinds.add("class state")
            if kind := primitive(value):
                self.found[self.module, f"{node.name}.{name}"].kinds.add(kind)

    def visit_FunctionDef(self, node: Function) -> None:
        for decorator in node.decorator_list:
            if last(decorator) in CACHES:
                label = ".".join([*self.inside[-1:], *(f.name for f in self.frames[:1]), node.name])
                self.found[self.module, label].kinds.add("lazy")
        nested = bool(self.frames)
        me = ""
        if nested:
            me = self.frames[-1].me
        elif self.inside and not is_static(node):
            me = first_argument(node)
        frame = Frame(self.frames[0].name if nested else node.name, me, node)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if is_container(default):
                self.found[self.module, f"{node.name}()"].kinds.add("module state")
        self.enter(frame, node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        outer = self.frames[-1] if self.frames else None
        self.enter(Frame(outer.name if outer else "<lambda>", outer.me if outer else "", node), node)

    def enter(self, frame: Frame, node: Function | ast.Lambda) -> None:
        for part in own_nodes(node):
            bind(frame, part)
        frame.fresh -= frame.stale
        self.frames.append(frame)
        guards, self.guards = self.guards, []
        self.generic_visit(node)
        self.guards = guards
        self.frames.pop()

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        names = [name for item in node.items for name in words(item.context_expr)]
        for item in node.items:
            self.visit(item)
        self.guards += names
        for part in node.body:
            self.visit(part)
        del self.guards[len(self.guards) - len(names) :]

    visit_AsyncWith = visit_With

    def visit_If(self, node: ast.If | ast.While | ast.IfExp) -> None:
        self.testing += 1
        self.visit(node.test)
        self.testing -= 1
        for part in (node.body, node.orelse):
            for one in part if isinstance(part, list) else [part]:
                self.visit(one)

    visit_While = visit_If

    def visit_Try(self, node: ast.Try) -> None:
        self.testing += 1
        for part in node.body:
            self.visit(part)
        self.testing -= 1
        for rest in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(rest)

    # What it meets

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self.found[self.module, name].kinds.add("module state")

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            self.found[self.module, f"{self.place()}: {name}"].kinds.add("closure")

    def visit_Assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        if node.value is not None and self.frames:
            for target, value in pairs(node):
                kind = primitive(value)
                if kind and isinstance(target, ast.Attribute):
                    for owner in self.owners(target.value) or {self.place()}:
                        self.found[self.home(owner), f"{owner}.{target.attr}"].kinds.add(kind)
        self.generic_visit(node)

    visit_AnnAssign = visit_Assign

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Attribute):
            self.touch(target, "read")
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Attribute):
            self.touch(target.value, "read")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self.touch(node, "write")
        elif node.attr in CHANGES:
            self.change(node.value)
            inner = node.value
            self.visit(inner.value if isinstance(inner, ast.Attribute) else inner)
            return
        else:
            self.touch(node, "read")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store | ast.Del):
            self.change(node.value)
            inner = node.value
            self.visit(inner.value if isinstance(inner, ast.Attribute) else inner)
            self.visit(node.slice)
            return
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = last(node.func)
        if name in {"setattr", "__setattr__", "delattr", "__delattr__"} and len(node.args) >= 2:
            key = node.args[1]
            attribute = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "*"
            stand_in = ast.Attribute(node.args[0], attribute, ast.Store())
            self.touch(stand_in, "write")
        if name == "globals" and self.frames:
            self.found[self.module, "globals()"].kinds.add("module state")
        if name in {"heappush", "heappop", "insort"} and node.args:
            self.change(node.args[0])
        self.generic_visit(node)

    # Whose it is

    def place(self) -> str:
        return ".".join([*self.inside[-1:], *(frame.name for frame in self.frames[:1])])

    def home(self, owner: str) -> str:
        group = self.classes.get(owner, [])
        if not group or any(one.module == self.module for one in group):
            return self.module
        return group[0].module

    def change(self, value: ast.expr) -> None:
        """Note that what an expression stands for is changed."""
        if isinstance(value, ast.Attribute):
            self.touch(value, "change")
        elif isinstance(value, ast.Subscript):
            self.change(value.value)
        elif isinstance(value, ast.Name) and self.frames:
            self.change_name(value.id)

    def change_name(self, name: str) -> None:
        frame = self.frames[-1]
        if name in frame.bound:
            if name in frame.alias:
                self.touch(frame.alias[name], "change")
            return
        for outer in reversed(self.frames[:-1]):
            if name in outer.bound:
                if name in outer.alias:
                    self.touch(outer.alias[name], "change")
                elif name in outer.containers:
                    self.found[self.module, f"{self.place()}: {name}"].kinds.add("closure")
                return
        if name in self.names:
            self.found[self.module, name].kinds.add("module state")

    def touch(self, node: ast.Attribute, how: str) -> None:
        if not self.frames or self.is_fresh(node.value):
            return
        if how != "read" and self.is_local(node.value):
            return
        owners = self.owners(node.value)
        if last(node.value) == "cls" and how != "read" and self.frames[0].name not in MAKERS:
            self.found[self.module, f"{self.place()}: {node.attr}"].kinds.add("class state")
        if not owners and how != "read":
            owners = self.likely_owners(node.attr) or {f"{self.place()}: {ast.unparse(node.value)}"}
        self.touches.append(
            Touch(
                self.module,
                frozenset(owners),
                node.attr,
                how,
                self.frames[0].name,
                frozenset(self.guards),
                bool(self.testing),
                self.imported,
            )
        )

    def is_local(self, node: ast.expr) -> bool:
        """Return whether an expression is an attribute that keeps a `threading.local`."""
        if not isinstance(node, ast.Attribute):
            return False
        return any(
            "thread-owned" in one.fields[node.attr].kinds
            for owner in self.owners(node.value)
            for one in self.classes[owner]
            if node.attr in one.fields
        )

    def likely_owners(self, attribute: str) -> set[str]:
        """Return the classes of this module that have an attribute of that name, else those that it imports."""
        group = [one for ones in self.classes.values() for one in ones if attribute in one.fields]
        here = {one.name for one in group if one.module == self.module}
        return here or {one.name for one in group if one.name in self.imported}

    def is_fresh(self, node: ast.expr) -> bool:
        """Return whether an expression stands for what this function has made."""
        if isinstance(node, ast.Call):
            return last(node.func) in self.classes
        return isinstance(node, ast.Name) and any(node.id in frame.fresh for frame in self.frames[-1:])

    def owners(self, node: ast.expr) -> set[str]:
        """Return the classes of the package that an expression may be of."""
        if isinstance(node, ast.Name):
            for frame in reversed(self.frames):
                if node.id == frame.me:
                    return set(self.inside[-1:])
                if node.id in frame.bound:
                    known = {name for name in frame.types.get(node.id, set()) if name in self.classes}
                    return known or (self.owners(frame.alias[node.id]) if node.id in frame.alias else set())
            return set()
        if isinstance(node, ast.Attribute):
            return {
                name
                for owner in self.owners(node.value)
                for one in self.classes.get(owner, [])
                for name in one.fields[node.attr].types
                if node.attr in one.fields and name in self.classes
            }
        return {name for name in {last(node)} if isinstance(node, ast.Call) and name in self.classes}
