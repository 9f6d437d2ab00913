"""Folders whose names mean something to a reader: patterns, columns, addresses.  They are names, and nothing else."""

from pathlib import Path

import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.lost_rows import LostRows
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import BOB, TRANSACTIONS, bytes_of, run, week, write

NAMES = ["a b", "it's [1] 100%41", "week_id=5", "customer_id=9", "*", "a?c", "#x", 'sh"op', "é{,}~"]


def test_any_name_of_a_raw_folder_and_of_a_home(tmp_path: Path) -> None:
    """All the ways through an ingest: the fast pass, bad rows left out, rows lost, weeks replaced and taken back."""
    spoilt = TRANSACTIONS + f"2020-09-17,{BOB},0108775044,-1,1\n2020-09-17,{'e' * 64},0108775044,1,1\n"
    fewer = TRANSACTIONS.replace("2020-09-16", "2020-09-17")
    homes = []
    for root in (tmp_path / "plain", tmp_path.joinpath(*NAMES)):
        raw, home = write(root / "raw"), root / "home"
        run(raw, home)
        ingest(write(root / "bad", transactions=spoilt), home, settings=Settings(), skip_bad_rows=True)
        with pytest.raises(LostRows):
            run(write(root / "fewer", transactions=fewer), home)
        ingest(root / "fewer", home, settings=Settings(), replace_weeks=True)
        first = Home(home).calendar.start(103)
        ingest(root / "fewer", home, settings=Settings(), drop_weeks=(first, first))
        homes.append(bytes_of(home))
        assert week(home, 103).height == 1
    assert homes[0] == homes[1]


@pytest.mark.parametrize("place", ["raw", "home"])
def test_a_backslash_is_refused(tmp_path: Path, place: str) -> None:
    """The one letter that DuckDB takes for a separator of folders, be it quoted or not."""
    raw = write(tmp_path / ("back\\slash" if place == "raw" else "raw"))
    with pytest.raises(InvalidInput, match="a backslash in its name"):
        run(raw, tmp_path / ("back\\slash" if place == "home" else "home"))
    assert [path.name for path in tmp_path.iterdir()] == [raw.name]


@pytest.mark.parametrize(("name", "rival"), [("a?b", "axb"), ("a*", "abc"), ("[ab]", "a")])
def test_a_name_is_no_pattern_that_finds_other_folders_too(tmp_path: Path, name: str, rival: str) -> None:
    write(tmp_path / rival, transactions=TRANSACTIONS.replace("0.05", "0.06"))
    run(tmp_path / rival, tmp_path / f"home-{rival}")
    run(write(tmp_path / name), tmp_path / f"home-{name}")
    assert sorted(week(tmp_path / f"home-{name}", 104)["price"]) == [25407, 25424, 25424, 50000]
