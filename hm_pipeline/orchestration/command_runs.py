"""Runs of Dagster for commands of `hm`: their tags, and ingests, which run without Dagster and are reported afterwards.

An ingest leaves a small file of what it did; whoever opens Dagster's storage next makes a run of it, with its own times.
"""

import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.settings import Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

COMMAND = "hm/command"  # tag of runs of a command of `hm`, which live and die with it
LOCATION, REPOSITORY = "hm_pipeline.orchestration.definitions", "__repository__"
LONGEST = 200  # characters shown of a command


def command_line() -> str:
    """Return the command as it was given."""
    return shlex.join(["hm", *sys.argv[1:]])


def command_tags(command: str) -> dict[str, str]:
    """Return the tags of a run of a command."""
    return {COMMAND: command[:LONGEST]}


@contextmanager
def listed(instance: "DagsterInstance", job: str) -> Iterator[None]:
    """Let runs that are created be those of a job of the code location: others are in no timeline and among no job's runs.

    Dagster gives this origin to runs that its daemon launches, and has no way to give it to one that is executed in process.
    """
    from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin  # noqa: PLC0415 - seconds

    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), REPOSITORY).get_job_origin(job)
    create = instance.create_run_for_job
    instance.create_run_for_job = partial(create, remote_job_origin=origin)  # type: ignore[method-assign]
    try:
        yield
    finally:
        instance.create_run_for_job = create  # type: ignore[method-assign]


@contextmanager
def recorded(home: Path, facts: dict[str, Any]) -> Iterator[None]:
    """Record a command that runs without Dagster and what it found; one that fails leaves the home as it was.

    Parameters
    ----------
    facts
        Filled by the command, and shown with its run.
    """
    started = time.time()
    yield
    record = {"command": command_line(), "started": started, "ended": time.time(), "facts": facts}
    folder = _folder(home)
    with suppress(OSError):  # the ingest is done, be its note written or not
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / f"{started:.6f}-{os.getpid()}.json", lambda path: path.write_text(json.dumps(record, default=str)))


def report_commands(instance: "DagsterInstance", settings: Settings) -> int:
    """Make a run of each command that was recorded, and forget it; return how many there were."""
    files = sorted(_folder(settings.home).glob("*.json"))
    for file in files:
        with suppress(FileNotFoundError):  # another process was quicker
            taken = file.rename(file.with_suffix(".taken"))
            _report(instance, settings, json.loads(taken.read_text()))
            taken.unlink()
    return len(files)


def _report(instance: "DagsterInstance", settings: Settings, record: dict[str, Any]) -> None:
    import dagster as dg  # noqa: PLC0415 - seconds that an ingest need not pay
    from dagster._core.events import EngineEventData  # noqa: PLC0415 - as above

    from hm_pipeline.orchestration.ingest_job import ingest_job  # noqa: PLC0415 - as above

    job = ingest_job(settings)
    with listed(instance, job.name):
        run = instance.create_run_for_job(job, tags=command_tags(record["command"]), status=dg.DagsterRunStatus.NOT_STARTED)
    events = (
        (dg.DagsterEventType.RUN_START, "", None, "started"),
        (dg.DagsterEventType.ENGINE_EVENT, "What the files brought.", EngineEventData(_metadata(record["facts"])), "ended"),
        (dg.DagsterEventType.RUN_SUCCESS, "", None, "ended"),
    )
    for event, message, content, moment in events:
        found = dg.DagsterEvent(event.value, job.name, message=message or None, event_specific_data=content)
        instance.report_dagster_event(found, run.run_id, timestamp=record[moment])


def _metadata(facts: dict[str, Any]) -> dict[str, Any]:
    import dagster as dg  # noqa: PLC0415 - as above

    return {name: dg.MetadataValue.text(f"{value:,}" if isinstance(value, int) else str(value)) for name, value in facts.items() if value}


def _folder(home: Path) -> Path:
    return home / "dagster" / "commands"
