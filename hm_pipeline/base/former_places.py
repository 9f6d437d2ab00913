"""Former places of modules that users import: they work for one more release, with a warning that names the new place."""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

PACKAGE = __name__.partition(".")[0]
FORMER = {
    "contracts": ("base.contracts",),
    "definitions": ("orchestration.definitions",),
    "errors": ("base.errors",),
    "features.offline_store": ("feast_duckdb.offline.store",),
    "features.online": ("features.online_lookup",),
    "features.online_store": ("feast_duckdb.online.store",),
    "features.registry": ("features.tables",),
    "features.retrieval": ("features.historical",),
    "instance": ("orchestration.instance",),
    "run": ("orchestration.execute",),
    "settings": ("base.settings",),
    "tables": ("engine.home", "engine.tables", "engine.partition_files"),
    "weeks": ("base.calendar",),
}


class FormerPlaces(MetaPathFinder, Loader):
    """Finder of former modules; each hands on the names of the modules it has become."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of a former module, nothing for any other."""
        return spec_from_loader(fullname, self) if fullname.removeprefix(f"{PACKAGE}.") in FORMER else None

    def exec_module(self, module: ModuleType) -> None:
        """Let a former module hand on names, and warn once that it goes."""
        places = [f"{PACKAGE}.{place}" for place in FORMER[module.__name__.removeprefix(f"{PACKAGE}.")]]
        warnings.warn(
            f"{module.__name__} is {' and '.join(places)} now; the former place goes with the next release", DeprecationWarning, 2
        )

        def handed_on(name: str) -> Any:
            for place in map(import_module, places):
                if hasattr(place, name):
                    return getattr(place, name)
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__getattr__ = handed_on  # type: ignore[method-assign]


def install() -> None:
    """Add the finder behind all others, once."""
    if not any(isinstance(finder, FormerPlaces) for finder in sys.meta_path):
        sys.meta_path.append(FormerPlaces())
