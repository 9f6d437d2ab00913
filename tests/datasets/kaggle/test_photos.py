"""Photos beside the raw files are found by their article, and are nobody's condition."""

import shutil
from pathlib import Path

from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle import image_folder as photos
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home


def test_an_article_finds_its_photo(tmp_path: Path) -> None:
    raw, home = tmp_path / "raw", tmp_path / "home"
    simulate(raw, customers=60, articles=20, weeks=4, images=True)
    ingest(raw, home, settings=Settings())
    articles = Home(home).dimension("articles").select("article_id").collect()["article_id"].to_list()
    found = [photos.image_path(home, article) for article in articles]
    assert len({path for path in found if path}) == 20
    assert all(path.name == f"{article:010d}.jpg" for path, article in zip(found, articles, strict=True))
    found[0].unlink()
    assert photos.image_path(home, articles[0]) is None
    assert photos.image_path(home, articles[1]) == found[1]


def test_files_without_photos_leave_those_that_are_known(tmp_path: Path) -> None:
    raw, home = tmp_path / "raw", tmp_path / "home"
    simulate(raw, customers=60, articles=20, weeks=4, images=True)
    ingest(raw, home, settings=Settings())
    later = tmp_path / "later"
    later.mkdir()
    for file in raw.glob("*.csv"):
        shutil.copy(file, later)
    ingest(later, home, settings=Settings())
    article = Home(home).dimension("articles").collect()["article_id"][0]
    assert photos.image_path(home, article).is_relative_to(raw)


def test_no_photos_is_no_file(tmp_path: Path) -> None:
    simulate(tmp_path / "raw", customers=60, articles=20, weeks=4)
    ingest(tmp_path / "raw", tmp_path / "home", settings=Settings())
    assert not (tmp_path / "home" / photos.FILE).exists()
    assert photos.image_path(tmp_path / "home", 1) is None
