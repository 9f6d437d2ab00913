"""Drafts of schemas: what stands in the files is found, whatever it is called, and what is open is named."""

import polars as pl
import pytest
import yaml

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.datasets.shop.draft import draft
from hm_pipeline.datasets.shop.schema import ShopSchema
from tests.real import SHARED

ORDERS = "datum;kunde;artikel;preis;menge;kanal\n" + "".join(
    f"{day:02}.11.2024 10:30;K{day % 3};A{day % 5};{day},90;{1 + day % 2};{'laden' if day % 2 else 'online'}\n" for day in range(1, 29)
)
PEOPLE = "kunde;geburtsjahr\nK0;1990\nK1;1980\nK2;1970\n"
GOODS = "artikel;bezeichnung;kategorie;farbe\n" + "".join(f"A{number};Ding {number};Hosen;blau\n" for number in range(5))


def drafted(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    made = draft(folder)
    (folder / "shop.yaml").write_text(made.text)
    return made, yaml.safe_load(made.text), ShopSchema.load(folder / "shop.yaml")


def test_tables_and_columns_are_found_by_their_words_and_by_what_they_list(tmp_path):
    made, raw, schema = drafted(tmp_path, verkauf=ORDERS, leute=PEOPLE, ware=GOODS)
    assert made.open_points == []
    assert raw["transactions"] == {
        "files": "verkauf.csv",
        "separator": ";",
        "decimal": ",",
        "columns": {"day": "datum", "customer": "kunde", "article": "artikel", "price": "preis", "quantity": "menge", "channel": "kanal"},
        "date_format": "%d.%m.%Y %H:%M",
        "price_of": "unit",
        "quantity": "units",
        "returns": "net",
        "channels": {"laden": 1, "online": 2},
    }
    assert raw["customers"]["columns"] == {"customer": "kunde", "birth_year": "geburtsjahr"}
    assert raw["articles"]["columns"] == {"article": "artikel", "name": "bezeichnung", "type": "kategorie", "colour": "farbe"}
    assert schema.customers is not None


def test_what_cannot_be_found_is_an_open_point_of_the_draft(tmp_path):
    made, raw, _ = drafted(tmp_path, verkauf="datum,x,y\n2024-01-02,a,b\n2024-01-03,c,d\n")
    assert [point.partition(":")[0] for point in made.open_points] == [
        "transactions.columns.customer",
        "transactions.columns.article",
        "transactions.columns.price",
    ]
    assert "# TO DO: transactions.columns.customer: one of datum, x, y" in made.text
    assert raw["transactions"]["columns"]["customer"] == ""


def test_a_format_that_the_days_leave_open_is_remarked(tmp_path):
    made, *_ = drafted(tmp_path, verkauf="date,user,sku,price\n01/02/2024,a,b,1\n03/04/2024,c,d,2\n")
    assert 'date_format: "%d/%m/%Y"   # %d/%m/%Y or %m/%d/%Y: the days leave it open' in made.text


def test_encodings_high_prices_and_channels_without_a_known_word(tmp_path):
    orders = "date,user,sku,price,channel\n" + "".join(
        f"2024-01-{day:02},u{day},s{day},{1_000 * day},Café {day % 2}\n" for day in range(1, 20)
    )
    made, raw, _ = drafted(tmp_path, verkauf=orders.encode("cp1252"))
    assert raw["transactions"]["encoding"] == "cp1252"
    assert raw["transactions"]["price_divisor"] == 10
    assert [point.partition(":")[0] for point in made.open_points] == ["transactions.channels.Café 0", "transactions.channels.Café 1"]


def test_parquet_is_looked_at_too(tmp_path):
    rows = pl.DataFrame(
        {"day": ["2024-01-01", "2024-01-02"], "user_id": [1, 2], "item": [7, 8], "sales_value": [1.5, 2.5], "quantity": [1, 2]}
    )
    rows.write_parquet(tmp_path / "sales.parquet")
    _, raw, _ = drafted(tmp_path)
    assert raw["transactions"]["files"] == "sales.parquet"
    assert raw["transactions"]["price_of"] == "line"


def test_a_folder_without_order_lines_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(InvalidInput, match="no file has a column of days"):
        draft(tmp_path)
    with pytest.raises(MissingInput, match="no such folder"):
        draft(tmp_path / "none")


@pytest.mark.real
@pytest.mark.skipif(not SHARED.exists(), reason="no files of another shop beside the checkout")
def test_the_foreign_shop_needs_no_edit():
    made = draft(SHARED / "cases" / "foreign_shop")
    raw = yaml.safe_load(made.text)
    assert made.open_points == []
    assert raw["transactions"]["date_format"] == "%d/%m/%Y %H:%M"
    assert raw["transactions"]["decimal"] == ","
    assert raw["articles"]["columns"] == {"article": "sku", "name": "title", "type": "category", "colour": "colour", "department": "brand"}
