"""Alerts: a sensor that sends failed runs, failed checks and weeks that are late to the channels that are set up.

What a command of `hm` did is on the screen of whoever gave it, and no alert.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.alert_channels import Alert, Send, channels_of
from hm_pipeline.orchestration.command_runs import COMMAND
from hm_pipeline.orchestration.partitions import calendar_of

EVERY, TRIES = 30, 20  # seconds between two looks; how often a channel that does not answer is tried
OVERLAP = timedelta(minutes=1)  # runs are written by several processes, and not in the order of their times


@dataclass(frozen=True)
class Watched:
    """State of the sensor between two looks.

    Parameters
    ----------
    since, seen
        Moment up to which ended runs were looked at, and those of the last minute before it.
    late
        Week that was reported as late.
    unsent
        What a channel has not taken: its name, the alert, and how often it was tried.
    """

    since: float
    seen: tuple[str, ...] = ()
    late: str = ""
    unsent: tuple[tuple[str, Mapping[str, str], int], ...] = field(default=())

    @classmethod
    def read(cls, cursor: str | None) -> "Watched":
        """Read a cursor; without one, what has ended before is no news."""
        state: dict[str, Any] = json.loads(cursor) if cursor else {"since": datetime.now(UTC).timestamp()}
        unsent = tuple((name, alert, int(tries)) for name, alert, tries in state.pop("unsent", ()))
        return cls(**{**state, "seen": tuple(state.get("seen", ())), "unsent": unsent})


def alerts_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that sends alerts; it is on where a channel is set up."""
    channels = channels_of(settings)

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING if channels else dg.DefaultSensorStatus.STOPPED,
        description=f"Send failed runs, failed checks and late weeks by: {', '.join(channels) or 'no channel yet, set HM_ALERT_*'}.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        before = Watched.read(context.cursor)
        if not channels:
            return dg.SkipReason("no channel is set up: HM_ALERT_WEBHOOK, HM_ALERT_SLACK, or HM_ALERT_EMAIL with HM_ALERT_SMTP")
        ended = _ended(context.instance, before)
        news = [record for record in ended if context.cursor and record.dagster_run.run_id not in before.seen]
        late = _late(settings)
        found = [alert for record in news for alert in _alerts(context, record, settings)]
        found += [late] if late and late.week != before.late else []
        due = [*before.unsent, *((name, asdict(alert), 0) for alert in found for name in channels)]
        unsent = tuple(one for one in (_send(context, channels, *each) for each in due) if one)
        since = max([before.since, *(record.update_timestamp.timestamp() for record in ended)])
        recent = since - OVERLAP.total_seconds()
        seen = tuple(record.dagster_run.run_id for record in ended if record.update_timestamp.timestamp() >= recent)
        context.update_cursor(json.dumps(asdict(Watched(since, seen, late.week if late else before.late, unsent))))
        return dg.SkipReason(f"{len(found)} alerts, {len(unsent)} not sent yet")

    return alerts


def _send(
    context: dg.SensorEvaluationContext, channels: Mapping[str, Send], name: str, alert: Mapping[str, str], tries: int
) -> tuple[str, Mapping[str, str], int] | None:
    """Send an alert by a channel; return it where it is to be tried again."""
    if name not in channels:
        return None
    try:
        channels[name](Alert(**alert))
    except Exception as error:  # noqa: BLE001 - a channel that fails must not hold up the others
        reason = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()  # its own words may hold the address
        context.log.warning("%s did not take the alert %r: %s", name, alert["title"], reason)
        return (name, alert, tries + 1) if tries + 1 < TRIES else None
    return None


def _ended(instance: dg.DagsterInstance, before: Watched) -> list[dg.RunRecord]:
    since = datetime.fromtimestamp(before.since, UTC) - OVERLAP
    statuses = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS]
    return list(instance.get_run_records(filters=dg.RunsFilter(statuses=statuses, updated_after=since), order_by="update_timestamp"))


def _alerts(context: dg.SensorEvaluationContext, record: dg.RunRecord, settings: Settings) -> Iterator[Alert]:
    run = record.dagster_run
    if COMMAND in run.tags or run.tags.get("dagster/will_retry") == "true":
        return
    week, home = _week_of(run), str(settings.home.absolute())
    name = f"{run.job_name} {week}".strip()
    facts = {"home": home, "job": run.job_name, "week": week, "run_id": run.run_id}
    if run.status == dg.DagsterRunStatus.FAILURE:
        yield Alert("run_failed", f"{name} failed", _reason(context.instance, run.run_id), **facts)
    elif failed := _failed_checks(context.instance, run.run_id):
        yield Alert("checks_failed", f"{name} is made, but checks failed", "\n".join(failed), **facts)


def _week_of(run: dg.DagsterRun) -> str:
    """Return the week of a run, the first one of a range."""
    return run.tags.get("dagster/partition") or run.tags.get("dagster/asset_partition_range_start", "")


def _reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return the lines of the steps that failed, else Dagster's own."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    events = [event.get_dagster_event() for event in instance.all_logs(run_id, of_type=kinds)]
    lines = [_line(event) for event in events if event.is_step_failure] or [str(event.message) for event in events]
    return "\n".join(dict.fromkeys(lines)) or "The run ended without a reason."


def _line(event: dg.DagsterEvent) -> str:
    data = event.step_failure_data
    known = data.user_failure_data.description if data.user_failure_data else None
    return known or (data.error.message.strip() if data.error else str(event.message))


def _failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [event.get_dagster_event().asset_check_evaluation_data for event in events]
    return [
        f"{check.check_name} of {check.asset_key.to_user_string()}: {check.description or 'failed'}"
        for check in found
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    ]


def _late(settings: Settings) -> Alert | None:
    """Return the alert of a week whose purchases were due some days ago and are not there."""
    if not (settings.home / "calendar.json").exists():
        return None
    calendar = calendar_of(settings)
    due = calendar.start(calendar.last_week + 1)
    if datetime.now(UTC).date() <= due + timedelta(days=settings.late_after):
        return None
    week = calendar.key(calendar.last_week)
    text = (
        f"The purchases of the week of {week} were due on {due}, and {settings.late_after} days later they are not ingested. "
        f"The lists of {week} are served until then, made from purchases up to {calendar.start(calendar.last_week) - timedelta(days=1)}."
    )
    return Alert("week_late", f"The week of {week} is late", text, home=str(settings.home.absolute()), week=week)
