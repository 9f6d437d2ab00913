"""Every picture is drawn for real: a PNG, small, and different where the table is."""

import io

import numpy as np
import polars as pl
import pytest
from matplotlib.image import imread
from PIL import Image

from hm_pipeline.recommender.plots.article_grid import draw_articles, rgb
from hm_pipeline.recommender.plots.forecast import draw_forecast
from hm_pipeline.recommender.plots.reliability import draw_reliability
from hm_pipeline.recommender.plots.scores import draw_scores
from hm_pipeline.recommender.plots.season import draw_season_curves

MOST_BYTES = 45_000  # 60 kB as a data URI, which is a third longer


def season(rows: int) -> bytes:
    weeks, chance = range(104), np.random.default_rng(0)
    table = [(f"type {t}", w, int(50 + 10 * rows * t * (1 + np.sin(w / 8 + t)) + chance.integers(9))) for t in range(9) for w in weeks]
    return draw_season_curves(pl.DataFrame(table, schema=["product_type_name", "sold_week_id", "sold_count"], orient="row"))


def scores(rows: int) -> bytes:
    table = [(w, f"L{level} model", 0.01 * level * rows + w / 1e5) for w in range(52) for level in range(5)]
    return draw_scores(pl.DataFrame(table, schema=["week_id", "model", "map_at_12"], orient="row"))


def forecast(rows: int) -> bytes:
    chance = np.random.default_rng(rows)
    sold = chance.gamma(0.5, 30, 20_000)
    table = {
        "sold_units": sold,
        "expected_units": sold * chance.uniform(0.5, 1.5, sold.size),
        "availability": chance.uniform(size=sold.size),
    }
    return draw_forecast(pl.DataFrame(table))


def reliability(rows: int) -> bytes:
    chance = np.random.default_rng(0)
    said = chance.beta(1, 8, 5_000)
    return draw_reliability(pl.DataFrame({"probability": said, "came_true": (chance.uniform(size=said.size) < said / rows).astype(float)}))


def swatches(rows: int) -> bytes:
    one = {
        "article_id": 1,
        "prod_name": "Jade HW Skinny $ Denim",
        "product_type_name": "Trousers",
        "colour_group_name": "Dark Blue",
        "customers": 1_234,
    }
    return draw_articles(pl.DataFrame([{**one, "customers": rows * place} for place in range(12)]))


@pytest.mark.parametrize("draw", [season, scores, forecast, reliability, swatches])
def test_a_picture_is_drawn_small_and_shows_its_table(draw):
    png = draw(1)
    assert len(png) < MOST_BYTES
    pixels = imread(io.BytesIO(png), format="png")
    assert min(pixels.shape[:2]) > 150
    assert pixels.std() > 0.02
    assert draw(1) == png
    assert draw(3) != png


def test_a_single_row_is_drawn():
    assert draw_season_curves(pl.DataFrame({"product_type_name": ["Dress"], "sold_week_id": [3], "sold_count": [1]}))
    assert draw_reliability(pl.DataFrame({"probability": [0.0], "came_true": [0.0]}))
    assert draw_forecast(pl.DataFrame({"sold_units": [0.0], "expected_units": [0.0], "availability": [0.5]}))
    assert draw_articles(
        pl.DataFrame({"article_id": [1], "prod_name": [None], "product_type_name": [None], "colour_group_name": [None], "customers": [1]})
    )


def test_a_swatch_has_the_colour_of_its_name():
    pixels = imread(io.BytesIO(swatches(1)), format="png")[..., :3]
    near = np.abs(pixels - np.array(rgb("Dark Blue"))).max(axis=2) < 0.02
    assert near.mean() > 0.1


def test_longer_colour_names_go_first():
    assert rgb("Greenish Khaki") == rgb("Khaki green") != rgb("Green")
    assert rgb("Off White") != rgb("White")


def test_an_article_with_a_photo_is_shown_as_it_looks(tmp_path):
    Image.new("RGB", (300, 400), (10, 200, 90)).save(tmp_path / "one.jpg", quality=95)
    table = pl.DataFrame(
        {
            "article_id": [1, 2],
            "prod_name": ["a", "b"],
            "product_type_name": ["Top"] * 2,
            "colour_group_name": ["Red"] * 2,
            "customers": [2, 1],
        }
    )
    drawn = draw_articles(table, {1: tmp_path / "one.jpg"})
    assert drawn.startswith(b"\xff\xd8")
    assert len(drawn) < MOST_BYTES
    pixels = np.asarray(Image.open(io.BytesIO(drawn)), float) / 255
    green, red = (np.abs(pixels - np.array(colour)).max(axis=2) < 0.06 for colour in ((10 / 255, 200 / 255, 90 / 255), rgb("Red")))
    assert green.mean() > 0.03
    assert red.mean() > 0.03
    assert np.nonzero(green)[1].max() < np.nonzero(red)[1].min()  # in the order of the table
