"""Automation: one sensor from new raw files to the newest week online, and to every evaluation that a late file made stale.

It goes by what is there, and not by what was launched: an ingest of the command line, a file that came late and a restart in
the middle are all the same to it.  Off until someone turns it on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import HMError
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.shop.layout import layout_of
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.staging import is_pending
from hm_pipeline.orchestration.deliveries import Delivery
from hm_pipeline.orchestration.due import EVALUATIONS, Due
from hm_pipeline.orchestration.ingest_events import ingested_digest
from hm_pipeline.orchestration.partitions import asset_key, calendar_of
from hm_pipeline.orchestration.unattended import TAGS

Job = dg.JobDefinition | UnresolvedAssetJobDefinition
PRIORITY = "dagster/priority"
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Progress:
    """State of the sensor between two looks: the raw files as they were seen, and the ingested data that weeks were asked for."""

    delivery: Delivery
    asked: str = ""

    @classmethod
    def read(cls, cursor: str | None, run_key: str | None) -> "Progress":
        """Read a cursor; one of another version counts on from the last request, as :meth:`Delivery.read` does."""
        delivery = Delivery.read(cursor, run_key)
        try:
            return cls(delivery, str(json.loads(cursor or "{}").get("asked", "")))
        except (ValueError, AttributeError):
            return cls(delivery)

    @property
    def cursor(self) -> str:
        """Cursor that :meth:`read` reads."""
        return json.dumps({**json.loads(self.delivery.cursor), "asked": self.asked})


def new_weeks_sensor(settings: Settings, jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Return the sensor that leads from new files to the newest week.

    Parameters
    ----------
    jobs
        `ingest`, `week` and `backfill`.
    """
    known = set(calendar_of(settings).partition_keys)  # Dagster refuses a week that was not defined when it loaded this

    @dg.sensor(
        name="new_weeks",
        jobs=list(jobs),
        minimum_interval_seconds=settings.raw_every,
        default_status=dg.DefaultSensorStatus.RUNNING if settings.automate else dg.DefaultSensorStatus.STOPPED,
        description=(
            "Ingest HM_RAW when its files are complete and differ from the last look, then make the newest week for everyone "
            "and bring it online, then evaluate what new purchases allow or made stale."
        ),
    )
    def new_weeks(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        before = Progress.read(context.cursor, context.last_run_key)
        delivery, reason = _look(settings, before.delivery)
        if delivery.content != before.delivery.content:
            request = dg.RunRequest(run_key=delivery.run_key, job_name="ingest", tags={**TAGS, PRIORITY: "2"})
            return dg.SensorResult([request], cursor=Progress(delivery, before.asked).cursor)
        requests, asked, waits = _weeks(context.instance, settings, Progress(delivery, before.asked), known)
        skipped = None if requests else dg.SkipReason(f"{reason}; {waits}")
        return dg.SensorResult(requests or None, skip_reason=skipped, cursor=Progress(delivery, asked).cursor)

    return new_weeks


def _look(settings: Settings, before: Delivery) -> tuple[Delivery, str]:
    """Return the raw files as they are, and why there is nothing to ingest where that is so."""
    if settings.raw is None:
        return before, "no folder is watched: start Dagster with HM_RAW=FOLDER"
    try:
        return before.now(settings.raw, layout_of(settings.home)), f"nothing new in {settings.raw}"
    except HMError as error:
        return before, f"nothing complete to ingest yet: {error}"


def _weeks(instance: dg.DagsterInstance, settings: Settings, before: Progress, known: set[str]) -> tuple[list[dg.RunRequest], str, str]:
    """Return the runs that the ingested data ask for, the data they are asked for, and why there are none."""
    if not (settings.home / "calendar.json").exists():
        return [], before.asked, f"nothing is ingested in {settings.home} yet"
    if is_pending(settings.home) or instance.get_runs(filters=dg.RunsFilter(job_name="ingest", statuses=UNDER_WAY), limit=1):
        return [], before.asked, "an ingest is under way"
    digest, calendar = ingested_digest(settings), calendar_of(settings)
    newest = calendar.key(calendar.last_week)
    if digest == before.asked:
        return [], digest, f"week {newest} was asked for"
    if newest not in known:
        reload = "reload it on the page Deployment and restart the daemon; `hm ui` does both by itself, and the next look finds the week"
        return [], before.asked, f"week {newest} was ingested after Dagster loaded the code location: {reload}"
    try:
        due = Due.of(Graph(STEPS, Home(settings.home), settings))
    except HMError as error:
        return [], digest, str(error)
    mark = f"{digest[:12]}-{before.delivery.number}"
    serve = dg.RunRequest(f"week-{newest}-{mark}", partition_key=newest, job_name="week", tags={**TAGS, PRIORITY: "1"})
    evaluate = [
        dg.RunRequest(
            f"evaluate-{week}-{mark}",
            partition_key=week,
            job_name="backfill",
            asset_selection=[asset_key(name) for name in EVALUATIONS if name in names],
            tags=TAGS,
        )
        for week, names in due.evaluations.items()
    ]
    return ([serve] if due.serves else []) + evaluate, digest, f"all that is stored of week {newest} and before is current"
