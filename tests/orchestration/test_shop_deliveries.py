"""The sensor's look at the files of a shop that has a schema of its own."""

import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.datasets.shop.layout import ShopLayout
from hm_pipeline.orchestration.deliveries import Delivery

SCHEMA = "transactions: {files: sales-*.csv, columns: {day: a, customer: b, article: c, price: d}}\n"


def test_a_new_file_of_a_pattern_is_a_new_delivery(tmp_path):
    (tmp_path / "shop.yaml").write_text(SCHEMA)
    layout, raw = ShopLayout.load(tmp_path / "shop.yaml"), tmp_path / "raw"
    raw.mkdir()
    with pytest.raises(InvalidInput, match="no such file"):
        Delivery.read(None).now(raw, layout)
    (raw / "sales-1.csv").write_text("a,b,c,d\n")
    (raw / "notes.txt").write_text("nothing of ours")
    first = Delivery.read(None).now(raw, layout)
    (raw / "notes.txt").write_text("something else")
    assert first.now(raw, layout).content == first.content
    (raw / "sales-2.csv").write_text("a,b,c,d\n")
    second = first.now(raw, layout)
    assert (second.number, second.content != first.content) == (first.number + 1, True)
