"""Rules of the tree that no linter has."""

from pathlib import Path

import pytest

import hm_pipeline

ROOT = Path(hm_pipeline.__file__).parent
MOST_LINES, MOST_ENTRIES = 200, 12


@pytest.mark.parametrize("file", sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")))
def test_a_file_has_one_idea(file: str) -> None:
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_top_shows_the_rooms() -> None:
    entries = {path.name for path in ROOT.iterdir()} - {"__pycache__", "py.typed"}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_every_package_has_a_first_sentence() -> None:
    silent = [path for path in ROOT.rglob("__init__.py") if not path.read_text(encoding="utf-8").startswith('"""')]
    assert silent == [ROOT / "__init__.py"] or silent == []
