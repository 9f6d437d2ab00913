"""Ids as the shop writes them: in, out, and refused where nobody has them."""

import polars as pl

from hm_pipeline.base.ids import signed
from hm_pipeline.engine.shop_ids import ARTICLES, CUSTOMERS, ShopIds, known_texts

HEX = ["0" * 63 + "1", "f" * 64]


def test_without_ids_of_its_own_a_home_has_kaggle_s(tmp_path):
    ids = ShopIds.load(tmp_path)
    assert not ids.are_own
    assert ids.customer_hex(known_texts([f" {HEX[1].upper()}"])).to_list() == [HEX[1]]
    assert ids.customer_id(known_texts([*HEX, "x"])).to_list() == [1, -1, None]
    assert ids.article_id(known_texts(["0108775015", 7, "1.5"])).to_list() == [108775015, 7, None]
    assert ids.article(pl.Series([7])).to_list() == ["0000000007"]
    assert ids.customer(pl.Series(HEX)).to_list() == HEX


def test_a_shop_s_ids_are_looked_up_both_ways(tmp_path):
    pl.DataFrame({"customer_hex": HEX, "customer": ["K1", "42"]}).write_parquet(tmp_path / CUSTOMERS)
    pl.DataFrame({"article_id": [5, 10**14], "article": ["5", "A-1"]}).write_parquet(tmp_path / ARTICLES)
    ids = ShopIds.load(tmp_path)
    assert ids.are_own
    assert ids.customer_id(known_texts([" K1", 42, "k1", HEX[0]])).to_list() == [signed(HEX[0]), signed(HEX[1]), None, None]
    assert ids.article_id(known_texts(["A-1", 5, "6"])).to_list() == [10**14, 5, None]
    assert ids.customer(pl.Series(HEX[::-1])).to_list() == ["42", "K1"]
    assert ids.article(pl.Series([10**14, 5])).to_list() == ["A-1", "5"]


def test_ids_that_a_delivery_added_are_seen(tmp_path):
    pl.DataFrame({"customer_hex": HEX[:1], "customer": ["K1"]}).write_parquet(tmp_path / CUSTOMERS)
    assert ShopIds.load(tmp_path).customer_id(known_texts(["42"])).to_list() == [None]
    pl.DataFrame({"customer_hex": HEX, "customer": ["K1", "42"]}).write_parquet(tmp_path / "new.parquet")
    (tmp_path / "new.parquet").replace(tmp_path / CUSTOMERS)
    assert ShopIds.load(tmp_path).customer_id(known_texts(["42"])).to_list() == [-1]
