"""Share of demand that a clothing type will have in the week.

Source: a multinomial logit on the type's share in the last weeks, its year, and the same weeks a year before, fitted
on the weeks of the last year; then the same for types within index groups and within age bands, drawn to what is
expected of the type.  Grain: (article, week); articles of one type and index group share its values.
"""

from collections.abc import Mapping

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.recommender.plots.growth import growth_of_earlier_weeks
from hm_pipeline.recommender.signals._lib import share_model as _shares
from hm_pipeline.recommender.signals._lib.share_model import ShareModel, window
from hm_pipeline.recommender.signals._lib.signal import Signal

TYPE, GROUP = "product_type_no", "index_group_no"
BANDS = {"young": 0, "middle": 1, "older": 2}  # of type_sales
LEVELS: Mapping[str, tuple[str, ...]] = {"types": (TYPE,), "groups": (TYPE, GROUP), **dict.fromkeys(BANDS, (TYPE,))}
FEWEST = 4  # past weeks that are worth a fit


class Seasonality(ArticleWeek):
    """Season of every article's clothing type."""

    seasonality = dy.Float32(
        nullable=False, min=0, description="expected share of the type in its index group over that of the last year; above 1 is in season"
    )
    seasonality_share = dy.Float32(nullable=False, min=0, max=1, description="expected share of the type in all units of the week")
    seasonality_growth = dy.Float32(nullable=False, min=0, description="that share over the type's share of the last four weeks")
    seasonality_group_share = dy.Float32(
        nullable=False, min=0, max=1, description="expected share of the type in the article's index group in all units of the week"
    )
    seasonality_group_growth = dy.Float32(nullable=False, min=0, description="that share over the share of the last four weeks")
    seasonality_young_growth = dy.Float32(nullable=False, min=0, description="the type's growth among buyers under 30")
    seasonality_middle_growth = dy.Float32(nullable=False, min=0, description="the type's growth among buyers of 30 to 49")
    seasonality_older_growth = dy.Float32(nullable=False, min=0, description="the type's growth among buyers of 50 and more")


def sales_matrix(sales: pl.DataFrame, keys: tuple[str, ...], weeks: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Return the groups, sorted, and their units, shape (groups, weeks)."""
    groups = sales.select(keys).unique().sort(keys)
    counted = sales.group_by(*keys, "sold_week_id").agg(pl.col("sold_count").sum())
    places = counted.join(groups.with_row_index("place"), on=keys)
    sold = np.zeros((groups.height, weeks))
    sold[places["place"].to_numpy(), places["sold_week_id"].to_numpy()] = places["sold_count"].to_numpy()
    return groups, sold


def of_level(sales: pl.DataFrame, level: str) -> pl.DataFrame:
    """Return the sales that a level looks at: an age band's own, or all."""
    return sales.filter(pl.col("age_band") == BANDS[level]) if level in BANDS else sales


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 52) -> ShareModel:  # noqa: ARG001 - nothing is drawn
    """Fit the weights of every level on past weeks.

    Parameters
    ----------
    weeks
        Past weeks that are explained, newer ones counting more.  A year of them holds each season once; the closing of
        the shops in spring 2020 is among them where it is, and fades with the others.
    """
    sales = tables.weekly("history/type_sales").at(week_id).collect()
    first = tables.calendar.first_week
    known = range(max(week_id - weeks, first + 5), week_id)
    if len(known) < FEWEST:
        return ShareModel({}, {"weeks": 0.0})
    types, sold = sales_matrix(sales, (TYPE,), week_id)
    found = {"types": _shares.fit(sold, known)}
    growth = [_growth(ShareModel(found), types, sold, week) for week in known]
    for level in (name for name in LEVELS if name != "types"):
        groups, of_groups = sales_matrix(of_level(sales, level), LEVELS[level], week_id)
        if len(groups):
            found[level] = _shares.fit(of_groups, known, [_parent(groups, each) for each in growth])
    return ShareModel(found, {"weeks": float(len(known))})


def _growth(model: ShareModel, types: pl.DataFrame, sold: np.ndarray, week: int) -> pl.DataFrame:
    """Return the growth expected of every type in a week, as a logarithm."""
    level = _shares.build_features(sold, week)[:, 0]
    return types.with_columns(pl.Series("growth", np.log(model.expect("types", sold, week)) - level))


def _parent(groups: pl.DataFrame, growth: pl.DataFrame) -> np.ndarray:
    return groups.join(growth, on=TYPE, how="left", maintain_order="left")["growth"].fill_null(0).to_numpy()


def expected(model: ShareModel, sales: pl.DataFrame, level: str, week_id: int, of_types: pl.DataFrame) -> pl.DataFrame:
    """Return what is expected of a level's groups: ``share``, ``growth`` over four weeks and ``in_season`` over the year."""
    groups, sold = sales_matrix(of_level(sales, level), LEVELS[level], week_id)
    parent = None if level == "types" else _parent(groups, of_types)
    share = model.expect(level, sold, week_id, parent)
    recent, year = (np.exp(_shares.build_features(sold, week_id)[:, place]) for place in (0, 4))
    in_season = share / np.maximum(year * recent, 1e-12)  # the year's share is given as a ratio to the recent one
    growth = share / np.maximum(recent, 1e-12)
    has_sold = window(sold, week_id, 1, week_id) > 0
    columns = {"share": share, "growth": growth, "in_season": in_season}
    return groups.with_columns(pl.Series(name, values.round(7)) for name, values in columns.items()).filter(pl.Series(has_sold))


def compute(tables: Inputs, *, week_id: int, model: ShareModel) -> pl.LazyFrame:
    """Return :class:`Seasonality` of the week for all the catalogue; a type that never sold expects nothing."""
    sales = tables.weekly("history/type_sales").at(week_id).collect()
    of_types = _growth(model, *sales_matrix(sales, (TYPE,), week_id), week_id)
    found = {level: expected(model, sales, level, week_id, of_types) for level in LEVELS}
    rows = tables.dimension("articles").select("article_id", or_unknown(TYPE, GROUP)).collect()
    for level, keys in LEVELS.items():
        named = found[level].rename({name: f"{level}_{name}" for name in ("share", "growth", "in_season")})
        rows = rows.join(named, on=keys, how="left", maintain_order="left")
    predicted = {
        "seasonality": pl.col("groups_in_season").fill_null(0),
        "seasonality_share": pl.col("types_share").fill_null(0),
        "seasonality_growth": pl.col("types_growth").fill_null(1),
        "seasonality_group_share": pl.col("groups_share").fill_null(0),
        "seasonality_group_growth": pl.col("groups_growth").fill_null(1),
        **{f"seasonality_{band}_growth": pl.col(f"{band}_growth").fill_null(1) for band in BANDS},
    }
    columns = (value.cast(pl.Float32).alias(name) for name, value in predicted.items())
    return Seasonality.cast(rows.select(week_column(week_id), "article_id", *columns)).lazy()


SIGNAL = Signal(
    name="seasonality",
    schema=Seasonality,
    compute=compute,
    inputs=("articles", "history/type_sales"),
    fit=fit,
    load=ShareModel.load,
    why="Shorts sell in June, whoever is asked: last week's sales notice a turn of the season a week late.",
    services=("ranking", "signals"),
    previews=(Preview("growth, forecast and true, of earlier weeks", growth_of_earlier_weeks),),
    questions=("season",),
)
