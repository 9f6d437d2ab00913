"""Source texts of this package's modules: their top-level statements by the names they bind, and what their imports stand for."""

import ast
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGE = __name__.partition(".")[0]
INFRASTRUCTURE = frozenset(
    f"{PACKAGE}.{name}"
    for name in (
        "base.calendar", "base.contracts", "base.errors", "base.files", "base.settings", "base.validation",
        "features.consistency", "features.units",  # they describe features and compute none
    )
)  # fmt: skip

Node = tuple[str, str]  # module and name; a name of no module stands for a body that has none of its own


@dataclass
class Module:
    """Top-level statements of a module by the names they bind, and what its imports stand for."""

    name: str
    bound: dict[str, list[ast.stmt]] = field(default_factory=lambda: defaultdict(list))
    imports: dict[str, str] = field(default_factory=dict)


@cache
def module_named(name: str) -> Module:
    """Return a module of Python, empty where it has no source."""
    path = getattr(sys.modules.get(name), "__file__", None) or getattr(find_spec(name), "origin", None)
    module = Module(name)
    if path is None or not path.endswith(".py"):
        return module
    package = name if Path(path).name == "__init__.py" else name.rpartition(".")[0]
    statements = ast.parse(read_source(Path(path))).body
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module.imports |= imported_names(statement, package)
        for bound in _bindings(statement):
            module.bound[bound].append(statement)
    for statement in statements:  # what is done to a name belongs to it
        if not isinstance(statement, ast.Import | ast.ImportFrom) and not _bindings(statement) and not is_text(statement):
            for mentioned in {item.id for item in ast.walk(statement) if isinstance(item, ast.Name)} & set(module.bound):
                module.bound[mentioned].append(statement)
    return module


def read_source(path: Path) -> str:
    """Return the text of a module."""
    return path.read_text(encoding="utf-8")


def imported_names(statement: ast.Import | ast.ImportFrom, package: str) -> dict[str, str]:
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
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.For | ast.While):
        return []
    return sorted({item.id for item in ast.walk(statement) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)})


def is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is a docstring or another text that nothing reads."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@cache
def is_module(name: str) -> bool:
    """Return whether a name is a module, importing packages at most: some modules take seconds."""
    if name in sys.modules:
        return True
    parent = name.rpartition(".")[0]
    if parent and not is_module(parent):
        return False
    package = find_spec(parent) if parent else None
    is_package = not parent or (package is not None and package.submodule_search_locations is not None)
    return is_package and find_spec(name) is not None


def is_infrastructure(module: str) -> bool:
    """Return whether a module is left out of fingerprints."""
    return module in INFRASTRUCTURE or module.startswith(f"{PACKAGE}.engine.")


def module_definitions(module: str) -> list[Node]:
    """Return every definition of a module."""
    return [] if is_infrastructure(module) else [(module, name) for name in module_named(module).bound]
