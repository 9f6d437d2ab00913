"""Digests of the sources that a result depends on: a module's text, and that of all of this package that it imports."""

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Changes here are seen in what is stored (contracts) or change nothing that is computed.
INFRASTRUCTURE = frozenset(
    "hm_pipeline." + name
    for name in (
        "boundary", "contracts", "errors", "settings", "weeks", "tables", "shards", "inputs", "steps", "graph", "runner",
        "sources", "unforeseen", "workers",
        "features.drift", "features.units",  # they tell of features and compute none
    )
)  # fmt: skip


def short_hash(*parts: object) -> str:
    """Return 16 hex digits over the texts of the parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def digest(module: str) -> str:
    """Return a digest of a module's source and of all of this package that it imports, infrastructure apart."""
    seen: dict[str, str] = {}
    _collect(module, seen)
    return short_hash(*(f"{name} {text}" for name, text in sorted(seen.items())))


def _collect(module: str, seen: dict[str, str]) -> None:
    if module in seen or module in INFRASTRUCTURE:
        return
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return
    source = Path(spec.origin).read_text()
    seen[module] = source
    for name in _imports(ast.parse(source)):
        _collect(name, seen)


def _imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names if _is_module(f"{node.module}.{alias.name}")}
            # `from package import module` depends on the module; the package's own list of modules decides nothing here.
            names.update(modules or {node.module})
    return {name for name in names if name.startswith("hm_pipeline.")}


def _is_module(name: str) -> bool:
    """Tell a module from a name inside one, importing packages at most: some modules take seconds."""
    parent = name.rpartition(".")[0]
    if not parent.startswith("hm_pipeline"):
        return False
    package = find_spec(parent) if parent == "hm_pipeline" or _is_module(parent) else None
    return package is not None and package.submodule_search_locations is not None and find_spec(name) is not None
