"""Definitions without prose: what a function, a class or a constant computes, whatever it is called and wherever it stands."""

import ast
from collections.abc import Iterable, Iterator
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
    module_named,
    whole_module,
)

LIBRARIES = {  # import name: distribution, of what computes; a new minor version may compute something else
    "polars": "polars", "duckdb": "duckdb", "lightgbm": "lightgbm", "xgboost": "xgboost", "catboost": "catboost",
    "sklearn": "scikit-learn", "scipy": "scipy", "numpy": "numpy", "flaml": "flaml",
}  # fmt: skip
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
    return _Normaliser(module, is_entry=is_entry).definition_of(statements)


class _Normaliser(ast.NodeTransformer):
    """Rewrite of definitions of one module into what they compute: names of the package become what they refer to."""

    def __init__(self, module: Module, *, is_entry: bool = False) -> None:
        self.module, self.is_entry = module, is_entry
        self.own = {PACKAGE, module.name.partition(".")[0]}
        self.uses: list[Node] = []
        self.libraries: set[str] = set()
        self.locals: list[set[str]] = []
        self.imports = dict(module.imports)

    def definition_of(self, statements: Iterable[ast.stmt]) -> Definition:
        """Return the definition that statements make."""
        text = "\n".join(ast.dump(self._rewritten(statement)) for statement in statements)
        return Definition(text, tuple(self.uses), frozenset(self.libraries))

    def _rewritten(self, statement: ast.stmt) -> ast.AST:
        copied = _copy(statement)
        for item in ast.walk(copied):
            if isinstance(item, ast.Import | ast.ImportFrom):
                self.imports |= imported_names(item, self.module.name.rpartition(".")[0])
        if isinstance(copied, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            copied.name = "@"
            copied.decorator_list = [] if self.is_entry else copied.decorator_list
        return self._visited(copied)

    def _visited(self, node: ast.AST) -> ast.AST:
        found: ast.AST = self.visit(node)
        return found

    def visit_Import(self, _node: ast.Import) -> None:
        """Leave out: what is imported is followed where it is named."""

    def visit_ImportFrom(self, _node: ast.ImportFrom) -> None:
        """Leave out, as above."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if is_text(node) else self.generic_visit(node)

    def visit_Raise(self, _node: ast.Raise) -> ast.AST:
        return ast.Raise()  # what ends in an error computes nothing

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [word for word in node.keywords if word.arg not in PROSE or not self._describes(node.func)]
        return self.generic_visit(node)

    def _describes(self, function: ast.expr) -> bool:
        """Return whether what is called is a registration of this package, or a column of a contract."""
        origin = self._origin(function) or ""
        return origin.startswith("dataframely.") or origin.partition(".")[0] in self.own or isinstance(function, ast.Name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        if not isinstance(node, ast.Lambda):
            node.returns = None
        self.locals.append(set(_locals(node)))
        found = self.generic_visit(node)
        self.locals.pop()
        return found

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self.locals or (isinstance(node.target, ast.Name) and node.target.id in self.module.bound):
            node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not (isinstance(node.value, str) and node.value.startswith(tuple(f"{name}." for name in self.own))):
            return node
        found, rest = self._named(node.value.replace(":", "."))
        self.uses += found
        return ast.Constant(".".join(["@", *rest])) if found else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        origin = self._origin(node)
        return self.generic_visit(node) if origin is None else self._refer(node, origin)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        origin = self._origin(node)
        return node if origin is None else self._refer(node, origin)

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

    def _refer(self, node: ast.expr, origin: str) -> ast.AST:
        if origin.partition(".")[0] not in self.own:
            self.libraries |= {origin.partition(".")[0]} & set(LIBRARIES)
            return ast.Name(origin, getattr(node, "ctx", ast.Load()))
        found, rest = self._named(origin)
        self.uses += found
        return ast.Name(".".join(["@", *rest]), getattr(node, "ctx", ast.Load()))

    def _named(self, origin: str) -> tuple[list[Node], list[str]]:
        """Return the definitions that a full name refers to, one or all of a module, and the names that are looked up in it."""
        words = origin.split(".")
        for count in range(len(words), 0, -1):
            name = ".".join(words[:count])
            if not is_module(name):
                continue
            if count == len(words):
                return whole_module(name), []
            module = module_named(name)
            if words[count] in module.bound or is_infrastructure(name):
                return [(name, words[count])], words[count + 1 :]
            if words[count] in module.imports:  # handed on by a package
                return self._named(".".join([module.imports[words[count]], *words[count + 1 :]]))
        return [], words[-1:]


def _locals(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Iterator[str]:
    """Yield the names that a function binds itself."""
    shared = {name for item in ast.walk(function) if isinstance(item, ast.Global) for name in item.names}
    for item in ast.walk(function):
        if isinstance(item, ast.arg):
            yield item.arg
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store) and item.id not in shared:
            yield item.id
        elif isinstance(item, ast.FunctionDef | ast.ClassDef) and item is not function:
            yield item.name


def _copy(statement: ast.stmt) -> ast.stmt:
    return ast.parse(ast.unparse(statement)).body[0]
