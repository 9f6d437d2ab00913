"""Dagster's own storage: the file that describes it in a home, and the opening of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from hm_pipeline.base.errors import HMError, InvalidInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.step import short_hash

if TYPE_CHECKING:
    from dagster import DagsterInstance

# What a command prints is seen where it was given; to keep it Dagster starts processes for each step, which cry out at Ctrl-C.
UNCAPTURED = {"compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}}
HEADER = "# Written by hm from the settings; without this line it is yours and is left as it is.\n"
# No invitation to Dagster's newsletter covers the first page (nux).
# One run at a time: a home has one writer, so that a second one would only wait for it.  Runs whose process was killed are
# found, and those of the automation are tried again; a step that failed is tried again by the step itself.
DEFAULT_CONFIG = """telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
run_launcher:
  module: hm_pipeline.orchestration.run_launcher
  class: ProcessRunLauncher
run_retries:
  enabled: true
  max_retries: 0
  retry_on_asset_or_op_failure: false
freshness:
  enabled: true
"""
# The server's address may hold a password, so that the file names the variable and not its value.
POSTGRES = """storage:
  postgres:
    postgres_url:
      env: HM_POSTGRES
"""


def write_dagster_yaml(settings: Settings) -> Path:
    """Write what describes Dagster's storage in the home, and return its folder; one that was edited stays.

    The folder is returned by a path that can be part of a URL, see :func:`plain_path`.

    Raises
    ------
    InvalidInput
        If Postgres is asked for and its client is not installed.
    """
    folder = settings.home.absolute() / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if settings.postgres:
        _need_client()
        # The driver is named, as SQLAlchemy's own choice is another one that dagster-postgres does not bring.
        os.environ["HM_POSTGRES"] = settings.postgres.replace("postgresql://", "postgresql+psycopg2://", 1)
    wanted = HEADER + DEFAULT_CONFIG + (POSTGRES if settings.postgres else "")
    is_ours = not file.exists() or file.read_text().startswith(HEADER)
    if is_ours and not (file.exists() and file.read_text() == wanted):
        atomic_write(file, lambda path: path.write_text(wanted))
    return plain_path(folder)


def plain_path(folder: Path) -> Path:
    """Return a folder by a path without percent and question marks: itself, or a link to it in the temporary folder.

    Dagster puts the path into the URL of its database as it is, where they mean something else: it would open another one.

    Raises
    ------
    InvalidInput
        If the link cannot be made, or somebody else's is in its place.
    """
    if not {"%", "?"} & {*str(folder)}:
        return folder
    links = Path(gettempdir()) / f"hm-links-{os.getuid()}"
    link = links / short_hash(folder)
    try:
        links.mkdir(mode=0o700, exist_ok=True)
        if links.stat().st_uid != os.getuid():
            raise PermissionError(f"{links} is not yours")
        if not link.is_symlink():
            link.symlink_to(folder, target_is_directory=True)
    except OSError as error:
        raise InvalidInput(str(error), where=str(folder), hint="choose a home whose path has no percent and question marks") from error
    return link


@contextmanager
def dagster_instance(settings: Settings) -> "Iterator[DagsterInstance]":
    """Open Dagster's storage of a home: SQLite beside the tables, or the Postgres server that the settings name.

    Raises
    ------
    InvalidInput
        If the server does not answer.
    """
    from dagster import DagsterInstance  # noqa: PLC0415 - seconds that a run with nothing to do need not pay
    from dagster._core.instance import InstanceRef  # noqa: PLC0415 - as above
    from sqlalchemy import event  # noqa: PLC0415 - as above
    from sqlalchemy.engine import Engine  # noqa: PLC0415 - as above

    if not event.contains(Engine, "connect", _commit_to_the_log):
        event.listen(Engine, "connect", _commit_to_the_log)
    folder = write_dagster_yaml(settings)
    os.environ["DAGSTER_HOME"] = str(folder)
    try:
        overrides = UNCAPTURED | ({} if settings.postgres else _open_log(folder))
        instance = DagsterInstance.from_ref(InstanceRef.from_dir(str(folder), overrides=overrides))
    except Exception as error:
        if settings.postgres:
            raise _unreachable(error) from error
        raise
    with instance:
        yield instance


def _open_log(folder: Path) -> dict[str, Any]:
    """Return the event log of the default place with files that stay open, unless somebody chose another storage."""
    if not (folder / "dagster.yaml").read_text().startswith(HEADER):
        return {}
    place = {"base_dir": str(folder / "history" / "runs")}
    return {"event_log_storage": {"module": "hm_pipeline.orchestration.event_log", "class": "OpenEventLog", "config": place}}


def create_storage(settings: Settings) -> None:
    """Create the tables of Dagster's SQLite in a home that has none: of processes that start together, all but one would fail."""
    if settings.postgres or (settings.home / "dagster" / "schedules" / "schedules.db").exists():
        return
    with dagster_instance(settings) as instance:
        _ = instance.run_storage, instance.event_log_storage, instance.schedule_storage  # each is created when it is first asked for


def _commit_to_the_log(connection: Any, _record: object) -> None:
    """Let a commit of Dagster's events end when it is in the operating system's hands, not on the disk.

    Dagster opens its files with a write-ahead log, which a power cut then may shorten, but not damage; what is stored of
    a partition is in its manifest, and not there.  Waiting for the disk at each event takes half of a small shop's week.
    """
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA synchronous = NORMAL")


def _need_client() -> None:
    try:
        import dagster_postgres  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise InvalidInput("dagster-postgres is not installed", where="HM_POSTGRES", hint="pip install 'hm-pipeline[postgres]'") from error


def _unreachable(error: BaseException) -> HMError:
    reason = str(error.__cause__ or error).strip().splitlines()[0]
    return InvalidInput(
        f"Postgres does not answer: {reason}", where="HM_POSTGRES", hint="start the server, or unset it to use SQLite in the home"
    )
