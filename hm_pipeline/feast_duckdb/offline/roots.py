"""Folder that a store's relative paths start from."""

from pathlib import Path
from typing import Any

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.feast_duckdb.offline.files import local_path


def root_of(config: Any, *sources: Any) -> Path | None:
    """Return the folder that relative paths start from; where it is strict, every local source must lie in it.

    Raises
    ------
    MissingInput
        If a source lies elsewhere.
    """
    root_of_config = config.offline_store.root
    if root_of_config is None:
        return Path(config.repo_path) if config.repo_path else None
    root = Path(root_of_config).absolute()
    for source in sources:
        path = local_path(source)
        if path is not None and path.is_absolute() and not path.is_relative_to(root):
            raise MissingInput(f"{source.name} lies outside of {root}", where=str(path), hint="register the views again")
    return root
