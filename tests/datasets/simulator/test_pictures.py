"""Pictures of the simulated shop: every type its own shape, colour as colour, patterns as patterns, the same bytes twice."""

from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.images import shapes as silhouettes
from hm_pipeline.datasets.simulator.images.drawing import HEIGHT, WIDTH, Cut
from hm_pipeline.datasets.simulator.images.render import GROUND, encode, picture
from hm_pipeline.datasets.simulator.images.texture import PRINTS, SHADES
from hm_pipeline.datasets.simulator.simulate import simulate

MIDDLE = Cut(fit=2, detail=0, length=1)
CUTS = [Cut(fit, detail, length) for fit in range(5) for detail in range(8) for length in range(3)]


def shape(kind: str, cut: Cut = MIDDLE) -> np.ndarray:
    return np.asarray(silhouettes.draw(kind, cut).cloth) > 127


def test_every_type_colour_and_pattern_can_be_drawn() -> None:
    assert set(silhouettes.OF_TYPE) == {kind.name for kind in words.TYPES}
    assert set(SHADES) == {colour.name for colour in palette.COLOURS}
    assert set(PRINTS) == {name for _, name, _ in palette.PATTERNS}


def test_every_type_has_its_own_silhouette() -> None:
    for one, two in combinations(silhouettes.OF_TYPE, 2):
        first, second = silhouettes.draw(one, MIDDLE), silhouettes.draw(two, MIDDLE)
        looks = [np.stack([np.asarray(layer, int) for layer in (d.cloth, d.seams, d.trims)]) for d in (first, second)]
        assert (np.abs(looks[0] - looks[1]).max(axis=0) > 60).mean() > 0.02, (one, two)


@pytest.mark.parametrize("kind", sorted(silhouettes.OF_TYPE))
def test_a_silhouette_is_in_the_middle_and_within_the_picture(kind: str) -> None:
    rows = np.flatnonzero(shape(kind).any(axis=1))
    assert abs(rows[0] + rows[-1] + 1 - HEIGHT) <= 2
    assert 0.04 < shape(kind).mean() < 0.6
    for cut in CUTS:
        drawn = shape(kind, cut)
        assert drawn[[0, -1]].sum() == 0, cut
        assert drawn[:, [0, -1]].sum() <= 12, cut  # a string or a cuff may end at the side


@pytest.mark.parametrize("kind", ["Dress", "T-shirt", "Trousers", "Bag"])
def test_cuts_of_a_type_differ(kind: str) -> None:
    drawings = {np.asarray(silhouettes.draw(kind, cut).cloth).tobytes() for cut in CUTS}
    assert len(drawings) >= 5


@pytest.mark.parametrize("place", range(len(palette.COLOURS)))
def test_a_solid_garment_has_the_shade_of_its_colour(place: int) -> None:
    pixels = np.asarray(picture("Sweater", MIDDLE, place, 0, 0), int)
    inside = shape("Sweater") & (np.asarray(silhouettes.draw("Sweater", MIDDLE).seams) == 0)
    assert np.abs(np.median(pixels[inside], axis=0) - SHADES[palette.COLOURS[place].name]).max() <= 1
    outside = np.asarray(silhouettes.draw("Sweater", MIDDLE).cloth) == 0
    assert (pixels[outside] == GROUND).all(axis=1).mean() > 0.95


def test_shades_differ_as_colours_do() -> None:
    for one, two in combinations(SHADES.values(), 2):
        assert np.abs(np.subtract(one, two)).max() >= 8


@pytest.mark.parametrize("colour", [0, 2, 7])
def test_patterns_differ_in_every_colour(colour: int) -> None:
    drawn = [np.asarray(picture("Dress", MIDDLE, colour, pattern, 1), int) for pattern in range(len(palette.PATTERNS))]
    for one, two in combinations(drawn, 2):
        assert (np.abs(one - two).max(axis=2) > 10).mean() > 0.02


def test_images_lie_where_kaggle_puts_them(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    simulate(tmp_path, customers=20, articles=120, weeks=2, images=True, progress=lambda *step: seen.append(step))
    ids = pl.read_csv(tmp_path / "articles.csv", schema_overrides={"article_id": pl.String})["article_id"]
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.jpg")}
    assert there == {f"images/{name[:3]}/{name}.jpg" for name in ids}
    assert seen[-1] == ("images", 120, 120)
    assert {path.name for path in tmp_path.iterdir()} == {"images", "articles.csv", "customers.csv", "transactions_train.csv"}
    with Image.open(tmp_path / min(there)) as photo:
        assert (photo.format, photo.size, photo.mode) == ("JPEG", (WIDTH, HEIGHT), "RGB")


def test_the_same_arguments_give_the_same_pictures_and_replace_those_of_another_shop(tmp_path: Path) -> None:
    simulate(tmp_path / "two", customers=5, articles=90, weeks=2, seed=8, images=True)
    for name in ("one", "two"):
        simulate(tmp_path / name, customers=5, articles=60, weeks=2, seed=3, images=True)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.jpg")} for name in ("one", "two"))
    assert one == two
    assert len(one) == 60
    assert len(set(one.values())) > 50


def test_pictures_that_fail_leave_the_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(tmp_path, customers=5, articles=10, weeks=2, images=True)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*.jpg")}
    monkeypatch.delitem(silhouettes.OF_TYPE, "Trousers")
    silhouettes.draw.cache_clear()
    with pytest.raises(KeyError):
        simulate(tmp_path, customers=5, articles=200, weeks=2, images=True)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.jpg")} == before


def test_encoding_is_small() -> None:
    assert len(encode(picture("Coat", MIDDLE, 0, 1, 0))) < 8_000
