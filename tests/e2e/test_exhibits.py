"""What the UI shows of a partition: a sample, figures and pictures, of the newest week of a run alone."""

from dataclasses import replace

import dagster as dg
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.orchestration.asset_factory import build_graph
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import dagster_instance, materialize
from hm_pipeline.orchestration.partitions import asset_key
from hm_pipeline.orchestration.previews import previews
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def shown(settings, name, key):
    with dagster_instance(settings) as instance:
        wanted = dg.AssetRecordsFilter(asset_key=asset_key(name), asset_partitions=[key])
        return instance.fetch_materializations(wanted, limit=1).records[0].asset_materialization.metadata


TITLES = {
    "history/type_sales": "season curves",
    "signal/seasonality": "growth, forecast and true, of earlier weeks",
    "scoreboard": "MAP@12 over the weeks",
    "signal/availability": "forecast of the week before, against its sales",
    "signal/type_need": "reliability in earlier weeks",
    "recommendations": "top articles",
}
QUESTIONS = {name: step.questions for name, step in STEPS.items() if step.questions}


@pytest.mark.parametrize(("name", "title"), TITLES.items())
def test_every_picture_is_in_the_metadata_of_a_week(served, name, title):
    calendar = Home(served.home).calendar
    facts = shown(served, name, calendar.key(calendar.last_week - (name == "scoreboard")))
    picture = facts[title].value
    assert picture.startswith(f"![{title}](data:image/png;base64,iVBOR")
    assert len(picture) < 60_000
    assert facts["sample"].value.count("\n") == 9
    assert facts["rows"].value > 0


def test_only_the_newest_week_of_a_run_is_shown(fresh):
    settings = fresh("shown")
    calendar = Home(settings.home).calendar
    materialize(settings, [("history/type_sales", calendar.last_week)])
    assert "sample" in shown(settings, "history/type_sales", calendar.key(calendar.last_week))
    assert "sample" not in shown(settings, "history/type_sales", calendar.key(calendar.last_week - 1))


def test_a_picture_that_fails_is_a_warning(fresh):
    settings = fresh("unshown")
    calendar = Home(settings.home).calendar
    materialize(settings, [("history/type_sales", calendar.last_week)])
    graph = build_graph(dict(STEPS), settings)

    def torn(_graph, _week_id):
        return (graph.home.root / "no such picture").read_bytes()

    step = STEPS["signal/seasonality"]
    steps = {**STEPS, step.name: replace(step, previews=(Preview("season curves", torn),))}
    job = build_defs(settings, steps=steps).resolve_job_def("week")
    key = calendar.key(calendar.last_week)
    span = {"dagster/asset_partition_range_start": key, "dagster/asset_partition_range_end": key}
    with dagster_instance(settings) as instance:
        run = job.execute_in_process(asset_selection=[dg.AssetKey(["signal", "seasonality"])], instance=instance, tags=span)
        assert run.success
        records = instance.all_logs(run.run_id)
    assert any("cannot be shown: FileNotFoundError" in record.message for record in records)


def test_a_picture_of_what_is_not_stored_is_left_out(fresh):
    graph = build_graph(dict(STEPS), fresh("empty"))
    assert previews(graph, STEPS["scoreboard"], graph.calendar.last_week - 1) == {}
    assert previews(graph, STEPS["signal/need_propensity"], graph.calendar.last_week) == {}


def test_any_week_can_be_asked_for_in_the_ui(fresh):
    """What the week reads and nobody has made is made with it, told to Dagster, and not made again."""
    settings = fresh("asked")
    calendar = Home(settings.home).calendar
    key = calendar.key(calendar.last_week - 2)
    span = {"dagster/asset_partition_range_start": key, "dagster/asset_partition_range_end": key}
    job = build_defs(settings).resolve_job_def("week")
    with dagster_instance(settings) as instance:
        assert job.execute_in_process(asset_selection=[dg.AssetKey("scoreboard")], instance=instance, tags=span).success
    stored = Manifest.load(Home(settings.home).folder("recommendations", calendar.last_week - 2))
    told = shown(settings, "recommendations", key)
    assert told["made for"].value == f"scoreboard {key}"
    assert told["fingerprint"].value == stored.fingerprint
    assert shown(settings, "labels", calendar.key(calendar.last_week - 4))["rows"].value > 0
    done = materialize(settings, [("scoreboard", calendar.last_week - 2)])
    assert done.partitions == 0


def test_a_backfill_is_a_run_for_each_week(fresh):
    """A week that fails leaves the others."""
    definitions = build_defs(fresh("policies"))
    weekly = [asset for asset in definitions.assets if asset.partitions_def]
    assert len(weekly) > 20
    assert {asset.backfill_policy.max_partitions_per_run for asset in weekly} == {1}


def test_files_that_someone_removed_are_made_again_or_asked_for(fresh, raw):
    settings = fresh("tidied")
    home, last = Home(settings.home), last_week(settings)
    materialize(settings, [("candidates", last - 1)])
    before = sorted(home.folder("candidates", last - 1).glob("*.parquet"))
    bytes_before = [path.read_bytes() for path in before]
    before[0].unlink()
    assert materialize(settings, [("candidates", last - 1)]).made == {"candidates": 1}
    assert [path.read_bytes() for path in before] == bytes_before

    (sold,) = home.folder("transactions", last - 3).glob("*.parquet")
    kept = sold.read_bytes()
    sold.unlink()
    with pytest.raises(MissingInput, match=r"files of week .* are missing .*ingest them again"):
        materialize(settings, [("audience", last - 3)])
    with dagster_instance(settings) as instance:
        job = build_defs(settings).resolve_job_def("week")
        key = home.calendar.key(last - 3)
        span = {"dagster/asset_partition_range_start": key, "dagster/asset_partition_range_end": key}
        run = job.execute_in_process(asset_selection=[dg.AssetKey("audience")], instance=instance, tags=span, raise_on_error=False)
        failure = next(event for event in run.all_events if event.is_step_failure)
        assert "are missing" in failure.step_failure_data.user_failure_data.description
    ingest(raw, settings.home, settings=settings)
    assert sold.read_bytes() == kept
    assert materialize(settings, [("audience", last - 3)]).made["audience"] == 1


def test_a_corrupt_file_is_named_with_its_hint(fresh):
    settings = fresh("torn")
    home, last = Home(settings.home), last_week(settings)
    materialize(settings, [("candidates", last - 1)])
    path = sorted(home.folder("candidates", last - 1).glob("*.parquet"))[1]
    kept = path.read_bytes()
    path.write_bytes(kept[: len(kept) // 2])
    with pytest.raises(MissingInput, match=rf"corrupt .{path}.: remove it and run again"):
        materialize(settings, [("labels", last - 1)])
    path.unlink()
    assert materialize(settings, [("labels", last - 1)]).made == {"candidates": 1, "labels": 1}
    assert path.read_bytes() == kept


def test_signals_are_shown_beside_their_rivals_once_weeks_are_graded(fresh):
    settings = fresh("graded")
    calendar = Home(settings.home).calendar
    graph, last = build_graph(dict(STEPS), settings), calendar.last_week
    assert previews(graph, STEPS["signal/availability"], last) == {}
    materialize(settings, [("signal_scores", last - 1), ("recall_budget", last - 1)])
    assert QUESTIONS.keys() == {"signal/type_need", "signal/need_propensity", "signal/seasonality", "signal/availability"}
    for name in QUESTIONS:
        table = previews(graph, STEPS[name], last)["beside trivial baselines"]
        assert "| MAE |" in table if name == "signal/availability" else "| log loss |" in table
        assert "beside trivial baselines" not in previews(graph, STEPS[name], last - 1), "a week's own grades are not known when it is made"
    (budget,) = previews(graph, STEPS["recall_budget"], last - 1).values()
    assert "| launches |" in budget
    facts = shown(settings, "signal_scores", calendar.key(last - 1))
    assert facts["beside trivial baselines"].value.startswith("Signals of week")
