"""Versions of the libraries that a home was last computed with, so that a new one is named where weeks are made again."""

import json
from pathlib import Path

from hm_pipeline.base.files import atomic_write
from hm_pipeline.engine.fingerprint import library_version
from hm_pipeline.engine.normalised_code import LIBRARIES

FILE = "libraries.json"


def changed_libraries(home: Path) -> list[str]:
    """Return what has another major or minor version than when the home was last made, as sentences."""
    path = home / FILE
    stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    now = _installed()
    return [
        f"{name} {before} is now {now[name]}: what it computed is stale"
        for name, before in stored.items()
        if now.get(name, before) != before
    ]


def record_libraries(home: Path) -> None:
    """Store the versions of today."""
    text = json.dumps(_installed(), indent=1) + "\n"
    if not (home / FILE).exists() or (home / FILE).read_text() != text:
        atomic_write(home / FILE, lambda path: path.write_text(text))


def _installed() -> dict[str, str]:
    return {name: library_version(name) for name in LIBRARIES.values()}
