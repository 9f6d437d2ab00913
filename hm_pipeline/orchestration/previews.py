"""What is shown of a partition beside its numbers: a few rows, and pictures.  Reads stored tables, changes nothing."""

from collections.abc import Callable

import polars as pl

from hm_pipeline.datasets.kaggle import image_folder as photos
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.engine.tables import WeeklyTable

ROWS = 8
SEEN = 1_000  # rows that a customer's list is looked for in
EARLIER = 4  # labelled weeks that a probability is held against
TOP = 12

Picture = Callable[[Graph, int], bytes | None]


def sample(graph: Graph, step: Step, week_id: int, manifest: Manifest) -> pl.DataFrame:
    """Return the first rows of a stored partition, without the timestamp that is the same in all of them."""
    if step.schema is None or not manifest.receipts:
        return pl.DataFrame()
    folder = graph.folder(step.name, week_id)
    files = [folder / receipt.file for receipt in manifest.receipts]
    rows = scan_files(files).drop("event_timestamp", strict=False)
    names = rows.collect_schema().names()
    if {"customer_id", "rank"} <= set(names):  # one customer's list, best first, says more than its smallest article numbers
        return rows.head(SEEN).filter(pl.col("customer_id") == pl.col("customer_id").first()).sort("rank").head(ROWS).collect()
    return rows.head(ROWS).collect()


def pictures(graph: Graph, step: Step, week_id: int) -> dict[str, bytes]:
    """Return each picture, PNG or JPEG, of a partition; none where what it shows is not stored.

    Raises
    ------
    HMError, polars.exceptions.PolarsError, OSError
        Where a stored table cannot be read.
    """
    name, draw = PICTURES.get(step.name, ("", None))
    picture = draw(graph, week_id) if draw else None
    return {name: picture} if picture else {}


def _weekly(graph: Graph, name: str) -> WeeklyTable:
    schema = graph.steps[name].schema
    assert schema is not None  # noqa: S101  only models have none
    return graph.home.weekly(name, schema)


def _table(graph: Graph, name: str, week_id: int) -> pl.LazyFrame:
    return _weekly(graph, name).at(week_id)


def _is_stored(home: Home, name: str, week_id: int) -> bool:
    return Manifest.load(home.folder(name, week_id)) is not None


def _season(graph: Graph, week_id: int) -> bytes | None:
    from hm_pipeline.recommender.plots.season import draw_season_curves  # noqa: PLC0415 - matplotlib is loaded where something is drawn

    names = graph.home.static("articles").select(pl.col("product_type_no").fill_null(-1), "product_type_name").unique("product_type_no")
    sales = _table(graph, "history/type_sales", week_id).join(names, on="product_type_no", how="left")
    known = sales.with_columns(pl.col("product_type_name").fill_null("unknown")).collect()
    return None if known.is_empty() else draw_season_curves(known, calendar=graph.calendar)


def _growth(graph: Graph, week_id: int) -> bytes | None:
    """Hold earlier weeks' forecasts against their sales: the week's own are not known yet."""
    from hm_pipeline.recommender.plots.growth import draw_growth  # noqa: PLC0415 - as above

    names = graph.home.static("articles").select("article_id", pl.col("product_type_no").fill_null(-1), "product_type_name")
    sales = _table(graph, "history/type_sales", week_id).group_by("product_type_no", "sold_week_id").agg(pl.col("sold_count").sum())
    shares = sales.with_columns((pl.col("sold_count") / pl.col("sold_count").sum().over("sold_week_id")).alias("share")).collect()
    frames = []
    for past in range(week_id - EARLIER, week_id):
        if not _is_stored(graph.home, "signal/seasonality", past) or shares.filter(pl.col("sold_week_id") == past).is_empty():
            continue
        said = _table(graph, "signal/seasonality", past).join(names, on="article_id")
        types = said.group_by("product_type_no").agg(
            pl.col("seasonality_growth").max().alias("expected_growth"), pl.col("product_type_name").min()
        )
        month = shares.lazy().filter(pl.col("sold_week_id").is_between(past - 4, past - 1)).group_by("product_type_no")
        now = shares.lazy().filter(pl.col("sold_week_id") == past).select("product_type_no", "share")
        known = types.join(month.agg(before=pl.col("share").sum() / 4), on="product_type_no").join(now, on="product_type_no")
        frames.append(known.with_columns(growth=pl.col("share") / pl.col("before")))
    rows = pl.concat(frames).sort("product_type_no", "share").collect() if frames else pl.DataFrame()
    return None if rows.is_empty() else draw_growth(rows.with_columns(pl.col("product_type_name").fill_null("unknown")))


def _scores(graph: Graph, week_id: int) -> bytes | None:
    from hm_pipeline.recommender.plots.scores import draw_scores  # noqa: PLC0415 - as above

    rows = []
    for past in range(graph.calendar.first_week, week_id + 1):
        manifest = Manifest.load(graph.home.folder("scoreboard", past))
        for name, value in manifest.figures.items() if manifest else ():
            if name.startswith("map_at_12/"):
                rows.append({"week_id": past, "rung": name.removeprefix("map_at_12/"), "map_at_12": value})
    return draw_scores(pl.DataFrame(rows), calendar=graph.calendar) if rows else None


def _forecast(graph: Graph, week_id: int) -> bytes | None:
    """Hold the forecast of the week before against its sales: the week's own are not known yet."""
    from hm_pipeline.recommender.plots.forecast import draw_forecast  # noqa: PLC0415 - as above

    past = week_id - 1
    if not (_is_stored(graph.home, "signal/availability", past) and _is_stored(graph.home, "transactions", past)):
        return None
    sold = _table(graph, "transactions", past).group_by("article_id").agg(sold_units=pl.len())
    expected = _table(graph, "signal/availability", past).select("article_id", "availability", expected_units="availability_units")
    both = expected.join(sold, on="article_id", how="left").with_columns(pl.col("sold_units").fill_null(0)).sort("article_id").collect()
    return None if both.is_empty() else draw_forecast(both)


def _reliability(graph: Graph, week_id: int) -> bytes | None:
    """Hold earlier weeks' probabilities against their purchases: the week's own are not known yet."""
    from hm_pipeline.recommender.plots.reliability import draw_reliability  # noqa: PLC0415 - as above

    need, truth = "signal/type_need", "transactions"
    weeks = [
        past for past in range(week_id - EARLIER, week_id) if _is_stored(graph.home, need, past) and _is_stored(graph.home, truth, past)
    ]
    types = graph.home.static("articles").select("article_id", pl.col("product_type_no").fill_null(-1))
    key = ["customer_id", "product_type_no"]
    frames = []
    for past in weeks:
        said = _table(graph, need, past).select(*key, pl.col("type_need").alias("probability"))
        bought = _table(graph, truth, past).join(types, on="article_id").select(key).unique()
        # The probability is of a type if anything is bought, so only buyers of the week can tell.
        of_buyers = said.join(bought.select("customer_id").unique(), on="customer_id", how="semi")
        hits = bought.with_columns(came_true=pl.lit(1.0))
        frames.append(of_buyers.join(hits, on=key, how="left").select(*key, "probability", pl.col("came_true").fill_null(0.0)))
    rows = pl.concat(frames).sort("probability", *key).collect() if frames else pl.DataFrame()
    return None if rows.is_empty() else draw_reliability(rows)


def _top(graph: Graph, week_id: int) -> bytes | None:
    from hm_pipeline.recommender.plots.article_grid import draw_articles  # noqa: PLC0415 - as above

    lists = _table(graph, "recommendations", week_id).filter(pl.col("rank") <= TOP)
    top = lists.group_by("article_id").agg(customers=pl.len()).sort("customers", "article_id", descending=[True, False]).head(TOP)
    columns = ("prod_name", "product_type_name", "colour_group_name")
    named = top.join(graph.home.static("articles").select("article_id", *columns), on="article_id", how="left", maintain_order="left")
    shown = named.collect()
    found = {article: photos.image_path(graph.home.root, article) for article in shown["article_id"]}
    return None if shown.is_empty() else draw_articles(shown, {article: photo for article, photo in found.items() if photo})


PICTURES: dict[str, tuple[str, Picture]] = {
    "history/type_sales": ("season curves", _season),
    "signal/seasonality": ("growth, forecast and true, of earlier weeks", _growth),
    "scoreboard": ("MAP@12 over the weeks", _scores),
    "signal/availability": ("forecast of the week before, against its sales", _forecast),
    "signal/type_need": ("reliability in earlier weeks", _reliability),
    "recommendations": ("top articles", _top),
}
