"""What can be known at the start is refused at the start, in one line, with the one week or number that helps."""

import random
from datetime import date, timedelta

import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import MissingInput, UnknownWeek
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.analyses import targets
from hm_pipeline.cli.choices import ANALYSES, RELBENCH
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation import leakage as audit
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e.test_writers import told

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own

LAST = date(2020, 9, 22)  # a Tuesday, the last day of a week


def shop(folder, weeks, articles=30, sold=None, closed=()):
    """Ingest a shop of six customers; ``closed`` are weeks without a sale, counted from the end."""
    drawn, hexes = random.Random(0), [f"{number:064x}" for number in range(1, 7)]
    raw, ids = folder / "raw", [f"{100_000_001 + 1000 * number:010d}" for number in range(articles)]
    raw.mkdir()
    open_weeks = [back for back in range(weeks) if back not in closed]
    rows = [
        ((LAST - timedelta(days=7 * back + drawn.randrange(7))).isoformat(), customer, ids[drawn.randrange(sold or articles)], 0.02, 1)
        for back in open_weeks
        for customer in hexes
        for _ in range(3)
    ]
    columns = ["t_dat", "customer_id", "article_id", "price", "sales_channel_id"]
    pl.DataFrame(rows, schema=columns, orient="row").write_csv(raw / "transactions_train.csv")
    pl.DataFrame({"customer_id": hexes, "age": 30}).write_csv(raw / "customers.csv")
    kinds = {"product_code": 100_000, "product_type_no": 253, "product_type_name": "Vest", "detail_desc": "A vest"}
    pl.DataFrame({"article_id": ids}).with_columns(**{name: pl.lit(value) for name, value in kinds.items()}).write_csv(raw / "articles.csv")
    settings = Settings(home=folder / "home", shards=1, trials=2, candidates=40)
    ingest(raw, settings.home, settings=settings)
    return settings


def is_untouched(home):
    """Whether nothing but what was ingested is in a home."""
    return {path.name for path in (home / "tables").iterdir()} == {"articles", "customers", "transactions"} and not (
        home / "models"
    ).exists()


COMMANDS = (
    ("run", "--week", "2020-09-23"),
    ("backfill", "--from", "2020-09-16", "--to", "2020-09-16"),
    ("evaluate", "--week", "2020-09-16"),
)


def test_too_few_articles_are_refused_before_anything_is_made(hm, tmp_path):
    settings = shop(tmp_path, 10, articles=11)
    for command in COMMANDS:
        code, _, said = hm(settings.home, *command)
        assert code == 1
        assert "fewer than 12 articles to fill lists with, 11 in the catalogue (articles)" in told(said)
    assert is_untouched(settings.home)


def test_the_ui_refuses_too_few_articles_at_its_first_asset(tmp_path):
    settings = shop(tmp_path, 10, articles=11)
    job = build_defs(settings).resolve_job_def("week")
    with dagster_instance(settings) as instance:
        run = job.execute_in_process(instance=instance, partition_key="2020-09-23", raise_on_error=False)
    failures = [event.step_failure_data.user_failure_data.description for event in run.all_events if event.is_step_failure]
    assert failures
    assert all(line.startswith("fewer than 12 articles") for line in failures)
    assert {path.name for path in (settings.home / "tables").iterdir()} <= {
        "articles",
        "customers",
        "transactions",
        "embeddings",
        "feature_store",
    }


def test_articles_that_were_never_sold_fill_no_list(tmp_path):
    settings = shop(tmp_path, 10, articles=30, sold=11)
    with pytest.raises(MissingInput, match=r"fewer than 12 articles to fill lists with, 11 sold before week 2020-09-16"):
        materialize(settings, [("scoreboard", Home(settings.home).calendar.last_week - 1)])
    assert is_untouched(settings.home)


def test_weeks_in_which_nobody_bought_teach_nothing(tmp_path):
    settings = shop(tmp_path, 8, closed=(2, 3))  # the two that the first fit learns from
    calendar = Home(settings.home).calendar
    with pytest.raises(MissingInput, match=r"nobody bought in the weeks of 2020-08-26 to 2020-09-02"):
        materialize(settings, [("recommendations", calendar.last_week)])
    assert is_untouched(settings.home)


def test_twelve_articles_one_of_each_week_suffice_to_start(tmp_path):
    """Nothing is refused that can be made: twelve sold articles, and the eight weeks that the first ensemble needs."""
    settings = shop(tmp_path, 8, articles=12)
    calendar = Home(settings.home).calendar
    assert materialize(settings, [("history/article_sales", calendar.last_week)]).partitions
    graph = Graph(STEPS, Home(settings.home), settings)
    assert calendar.last_week in graph.stale([("recommendations", calendar.last_week)])["ensemble"]


# What each command asks for, by the weeks given to it.
ASKED = {
    "run": lambda _graph, week: [("recommendations", week), ("submission", week), ("scoreboard", week)],
    "evaluate": lambda _graph, week: [("scoreboard", week), ("scoreboard", week + 1)],
    "audit": audit.targets,
    **{name: lambda _graph, week, name=name: targets(name, [week]) for name in (*ANALYSES, *RELBENCH)},
}
FIRSTS = {"run": 8, "evaluate": 8, "audit": 4, "signals": 2, "retrieval": 4, "ablation": 8}


@pytest.fixture(scope="module")
def graph(fresh):
    settings = fresh("young")
    return Graph(STEPS, Home(settings.home), settings)


def refusal(graph, asked):
    try:
        graph.stale(asked)
    except UnknownWeek as error:
        return str(error)
    return ""


@pytest.mark.parametrize("command", ASKED)
def test_the_week_that_is_named_is_the_first_that_can_be_planned(graph, command):
    calendar, named = graph.calendar, set()
    for week in range(calendar.first_week, calendar.first_week + FIRSTS.get(command, 20)):
        asked = ASKED[command](graph, week)
        said = [refusal(graph, asked), refusal(graph, asked[::-1])]  # the same words, whatever comes first
        assert said[0] == said[1]
        if not said[0]:
            break
        named.add(said[0].rpartition(" ")[2])
    if command in FIRSTS:
        assert named == {calendar.key(calendar.first_week + FIRSTS[command])}
    for key in named:
        assert graph.stale(ASKED[command](graph, calendar.parse(key)))


@pytest.mark.parametrize(("weeks", "command", "needed"), [(7, "run", 8), (8, "evaluate", 9), (3, "audit", 4)])
def test_a_shop_too_young_is_told_how_many_weeks_are_needed(tmp_path, weeks, command, needed):
    settings = shop(tmp_path, weeks)
    graph = Graph(STEPS, Home(settings.home), settings)
    last = graph.calendar.last_week
    with pytest.raises(
        UnknownWeek, match=f"no week of this data can be made: {needed} weeks of purchases are needed and {weeks} are there"
    ):
        materialize(
            settings,
            {"run": [("recommendations", last)], "evaluate": [("scoreboard", last - 1)]}.get(command) or audit.targets(graph, last),
        )
    assert is_untouched(settings.home)
