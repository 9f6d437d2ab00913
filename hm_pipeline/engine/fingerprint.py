"""Fingerprint of the code that a result depends on: the definitions its body reaches, without prose.

A definition is a function, a class or a constant at the top of a module of this package; it reaches those it names.
Docstrings, comments, annotations and the texts of errors are left out, and names of modules, functions and constants stand
only for what they refer to.  So a rename, a moved file or a better sentence changes nothing, and a constant or an expression
changes all results that depend on it and no other.  The definitions are compared as a coloured graph is (Weisfeiler and
Leman, 1968): each is hashed with the hashes of those it names, some rounds over.

Not followed are modules whose effect is seen in what is stored, or that compute nothing (``INFRASTRUCTURE``).  What is only
found at run time is named to :func:`code_digest` beside the body: the loader of a model, the function of a registration.  A
text that names a module of the package counts as using it.
"""

import ast
import hashlib
import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

PACKAGE = __name__.partition(".")[0]
INFRASTRUCTURE = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "base.calendar", "base.contracts", "base.errors", "base.files", "base.settings", "base.validation",
        "features.consistency", "features.units",  # they describe features and compute none
    )
)  # fmt: skip
LIBRARIES = {  # import name: distribution, of what computes; a new minor version may compute something else
    "polars": "polars", "duckdb": "duckdb", "lightgbm": "lightgbm", "xgboost": "xgboost", "catboost": "catboost",
    "sklearn": "scikit-learn", "scipy": "scipy", "numpy": "numpy", "flaml": "flaml",
}  # fmt: skip
PROSE = frozenset({"why", "description", "metadata"})  # arguments of registrations and columns that are only shown
ROUNDS = 8  # names are told apart by what they refer to, so many steps deep

Entry = Callable[..., object] | ModuleType | str


def short_hash(*parts: object) -> str:
    """Return 16 hex digits over the texts of the parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def code_digest(*entries: Entry) -> str:
    """Return a digest of everything that functions, classes or whole modules reach.

    Parameters
    ----------
    entries
        Functions and classes as they are, modules as they are or by name.
    """
    graph = _reached(entries)
    colours = {node: short_hash(part.text) for node, part in graph.items()}
    for _ in range(ROUNDS):
        colours = {node: short_hash(part.text, *(colours[use] for use in part.uses if use in colours)) for node, part in graph.items()}
    return short_hash(*sorted(colours.values()))


@cache
def libraries_of(*entries: Entry) -> dict[str, str]:
    """Return the libraries that are computed with, each with its major and minor version."""
    found = {"polars"}.union(*(part.libraries for part in _reached(entries).values()))  # every table is one of polars, named or not
    return {name: library_version(name) for name in sorted({LIBRARIES[name] for name in found})}


@cache
def library_version(distribution: str) -> str:
    """Return the major and minor version of an installed library."""
    return ".".join(version(distribution).split(".")[:2])


# Reachability ----------------------------------------------------------------------------------------------------

LOOSE = ast.For | ast.While | ast.Expr | ast.Delete | ast.With  # statements that bind no name of their own, but change others
Node = tuple[str, str]  # module and name; a name of no module stands for a body that has none of its own


@dataclass(frozen=True)
class Part:
    """A definition: its text without prose, what it names, in order, and the libraries it calls."""

    text: str
    uses: tuple[Node, ...]
    libraries: frozenset[str]


def _is_infrastructure(module: str) -> bool:
    return module in INFRASTRUCTURE or module.startswith(f"{PACKAGE}.engine.")


def _reached(entries: Iterable[Entry]) -> dict[Node, Part]:
    graph: dict[Node, Part] = {}
    pending: list[Node] = []
    for entry in entries:
        if isinstance(entry, ModuleType | str):
            pending += _whole(entry if isinstance(entry, str) else entry.__name__)
            continue
        node, part = _entered(entry)
        graph[node] = part
        pending += part.uses
    while pending:
        node = pending.pop()
        if node not in graph and not _is_infrastructure(node[0]):
            graph[node] = _module(node[0]).part(node[1])
            pending += graph[node].uses
    return graph


def _entered(entry: Callable[..., object]) -> tuple[Node, Part]:
    """Return the definition of a function or class; its own decorators register it and compute nothing."""
    while isinstance(entry, partial):
        entry = entry.func
    source = entry if hasattr(entry, "__qualname__") else type(entry)
    module, name = _module(source.__module__), source.__qualname__.partition(".")[0]
    if "<" not in source.__qualname__ and name in module.bound:
        return (module.name, name), module.part(name, is_entry=True)
    lines = inspect.cleandoc("\n" + inspect.getsource(source))
    try:
        statements = ast.parse(lines).body
    except SyntaxError:  # a lambda in the middle of a call
        code = inspect.unwrap(source).__code__  # type: ignore[attr-defined]
        return (module.name, source.__qualname__), Part(repr(code.co_code) + repr(code.co_consts), (), frozenset())
    return (module.name, source.__qualname__), _Normaliser(module, is_entry=True).part(statements)


def _whole(module: str) -> list[Node]:
    """Return every definition of a module."""
    return [] if _is_infrastructure(module) else [(module, name) for name in _module(module).bound]


@dataclass
class Module:
    """Top-level statements of a module by the names they bind, and what its imports stand for."""

    name: str
    bound: dict[str, list[ast.stmt]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, str] = field(default_factory=dict)
    parts: dict[tuple[str, bool], Part] = field(default_factory=dict)

    def part(self, name: str, *, is_entry: bool = False) -> Part:
        """Return the definition of a name."""
        if (name, is_entry) not in self.parts:
            self.parts[name, is_entry] = _Normaliser(self, is_entry=is_entry).part(self.bound[name])
        return self.parts[name, is_entry]


@cache
def _module(name: str) -> Module:
    path = getattr(sys.modules.get(name), "__file__", None) or getattr(find_spec(name), "origin", None)
    module = Module(name)
    if path is None or not path.endswith(".py"):
        return module
    package = name if Path(path).name == "__init__.py" else name.rpartition(".")[0]
    statements = ast.parse(_source(Path(path))).body
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module.imports |= _imported(statement, package)
        for bound in _bindings(statement):
            module.bound[bound].append(statement)
    for statement in statements:  # what is done to a name belongs to it
        if isinstance(statement, LOOSE) and not _is_text(statement):
            for mentioned in {item.id for item in ast.walk(statement) if isinstance(item, ast.Name)} & set(module.bound):
                module.bound[mentioned].append(statement)
    return module


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _imported(statement: ast.Import | ast.ImportFrom, package: str) -> dict[str, str]:
    """Return the full names that an import binds."""
    if isinstance(statement, ast.Import):
        return {alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
                for alias in statement.names}  # fmt: skip
    parent = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
    source = ".".join([*parent, *filter(None, [statement.module])])
    return {alias.asname or alias.name: f"{source}.{alias.name}" for alias in statement.names}


def _bindings(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom | LOOSE):
        return []
    return sorted({item.id for item in ast.walk(statement) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)})


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@cache
def _is_module(name: str) -> bool:
    """Return whether a name is a module, importing packages at most: some modules take seconds."""
    if name in sys.modules:
        return True
    parent = name.rpartition(".")[0]
    if parent and not _is_module(parent):
        return False
    package = find_spec(parent) if parent else None
    is_package = not parent or (package is not None and package.submodule_search_locations is not None)
    return is_package and find_spec(name) is not None


# Texts -----------------------------------------------------------------------------------------------------------


class _Normaliser(ast.NodeTransformer):
    """Rewrite of definitions of one module into what they compute: names of the package become what they refer to."""

    def __init__(self, module: Module, *, is_entry: bool = False) -> None:
        self.module, self.is_entry = module, is_entry
        self.own = {PACKAGE, module.name.partition(".")[0]}
        self.uses: list[Node] = []
        self.libraries: set[str] = set()
        self.locals: list[set[str]] = []
        self.imports = dict(module.imports)

    def part(self, statements: Iterable[ast.stmt]) -> Part:
        """Return the definition that statements make."""
        text = "\n".join(ast.dump(self._definition(statement)) for statement in statements)
        return Part(text, tuple(self.uses), frozenset(self.libraries))

    def _definition(self, statement: ast.stmt) -> ast.AST:
        copied = _copy(statement)
        for item in ast.walk(copied):
            if isinstance(item, ast.Import | ast.ImportFrom):
                self.imports |= _imported(item, self.module.name.rpartition(".")[0])
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
        return None if _is_text(node) else self.generic_visit(node)

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
            if not _is_module(name):
                continue
            if count == len(words):
                return _whole(name), []
            module = _module(name)
            if words[count] in module.bound or _is_infrastructure(name):
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
