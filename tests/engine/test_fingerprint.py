"""A fingerprint of code changes with what is computed, and with nothing else."""

import ast
import itertools
from functools import partial
from importlib import import_module, invalidate_caches

import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.engine import fingerprint, normalised_code, source_modules
from hm_pipeline.engine.fingerprint import code_digest, libraries_of

MAIN = """
'''What it does.'''
import numpy as np
import polars as pl
from {package}.parts import helper as double
from {package} import parts

RATE = 3  # a comment
UNUSED = 4
TABLE: dict[str, int] = {{}}
TABLE["a"] = RATE


def body(rows: int, week: int = 1) -> int:
    '''Return something.'''
    if rows < 0:
        raise ValueError("no rows")
    return double(rows) * RATE + parts.OFFSET + week + TABLE["a"]


def other() -> pl.DataFrame:
    return pl.DataFrame({{"x": np.ones(UNUSED)}})


class Model:
    '''A model.'''
    def fit(self) -> int:
        '''Fit.'''
        return parts.OFFSET


@parts.cached
def decorated() -> int:
    return 1


def texts() -> object:
    return parts.load("{package}.late:late")
"""
PARTS = """
OFFSET = 5


def helper(value):
    return value * 2 if value < 100 else deeper(value)


def deeper(value):
    return helper(value - 1)


def cached(function):
    return function


def load(name):
    return name
"""
COUNT = itertools.count()  # a module is imported once
LATE = "def late():\n    return 8\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a maker of packages; each gives the digest of one of its definitions."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(main=MAIN, parts=PARTS, late=LATE, *, of="body", also=()):
        name = f"made{next(COUNT)}"
        files = {"__init__": "", "main": main, "parts": parts, "late": late, **dict(also)}
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / f"{file}.py").write_text(text.replace("{package}", name).replace("{{", "{").replace("}}", "}"))
        invalidate_caches()
        return code_digest(getattr(import_module(f"{name}.main"), of))

    return make


PROSE = {
    "a docstring": ("Return something.", "Return something else, in other words."),
    "the module's docstring": ("What it does.", "Why."),
    "a comment": ("# a comment", "# another"),
    "an annotation": ("rows: int, week: int = 1) -> int", "rows, week=1)"),
    "the text of an error": ("no rows", "rows are needed"),
    "what is not reached": ("UNUSED = 4", "UNUSED = 5"),
    "what is not called": ("np.ones(UNUSED)", "np.zeros(7)"),
    "a constant's name": ("RATE", "SPEED"),
    "a function's name": ("def body(", "def body_of("),
    "the name of an import": ("double", "twice"),
    "an empty line": ("UNUSED = 4\n", "UNUSED = 4\n\n\n"),
}


@pytest.mark.parametrize("change", PROSE)
def test_prose_names_and_what_is_not_reached_change_nothing(package, change):
    old, new = PROSE[change]
    changed = MAIN.replace(old, new)
    assert changed != MAIN
    assert package(changed, of="body_of" if "body_of" in changed else "body") == package()


def test_a_moved_and_renamed_definition_changes_nothing(package):
    moved = PARTS.replace(PARTS[PARTS.index("def deeper") : PARTS.index("def cached")], "").replace("deeper", "shallower")
    moved = "from {package}.depth import shallower\n" + moved
    depth = "def shallower(value):\n    from {package}.parts import helper\n\n    return helper(value - 1)\n"
    assert package(parts=moved, also={"depth": depth}) == package()


def test_a_renamed_module_changes_nothing(package):
    renamed = MAIN.replace("{package}.parts import", "{package}.pieces import").replace("import parts", "import pieces")
    assert package(renamed.replace("parts.", "pieces."), also={"pieces": PARTS}) == package()


CODE = {
    "a constant": ("main", "RATE = 3", "RATE = 4", "body"),
    "an expression": ("main", "* RATE +", "* RATE -", "body"),
    "a default": ("main", "week: int = 1", "week: int = 2", "body"),
    "a condition of an error": ("main", "rows < 0", "rows < 1", "body"),
    "what is done to a name": ("main", 'TABLE["a"] = RATE', 'TABLE["b"] = RATE', "body"),
    "a constant of another module": ("parts", "OFFSET = 5", "OFFSET = 6", "body"),
    "two steps away": ("parts", "value - 1", "value - 2", "body"),
    "another function of the same shape": ("main", "double(rows)", "parts.load(rows)", "body"),
    "a method": ("main", "return parts.OFFSET", "return -parts.OFFSET", "Model"),
    "a decorator's body": ("parts", "return function\n", "return [function]\n", "calls"),
    "a library's function": ("main", "np.ones", "np.zeros", "other"),
    "what is named by a text": ("late", "return 8", "return 9", "texts"),
}


@pytest.mark.parametrize("change", CODE)
def test_what_is_computed_changes_it(package, change):
    file, old, new, of = CODE[change]
    main = MAIN + "\n\ndef calls():\n    return decorated()\n"
    texts = {"main": main, "parts": PARTS, "late": LATE}
    assert old in texts[file]
    changed = texts | {file: texts[file].replace(old, new)}
    assert package(**changed, of=of) != package(**texts, of=of)


def test_two_functions_that_change_places_change_it(package):
    pair = "\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n\n\ndef pair():\n    return one() - two()\n"
    swapped = pair.replace("one() - two()", "two() - one()")
    assert package(MAIN + pair, of="pair") != package(MAIN + swapped, of="pair")


def test_closures_lambdas_and_partials_have_digests():
    def made(power):
        return lambda value: value**power

    cubes = lambda value: value**3  # noqa: E731 - a lambda is what is tried
    squares = lambda value: value**2  # noqa: E731
    assert code_digest(cubes) != code_digest(squares)
    assert code_digest(partial(test_closures_lambdas_and_partials_have_digests)) == code_digest(
        test_closures_lambdas_and_partials_have_digests
    )
    assert code_digest(made(2)) == code_digest(made(2))


# The product's own steps ---------------------------------------------------------------------------------------------


@pytest.fixture
def versions(monkeypatch):
    """Return what gives the version of every step, where sources are read through a change."""
    source = source_modules.read_source

    def of(change=lambda _path, text: text):
        for cached in (source_modules.module_named, normalised_code.definition, code_digest, libraries_of):
            cached.cache_clear()
        monkeypatch.setattr(source_modules, "read_source", lambda path: change(path, source(path)))
        return {name: step.version() for name, step in STEPS.items() if not step.is_ingested}

    yield of
    monkeypatch.undo()
    of()


def test_no_step_depends_on_prose(versions):
    def plain(_path, text):
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node):
                node.body[0].value = ast.Constant("Something else.")
        return "# Another first line.\n" + ast.unparse(tree)

    assert versions(plain) == versions()


def replaced(end, old, new):
    def change(path, text):
        if path.as_posix().endswith(end):
            assert old in text
            return text.replace(old, new)
        return text

    return change


def changed(versions, end, old, new):
    before, after = versions(), versions(replaced(end, old, new))
    return {name for name in before if before[name] != after[name]}


JOINED = {"feature_store", "feature_matrix", "recommendations", "online_store", "drift"}  # they build the views of all signals


def test_a_constant_of_a_signal_changes_it_and_nothing_beside(versions):
    assert changed(versions, "signals/need_propensity.py", "pl.lit(0.0)", "pl.lit(0.5)") - JOINED == {"signal/need_propensity"}


def test_a_changed_list_leaves_the_search_as_it_is(versions):
    found = changed(versions, "ensemble/lists.py", "True, False]", "True, True]")
    assert "recommendations" in found
    assert not found & {"search", "ensemble", "candidates", "labels", "audience"}


def test_a_new_library_changes_what_computes_with_it(versions, monkeypatch):
    before = versions()
    known = fingerprint.library_version
    monkeypatch.setattr(fingerprint, "library_version", lambda name: "99.0" if name == "lightgbm" else known(name))
    after = versions()
    found = {name for name in before if before[name] != after[name]}
    assert {"model/type_need", "search", "ensemble"} <= found
    assert not found & {"history/vectors", "candidates", "audience", "signal/momentum"}
