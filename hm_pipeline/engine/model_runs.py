"""Runs of a model: every fit is kept in a folder of its own, and a pointer names the one in use.

``HM_HOME/models/<name>/week_id=<w>/run=<fingerprint>/`` holds a run, ``week_id=<w>/in_use.json`` the pointer of the weeks
that this fit serves.  It may name a run of an earlier week, which somebody chose to go back to.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.engine.partition_files import Manifest

POINTER, DETAILS = "in_use.json", "details.json"
RUN, WEEK = "run=", "week_id="


@dataclass(frozen=True)
class Pointer:
    """Run in use: its place below the model's folder, and whether somebody chose it."""

    run: str
    is_chosen: bool = False

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read the pointer of a fit week, or nothing where there is none."""
        path = folder / POINTER
        return cls(**json.loads(path.read_text())) if path.exists() else None

    def save(self, folder: Path) -> None:
        """Write the pointer; from here on its run is the one in use."""
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / POINTER, lambda path: path.write_text(json.dumps(asdict(self)) + "\n"))


@dataclass(frozen=True)
class Run:
    """A fit that is kept.

    Parameters
    ----------
    week_id, run
        Week that it was fitted for, and its fingerprint.
    manifest, details
        Its metrics, and what it was fitted on and with: days, settings, libraries.
    """

    week_id: int
    run: str
    manifest: Manifest
    details: Mapping[str, Any]

    @property
    def place(self) -> str:
        """Folder of the run, below that of the model."""
        return place_of(self.week_id, self.run)


def place_of(week_id: int, run: str) -> str:
    """Return the folder of a run, below that of its model."""
    return f"{WEEK}{week_id}/{RUN}{run}"


def in_use(folder: Path) -> Path:
    """Return the folder of the run in use of a fit week, whose own is given; a path without a manifest where there is none."""
    pointer = Pointer.load(folder)
    return folder.parent / pointer.run if pointer else folder


def chosen(folder: Path) -> Manifest | None:
    """Return the manifest of the run that somebody chose for a fit week; nothing where nobody did, or the run is gone."""
    pointer = Pointer.load(folder)
    return Manifest.load(folder.parent / pointer.run) if pointer and pointer.is_chosen else None


def pointers_of(folder: Path) -> dict[int, Pointer]:
    """Return the pointers of a model, whose folder is given, by the fit week that they are of."""
    found = {week_id: Pointer.load(path) for week_id, path in _fit_weeks(folder).items()}
    return {week_id: pointer for week_id, pointer in found.items() if pointer}


def _fit_weeks(folder: Path) -> dict[int, Path]:
    weeks = {int(path.name.removeprefix(WEEK)): path for path in folder.glob(f"{WEEK}*") if path.name.removeprefix(WEEK).isdigit()}
    return dict(sorted(weeks.items()))


def runs_of(folder: Path) -> Iterator[Run]:
    """Yield the complete runs of a model, whose folder is given, by week and fingerprint."""
    for week_id, path in _fit_weeks(folder).items():
        for run in sorted(path.glob(f"{RUN}*")):
            manifest = Manifest.load(run)
            if manifest:
                details = json.loads((run / DETAILS).read_text()) if (run / DETAILS).exists() else {}
                yield Run(week_id, run.name.removeprefix(RUN), manifest, details)


def save_run(folder: Path, manifest: Manifest, save: Callable[[Path], object], details: Mapping[str, Any]) -> None:
    """Write a run of a fit week whole or not at all, and let the pointer name it."""
    target = folder / f"{RUN}{manifest.fingerprint}"
    temporary = folder / f".{target.name}.tmp"
    is_new = not folder.exists()
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        save(temporary)
        atomic_write(temporary / DETAILS, lambda path: path.write_text(json.dumps(details, indent=1, default=str) + "\n"))
        manifest.save(temporary)
    except BaseException:
        shutil.rmtree(folder if is_new else temporary, ignore_errors=True)
        raise
    (target / "manifest.json").unlink(missing_ok=True)  # before its files go one by one
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    Pointer(f"{folder.name}/{target.name}").save(folder)
    for path in folder.iterdir():  # of an earlier release, which kept one fit a week, and of processes that were killed
        if path.name.startswith(".") and path.is_dir():
            shutil.rmtree(path)
        elif path.is_file() and path.name != POINTER:
            path.unlink()


def use(folder: Path, week_id: int, *, fitted: int, run: str = "") -> Run:
    """Let the weeks that a fit week serves use a run of this or an earlier week, until :func:`use_newest`.

    Parameters
    ----------
    folder
        Folder of the model.
    fitted
        Week that the run was fitted for.
    run
        First letters of its fingerprint; may be left out where the week has one run.

    Raises
    ------
    MissingInput, InvalidInput
        If no run, or more than one, is meant, or it was fitted on what was not known at the week.
    """
    where = f"model {folder.name}"
    if fitted > week_id:
        raise InvalidInput("the run was fitted on later weeks", where=where, hint="choose one of the week, or of an earlier one")
    there = [other for other in runs_of(folder) if other.week_id == fitted]
    found = [other for other in there if other.run.startswith(run)]
    if len(found) != 1:
        what = f"{len(found)} runs of the week begin with {run!r}" if found else f"has no run {run!r} of the week"
        raise MissingInput(what, where=where, hint=f"its runs of the week are {', '.join(other.run for other in there) or 'none'}")
    Pointer(found[0].place, is_chosen=True).save(folder / f"{WEEK}{week_id}")
    return found[0]


def use_newest(folder: Path, week_id: int) -> None:
    """Let the weeks that a fit week serves use what would be fitted now again; a run of it that is kept is not fitted again."""
    (folder / f"{WEEK}{week_id}" / POINTER).unlink(missing_ok=True)
