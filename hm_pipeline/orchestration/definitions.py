"""The code location: `dagster dev -m hm_pipeline.orchestration.definitions`.  Assembles, and decides nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from hm_pipeline.assets import STEPS
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.staging import finish_pending
from hm_pipeline.engine.step import Step
from hm_pipeline.orchestration.alerts import alerts_sensor
from hm_pipeline.orchestration.asset_factory import HomeResource, assets, build_graph
from hm_pipeline.orchestration.automation import new_weeks_sensor
from hm_pipeline.orchestration.checks import checks, on_request
from hm_pipeline.orchestration.due import SERVING
from hm_pipeline.orchestration.ingest_job import ingest_job
from hm_pipeline.orchestration.io_manager import HomeIOManager
from hm_pipeline.orchestration.partitions import calendar_of, weekly_partitions


def build_defs(
    settings: Settings,
    *,
    steps: Mapping[str, Step] = STEPS,
    graph: Graph | None = None,
    report: OnProgress | None = None,
) -> dg.Definitions:
    """Return the definitions over a home.

    Parameters
    ----------
    steps
        The graph; others than the product's are for tests and trials.
    graph
        The graph that the plan was made with, so that its fingerprints are not computed again by every run; where not
        given, each run looks at the home anew.
    report
        Called with the step, and the partitions done of all.
    """
    every = dict(steps)
    made = assets(every, calendar_of(settings), late_after=settings.late_after)
    checked = dg.AssetSelection.all() - on_request(every)
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
    jobs = [
        dg.define_asset_job("week", checked, config=config, description="Make one week, from its history to its lists."),
        dg.define_asset_job(
            "backfill",
            checked - dg.AssetSelection.assets(*(name for name in SERVING if name in every)),
            config=config,
            description="Make a range of weeks for their buyers, and evaluate them.",
        ),
    ]
    ingest = ingest_job(settings)
    return dg.Definitions(
        assets=made,
        asset_checks=checks(every, weekly_partitions(calendar_of(settings))),
        jobs=[*jobs, ingest],
        sensors=[new_weeks_sensor(settings, [ingest, *jobs]), alerts_sensor(settings)],
        executor=dg.in_process_executor,
        resources={
            "work": dg.ResourceDefinition(
                lambda _: HomeResource(graph or build_graph(every, settings), report, is_planned=graph is not None)
            ),
            "io_manager": dg.IOManagerDefinition.hardcoded_io_manager(HomeIOManager(_graph(every, settings))),
        },
    )


def _graph(steps: dict[str, Step], settings: Settings) -> Callable[[], Graph]:
    return lambda: build_graph(steps, settings)


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions over the home that the environment names."""
    settings = Settings.from_environment()
    finish_pending(settings.home, wait=lambda _who: None)  # renames take seconds
    return build_defs(settings)
