"""Definitions without prose: what a function, a class or a constant computes, whatever it is called and wherever it stands."""

import ast
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache

from hm_pipeline.engine.source_modules import (
    PACKAGE,
    Module,
    Node,
    imported_names,
    is_infrastructure,
    is_module,
    is_text,
    module_definitions,
    module_named,
)

LIBRARIES = {  # import name: distribution, of what computes; a new minor version may compute something else
    "polars": "polars", "duckdb": "duckdb", "lightgbm": "lightgbm", "xgboost": "xgboost", "catboost": "catboost",
    "sklearn": "scikit-learn", "scipy": "scipy", "numpy": "numpy", "flaml": "flaml",
}  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
LEFT_OUT = frozenset({"ctx", "returns", "type_comment", "kind"})  # fields of the tree: annotations, and what follows from the rest
PROSE = frozenset({"why", "description", "metadata"})  # arguments of registrations and columns that are only shown


@dataclass(frozen=True)
class Definition:
    """A definition: its text without prose, what it names, in order, and the libraries it calls."""

    text: str
    uses: tuple[Node, ...]
    libraries: frozenset[str]


@cache
def definition(module: str, name: str, *, is_entry: bool = False) -> Definition:
    """Return the definition of a name; the decorators of an entry register it and compute nothing."""
    return normalised(module_named(module), module_named(module).bound[name], is_entry=is_entry)


def normalised(module: Module, statements: Iterable[ast.stmt], *, is_entry: bool = False) -> Definition:
    """Return the definition that statements of a module make."""
    return _Writer(module, is_entry=is_entry).definition_of(statements)


class _Writer:
    """Text of definitions of one module as what they compute: names of the package become what they refer to.

    The text is that of the syntax tree, written in one pass and without what is prose; ``_name`` writes nodes of the kind ``Name``.
    """

    def __init__(self, module: Module, *, is_entry: bool = False) -> None:
        self.module, self.is_entry = module, is_entry
        self.own = {PACKAGE, module.name.partition(".")[0]}
        self.prefixes = tuple(f"{name}." for name in self.own)
        self.text: list[str] = []
        self.uses: list[Node] = []
        self.libraries: set[str] = set()
        self.locals: list[set[str]] = []
        self.imports = module.imports

    def definition_of(self, statements: Iterable[ast.stmt]) -> Definition:
        """Return the definition that statements make."""
        for statement in statements:
            inner = [item for item in ast.walk(statement) if isinstance(item, ast.Import | ast.ImportFrom)]
            for item in inner:
                self.imports = self.imports | imported_names(item, self.module.name.rpartition(".")[0])
            is_named = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            self._fields(statement, without={"name", *(("decorator_list",) if self.is_entry else ())} if is_named else set())
        return Definition(" ".join(self.text), tuple(self.uses), frozenset(self.libraries))

    def _write(self, value: object) -> None:
        if isinstance(value, list):
            self.text.append("[")
            for item in value:
                self._write(item)
            self.text.append("]")
        elif not isinstance(value, ast.AST):
            self.text.append(repr(value))
        elif writer := getattr(self, f"_{type(value).__name__.lower()}", None):
            writer(value)
        else:
            self._fields(value)

    def _fields(self, node: ast.AST, without: AbstractSet[str] = frozenset()) -> None:
        """Write a node's kind and its fields; what a function binds itself is no name of the module."""
        if isinstance(node, FUNCTIONS):
            self.locals.append(set(_locals(node)))
        self.text.append(type(node).__name__)
        for name in node._fields:
            if name not in LEFT_OUT and name not in without:
                self._write(getattr(node, name, None))
        if isinstance(node, FUNCTIONS):
            self.locals.pop()

    def _import(self, _node: ast.Import) -> None:
        """Leave out: what is imported is followed where it is named."""

    def _importfrom(self, _node: ast.ImportFrom) -> None:
        """Leave out, as above."""

    def _raise(self, _node: ast.Raise) -> None:
        self.text.append("Raise")  # what ends in an error computes nothing

    def _expr(self, node: ast.Expr) -> None:
        if not is_text(node):
            self._write(node.value)

    def _arg(self, node: ast.arg) -> None:
        self.text.append(node.arg)

    def _call(self, node: ast.Call) -> None:
        """Leave out arguments of registrations and columns that are only shown."""
        origin = self._origin(node.func) or ""
        is_ours = origin.startswith("dataframely.") or origin.partition(".")[0] in self.own or isinstance(node.func, ast.Name)
        self.text.append("Call")
        self._write([node.func, *node.args, *(word for word in node.keywords if not (is_ours and word.arg in PROSE))])

    def _annassign(self, node: ast.AnnAssign) -> None:
        is_class = not self.locals and not (isinstance(node.target, ast.Name) and node.target.id in self.module.bound)
        self._fields(node, without=set() if is_class else {"annotation"})

    def _constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and node.value.startswith(self.prefixes):
            found, rest = self._named(node.value.replace(":", "."))
            self.uses += found
            self.text.append(".".join(["'@", *rest]) if found else repr(node.value))
        else:
            self.text.append(repr(node.value))

    def _attribute(self, node: ast.Attribute) -> None:
        origin = self._origin(node)
        self._fields(node) if origin is None else self._refer(origin)

    def _name(self, node: ast.Name) -> None:
        origin = self._origin(node)
        self.text.append(node.id) if origin is None else self._refer(origin)

    def _origin(self, node: ast.expr) -> str | None:
        """Return the full name of what an expression of names and dots refers to, where it is known."""
        if isinstance(node, ast.Attribute):
            origin = self._origin(node.value)
            return origin and f"{origin}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        if node.id in self.imports:
            return self.imports[node.id]
        is_local = any(node.id in names for names in self.locals)
        return f"{self.module.name}.{node.id}" if node.id in self.module.bound and not is_local else None

    def _refer(self, origin: str) -> None:
        if origin.partition(".")[0] not in self.own:
            self.libraries |= {origin.partition(".")[0]} & set(LIBRARIES)
            self.text.append(origin)
            return
        found, rest = self._named(origin)
        self.uses += found
        self.text.append(".".join(["@", *rest]))

    def _named(self, origin: str) -> tuple[list[Node], list[str]]:
        """Return the definitions that a full name refers to, one or all of a module, and the names that are looked up in it."""
        words = origin.split(".")
        for count in range(len(words), 0, -1):
            name = ".".join(words[:count])
            if not is_module(name):
                continue
            if count == len(words):
                return module_definitions(name), []
            module = module_named(name)
            if words[count] in module.bound or is_infrastructure(name):
                return [(name, words[count])], words[count + 1 :]
            if words[count] in module.imports:  # handed on by a package
                return self._named(".".join([module.imports[words[count]], *words[count + 1 :]]))
        return [], words[-1:]


def _locals(function: ast.AST) -> Iterator[str]:
    """Yield the names that a function binds itself."""
    shared = {name for item in ast.walk(function) if isinstance(item, ast.Global) for name in item.names}
    for item in ast.walk(function):
        if isinstance(item, ast.arg):
            yield item.arg
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store) and item.id not in shared:
            yield item.id
        elif isinstance(item, ast.FunctionDef | ast.ClassDef) and item is not function:
            yield item.name
