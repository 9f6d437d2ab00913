"""The chain on a small shop: nothing redone, nothing served overwritten, and the same lists whoever shares the work."""

import hashlib

import polars as pl

from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.execute import materialize


def last_week(settings):
    return Home(settings.home).calendar.last_week


def bytes_of(settings):
    """Return a digest of every table and model file, manifests included, by path."""
    files = [*settings.home.glob("tables/**/*"), *settings.home.glob("models/**/*")]
    return {str(file.relative_to(settings.home)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def lists(settings, week_id):
    files = sorted(Home(settings.home).folder("recommendations", week_id).glob("*.parquet"))
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).sort("customer_id", "rank")


def test_a_second_run_redoes_nothing(served):
    last = last_week(served)
    before = bytes_of(served)
    done = materialize(served, [("submission", last), ("scoreboard", last - 1)], audiences={last: "everyone"})
    assert (done.partitions, done.runs) == (0, 0)
    assert bytes_of(served) == before


def test_a_changed_parameter_redoes_what_depends_on_it_and_nothing_else(served):
    last = last_week(served)
    more_trials = served.model_copy(update={"trials": 3})
    done = materialize(more_trials, [("recommendations", last)], audiences={last: "everyone"})
    assert set(done.made) == {"search", "ensemble", "recommendations"}
    back = materialize(served, [("recommendations", last)], audiences={last: "everyone"})
    assert set(back.made) == {"search", "ensemble", "recommendations"}


def test_the_number_of_shards_changes_no_list(fresh, served):
    three = fresh("three", shards=3)
    last = last_week(three)
    materialize(three, [("submission", last)], audiences={last: "everyone"})
    assert len(list(Home(three.home).folder("recommendations", last).glob("*.parquet"))) == 3
    assert lists(three, last).equals(lists(served, last))


def test_everyone_is_served_twelve_distinct_articles_that_exist(served):
    home = Home(served.home)
    last = last_week(served)
    top = lists(served, last).filter(pl.col("rank") <= 12)
    counts = top.group_by("customer_id").agg(pl.col("article_id").n_unique())
    assert counts["article_id"].to_list() == [12] * home.dimension("customers").collect().height
    assert top.join(home.dimension("articles").collect(), on="article_id", how="anti").is_empty()


def test_an_evaluation_does_not_touch_what_was_served(served_again):
    settings = served_again("kept")
    week = last_week(settings) - 2  # of which nothing is judged yet
    assert not Home(settings.home).folder("scoreboard", week).exists()
    materialize(settings, [("submission", week)], audiences={week: "everyone"})
    before = {name: digest for name, digest in bytes_of(settings).items() if "submission" in name or "recommendations" in name}
    materialize(settings, [("scoreboard", week)])
    after = bytes_of(settings)
    assert {name: after[name] for name in before} == before
    changed = settings.model_copy(update={"trials": 3})
    materialize(changed, [("scoreboard", week)])
    after = bytes_of(settings)
    assert {name: after[name] for name in before if "submission" in name} == {k: v for k, v in before.items() if "submission" in k}


def test_the_model_beats_popular_articles_on_a_shop_made_to_be_learnt(served):
    """On the two weeks after those that its members were fitted on: a single week of sixty buyers is decided by chance."""
    home = Home(served.home)
    (fitted,) = {int(path.name.removeprefix("week_id=")) for path in home.fits("ensemble").iterdir()}
    metrics = Manifest.load(home.model("ensemble", fitted)).metrics
    assert metrics["blend_map"] > metrics["blend_map_lightgbm"] > metrics["blend_map_popular"]


def test_two_processes_share_the_shards_to_the_same_bytes(fresh, served):
    last = last_week(served)
    shared = fresh("shared").model_copy(update={"workers": 2})
    materialize(shared, [("candidates", last)], audiences={last: "everyone"})
    ours, theirs = (Manifest.load(Home(each.home).folder("candidates", last)) for each in (shared, served))
    assert ours.files == theirs.files
