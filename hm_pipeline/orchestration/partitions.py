"""Weeks as Dagster's partitions, and the lineage between them: the only module that turns weeks into partition keys."""

import dagster as dg

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.step import Dependency, Step

MODELS, MODEL = "model/", "_model"


def calendar_of(settings: Settings) -> Calendar:
    """Return the home's calendar, the reference calendar where nothing was ingested yet."""
    path = settings.home / "calendar.json"
    return Calendar.load(path) if path.exists() else REFERENCE


def weekly_partitions(calendar: Calendar) -> dg.TimeWindowPartitionsDefinition:
    """Return the weeks of a calendar as partitions, keyed by their first day."""
    first = calendar.start(calendar.first_week)
    return dg.TimeWindowPartitionsDefinition(
        start=first.isoformat(),
        end=calendar.start(calendar.last_week + 1).isoformat(),
        fmt="%Y-%m-%d",
        cron_schedule=f"0 0 * * {first.isoweekday() % 7}",
    )


def asset_key(name: str) -> dg.AssetKey:
    """Return the asset key of a step; that of a model ends in `_model`, as graphs show the last part alone, which its signal has too."""
    return dg.AssetKey((name + MODEL if name.startswith(MODELS) else name).split("/"))


def step_name(key: dg.AssetKey) -> str:
    """Return the name of the step of an asset key."""
    name = "/".join(key.path)
    return name.removesuffix(MODEL) if name.startswith(MODELS) else name


def dependency(step: Step, read: Dependency, steps: dict[str, Step], weeks: int) -> dg.AssetDep | dg.AssetKey:
    """Return which partitions of another asset are read; the UI's lineage and staleness follow from it."""
    if not (steps[read.name].is_weekly and step.is_weekly):
        return asset_key(read.name)
    first = -weeks if read.first is None else read.first  # no further: Dagster walks there week by week
    mapping = dg.TimeWindowPartitionMapping(start_offset=first, end_offset=read.last, allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(asset_key(read.name), partition_mapping=mapping)
