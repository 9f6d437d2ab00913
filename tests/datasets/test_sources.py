"""Sources of raw files: folders and zips by path and URI, and objects of a real S3 server."""

import shutil
import socket

import pytest

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli import app as cli
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.shop.layout import ShopLayout
from tests.datasets.kaggle import tiny_files
from tests.datasets.kaggle.tiny_files import bytes_of, tree
from tests.datasets.s3_server import SECRET, put, s3_server
from tests.datasets.shop.shop_files import write


@pytest.fixture(scope="module")
def s3():
    with s3_server() as client:
        yield client


@pytest.fixture
def expected(tmp_path):
    """The tables of a home that was filled from a folder, and what fills one from another source."""
    raw, schema = write(tmp_path / "shop")
    layout = ShopLayout.load(schema)

    def filled(source, name):
        ingest(source, tmp_path / name, settings=Settings(), layout=layout)
        return bytes_of(tmp_path / name / "tables")

    return filled(raw, "expected"), filled, raw


def test_a_file_uri_is_the_folder_that_it_names(expected, tmp_path):
    tables, filled, raw = expected
    odd = tmp_path / "two words & 100%"
    shutil.copytree(raw, odd)
    assert filled(odd.as_uri(), "home") == tables
    assert filled(odd.as_uri().replace("file:///", "file:/"), "again") == tables
    assert filled(str(odd), "path") == tables


def test_a_prefix_of_s3(expected, s3):
    tables, filled, raw = expected
    put(s3, raw, "exports/2024 week 9")
    s3.put_object(Bucket="shop", Key="exports/2024 week 9/images/huge.jpg", Body=b"not asked for")
    assert filled("s3://shop/exports/2024 week 9/", "home") == tables
    assert filled("s3://shop/exports/2024%20week%209", "again") == tables


def test_a_zip_on_s3(expected, s3, tmp_path):
    tables, filled, raw = expected
    path = shutil.make_archive(str(tmp_path / "all"), "zip", raw)
    s3.upload_file(path, "shop", "zips/all.zip")
    assert filled("s3://shop/zips/all.zip", "home") == tables


def test_kaggle_s_layout_on_s3(s3, tmp_path):
    raw = tiny_files.write(tmp_path / "raw")
    ingest(raw, tmp_path / "one", settings=Settings())
    put(s3, raw, "kaggle")
    ingest("s3://shop/kaggle", tmp_path / "two", settings=Settings())
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_only_the_files_that_are_read_are_copied(s3, tmp_path):
    from hm_pipeline.datasets.sources import local_source  # noqa: PLC0415 - beside its only use

    raw, schema = write(tmp_path / "shop")
    put(s3, raw, "some")
    s3.put_object(Bucket="shop", Key="some/images/huge.jpg", Body=b"not asked for")
    folder = local_source("s3://shop/some", tmp_path / "copied", ShopLayout.load(schema).choose)
    assert sorted(path.name for path in folder.rglob("*")) == ["goods.csv", "orders.csv", "people.csv"]


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("s3://nobody/x", InvalidInput, r"NO_SUCH_BUCKET.*\(s3://nobody/x\): see AWS_ACCESS_KEY_ID"),
        ("s3://shop/nothing", MissingInput, r"no object bears this prefix \(s3://shop/nothing\)"),
        ("s3://shop/empty", InvalidInput, r"orders.csv: no such file in s3://shop/empty: name one of y.txt"),
        ("s3://key:secret@shop/x", InvalidInput, r"holds credentials \(s3://\.\.\.@shop/x\)"),
        ("gs://key:secret@shop/x", InvalidInput, r"gs:// is not read \(gs://shop/x\): give a folder, a .zip, a file: URI"),
        ("file://other/x", InvalidInput, r"names another machine \(file://other/x\)"),
        ("file:///no/such/folder", MissingInput, r"no such file or folder"),
    ],
)
def test_a_source_that_cannot_be_read_is_one_line(s3, tmp_path, source, error, words):
    s3.put_object(Bucket="shop", Key="empty/y.txt", Body=b"y")
    _, schema = write(tmp_path / "shop")
    with pytest.raises(error, match=words) as caught:
        ingest(source, tmp_path / "deep" / "home", settings=Settings(), layout=ShopLayout.load(schema))
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "deep").exists()


def test_a_server_that_does_not_answer_is_one_line_without_secrets(s3, tmp_path, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("HM_HOME", str(tmp_path / "home"))
        raw, schema = write(tmp_path / "shop")
        monkeypatch.setattr("sys.argv", ["hm", "ingest", str(raw), "--schema", str(schema), "--json"])
        cli_ended(0)
        before = tree(tmp_path / "home")
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["hm", "ingest", "s3://shop/x", "--json"])
        cli_ended(1)
        complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "s3://shop/x" in complaint
    assert SECRET not in complaint
    assert tree(tmp_path / "home") == before


def cli_ended(code):
    try:
        cli.main()
    except SystemExit as stop:
        assert (stop.code or 0) == code  # noqa: PT017 - the way in which commands end
