"""Bad input at the command: one line, exit code 1, the home as it was, and the rows at fault kept."""

from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.datasets.kaggle.rejected_rows import FILE
from tests.datasets.kaggle.bad_files import BAD_FILES, BAD_ROWS, replace
from tests.datasets.kaggle.tiny_files import ADA, TRANSACTIONS, TX, bytes_of, run, tree, write


def rejected(home: Path) -> pl.DataFrame:
    return pl.read_parquet(home / FILE)


@pytest.mark.parametrize("name", [*BAD_ROWS, *BAD_FILES])
@pytest.mark.parametrize("there", [False, True], ids=["new home", "old home"])
def test_one_line_and_the_home_as_it_was(hm_ingest, tmp_path: Path, name: str, there: bool) -> None:
    change, words, lines = {**BAD_ROWS, **BAD_FILES}[name]
    raw, home = write(tmp_path / "raw"), tmp_path / "deep" / "home"
    if there:
        run(raw, home)
    before = tree(home)
    change(raw)
    code, said = hm_ingest(home, raw)
    assert code == 1
    assert len(said) == 1, said
    assert said[0].startswith("hm: ")
    assert [word for word in words if word not in said[0]] == [], said[0]
    after = tree(home)
    listed = after.pop(FILE, None)
    assert {file: stamp for file, stamp in after.items() if not file.startswith(".lock")} == before
    if lines:
        assert FILE in said[0]
        assert rejected(home)["line"].to_list() == lines
    else:
        assert listed is None
        assert there or not (tmp_path / "deep").exists()


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_rows_can_be_left_out(hm_ingest, tmp_path: Path, name: str) -> None:
    raw, home = write(tmp_path / "raw"), tmp_path / "home"
    BAD_ROWS[name].change(raw)
    lines = len((raw / TX).read_bytes().splitlines()) - 1
    code, said = hm_ingest(home, raw, "--skip-bad-rows")
    assert (code, said) == (0, [])
    assert rejected(home)["line"].to_list() == BAD_ROWS[name].lines
    stored = pl.scan_parquet(home / "tables/transactions/*/*.parquet", hive_partitioning=False)
    kept = stored.select(pl.len()).collect().item()
    assert kept + rejected(home).height == lines


@pytest.mark.parametrize("name", [name for name in BAD_FILES if name not in ("only strangers",)])
def test_a_bad_file_is_refused_all_the_same(hm_ingest, tmp_path: Path, name: str) -> None:
    raw = write(tmp_path / "raw")
    BAD_FILES[name].change(raw)
    code, said = hm_ingest(tmp_path / "home", raw, "--skip-bad-rows")
    assert (code, len(said)) == (1, 1)


def test_what_is_left_is_what_the_good_rows_alone_give(hm_ingest, tmp_path: Path) -> None:
    raw, home = write(tmp_path / "raw"), tmp_path / "home"
    stranger = f"2020-09-17,{'d' * 64},0108775044,0.02,1\n"
    replace(TX, TRANSACTIONS.replace("0.01,2", "cheap,2") + "\n" + stranger)(raw)
    assert hm_ingest(home, raw, "--skip-bad-rows") == (0, [])
    good = "".join(line for line in TRANSACTIONS.splitlines(keepends=True) if "0.01,2" not in line)
    run(write(tmp_path / "good", transactions=good), tmp_path / "home2")
    assert bytes_of(home / "tables/transactions") == bytes_of(tmp_path / "home2/tables/transactions")
    assert rejected(home).select("line", "column", "row").rows() == [
        (4, "price", f"2020-09-09,{ADA},0108775015,cheap,2"),
        (8, "customer_id", stranger.strip()),
    ]


def test_a_thousand_rows_at_fault_are_listed(hm_ingest, tmp_path: Path) -> None:
    rows = TRANSACTIONS + f"2020-09-17,{ADA},0108775044,-1,1\n" * 1200
    code, said = hm_ingest(tmp_path / "home", write(tmp_path / "raw", transactions=rows))
    assert (code, len(said)) == (1, 1)
    assert "1,000 or more such rows" in said[0]
    assert rejected(tmp_path / "home")["line"].to_list() == list(range(7, 1007))


def test_a_clean_ingest_forgets_what_an_earlier_one_rejected(hm_ingest, tmp_path: Path) -> None:
    raw, home = write(tmp_path / "raw", transactions=TRANSACTIONS.replace("0.01,2", "x,2")), tmp_path / "home"
    assert hm_ingest(home, raw)[0] == 1
    assert (home / FILE).exists()
    assert hm_ingest(home, write(raw)) == (0, [])
    assert not (home / FILE).exists()
