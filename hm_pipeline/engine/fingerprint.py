"""Fingerprint of the code that a result depends on: the definitions that its body refers to, without prose.

A definition is a function, a class or a constant at the top of a module of this package; it refers to those it names.
Docstrings, comments, annotations and the texts of errors are left out, and names of modules, functions and constants stand
only for what they refer to.  So a rename, a moved file or a better sentence changes nothing, and a constant or an expression
changes all results that depend on it and no other.  The definitions are compared as a coloured graph is (Weisfeiler and
Leman, 1968): each is hashed with the hashes of those it names, some rounds over.

Not followed are modules whose effect is seen in what is stored, or that compute nothing (``INFRASTRUCTURE``).  Code that is only
found at run time is named to :func:`code_digest` beside the body: the loader of a model, the function of a registration.  A
text that names a module of the package counts as using it.
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib.metadata import version
from types import ModuleType

from hm_pipeline.engine.normalised_code import LIBRARIES, Definition, definition, normalised
from hm_pipeline.engine.source_modules import Node, is_infrastructure, module_definitions, module_named

ROUNDS = 8  # names are distinguished by what they refer to, so many steps deep

Entry = Callable[..., object] | ModuleType | str


def short_hash(*parts: object) -> str:
    """Return 16 hex digits over the texts of the parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def code_digest(*entries: Entry) -> str:
    """Return a digest of everything that functions, classes or all of a module refer to.

    Parameters
    ----------
    entries
        Functions and classes as they are, modules as they are or by name.
    """
    graph = _referred(entries)
    colours = {node: short_hash(part.text) for node, part in graph.items()}
    for _ in range(ROUNDS):
        colours = {node: short_hash(part.text, *(colours[use] for use in part.uses if use in colours)) for node, part in graph.items()}
    return short_hash(*sorted(colours.values()))


@cache
def libraries_of(*entries: Entry) -> dict[str, str]:
    """Return the libraries that are computed with, each with its major and minor version."""
    found = {"polars"}.union(*(part.libraries for part in _referred(entries).values()))  # every table is one of polars, named or not
    return {name: library_version(name) for name in sorted({LIBRARIES[name] for name in found})}


@cache
def library_version(distribution: str) -> str:
    """Return the major and minor version of an installed library."""
    return ".".join(version(distribution).split(".")[:2])


def _referred(entries: Iterable[Entry]) -> dict[Node, Definition]:
    graph: dict[Node, Definition] = {}
    pending: list[Node] = []
    for entry in entries:
        if isinstance(entry, ModuleType | str):
            pending += module_definitions(entry if isinstance(entry, str) else entry.__name__)
            continue
        node, part = _entered(entry)
        graph[node] = part
        pending += part.uses
    while pending:
        node = pending.pop()
        if node not in graph and not is_infrastructure(node[0]):
            graph[node] = definition(*node)
            pending += graph[node].uses
    return graph


def _entered(entry: Callable[..., object]) -> tuple[Node, Definition]:
    """Return the definition of a function or class; its own decorators register it and compute nothing."""
    while isinstance(entry, partial):
        entry = entry.func
    source = entry if hasattr(entry, "__qualname__") else type(entry)
    module, name = module_named(source.__module__), source.__qualname__.partition(".")[0]
    if "<" not in source.__qualname__ and name in module.bound:
        return (module.name, name), definition(module.name, name, is_entry=True)
    lines = inspect.cleandoc("\n" + inspect.getsource(source))
    try:
        statements = ast.parse(lines).body
    except SyntaxError:  # a lambda in the middle of a call
        code = inspect.unwrap(source).__code__
        return (module.name, source.__qualname__), Definition(repr(code.co_code) + repr(code.co_consts), (), frozenset())
    return (module.name, source.__qualname__), normalised(module, statements, is_entry=True)
