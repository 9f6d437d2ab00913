"""Ingest: how the files are packed does not matter, and what is damaged leaves no trace."""

import gzip
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.errors import HMError, InvalidInput, MissingInput
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import AR, BOB, CUSTOMERS, FILES, TRANSACTIONS, bytes_of, run, write


@pytest.fixture
def home(tmp_path: Path) -> Path:
    run(write(tmp_path / "raw"), tmp_path / "home")
    return tmp_path / "home"


@pytest.mark.parametrize("nested", ["", "h-and-m/"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("zipped", [False, True])
def test_packing_does_not_matter(home: Path, tmp_path: Path, nested: str, suffix: str, zipped: bool) -> None:
    folder = write(tmp_path / "packed" / nested)
    if suffix:
        for path in list(folder.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    raw = tmp_path / "packed"
    if zipped:
        raw = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", raw))
    run(raw, tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(home)


ODD = {
    "lost leading zeros": lambda text: text.replace(",0108", ",108"),
    "articles written as fractions": lambda text: text.replace("0108775015", "108775015.0").replace("0108775044", "108775044.0"),
    "quoted fields": lambda text: text.replace(",0108775015,", ',"0108775015",'),
    "empty lines": lambda text: text.replace("\n", "\n\n"),
    "prices as powers of ten": lambda text: text.replace(",0.01,", ",1e-2,"),
    "no line end at the end": str.rstrip,
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_ways_to_write_a_purchase_are_understood(home: Path, tmp_path: Path, odd: str) -> None:
    changed = ODD[odd](TRANSACTIONS)
    assert changed != TRANSACTIONS
    run(write(tmp_path / "odd", transactions=changed), tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(home)


@pytest.mark.parametrize(("age", "years"), [("0", 0), ("140", 140), ("25.5", 26), ("", None)])
def test_odd_ages_are_kept(tmp_path: Path, age: str, years: int | None) -> None:
    run(write(tmp_path / "raw", customers=CUSTOMERS.replace("30.6", age)), tmp_path / "home")
    ages = Home(tmp_path / "home").dimension("customers").filter(pl.col("customer_hex") == BOB).collect()["age"]
    assert ages.to_list() == [years]


def test_a_path_that_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no such file or folder"):
        run(tmp_path / "nowhere", tmp_path / "home")
    note = tmp_path / "note.txt"
    note.write_text("hello")
    with pytest.raises(InvalidInput, match=r"neither a folder nor a \.zip"):
        run(note, tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("spoil", ["no zip", "cut short", "wrong checksum", "no articles"])
def test_a_damaged_zip(tmp_path: Path, spoil: str) -> None:
    write(tmp_path / "raw")
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in FILES:
            if not (spoil == "no articles" and file == AR):
                archive.write(tmp_path / "raw" / file, file)
    whole = path.read_bytes()
    spoilt = {"no zip": b"hello", "cut short": whole[: len(whole) // 2], "wrong checksum": whole.replace(b"0.01,2", b"0.99,2")}
    path.write_bytes(spoilt.get(spoil, whole))
    with pytest.raises(HMError) as caught:
        run(path, tmp_path / "home")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "home").exists()
