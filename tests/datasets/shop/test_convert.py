"""A shop's files by a schema: values as they are meant, returns taken off, and every kind of fault with its place."""

import gzip
import zipfile
from datetime import date

import polars as pl
import pytest

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.datasets.kaggle.csv_reader import connect
from hm_pipeline.datasets.shop.convert import convert
from hm_pipeline.datasets.shop.faults import FaultyFiles
from hm_pipeline.datasets.shop.files import unpacked
from hm_pipeline.datasets.shop.schema import ShopSchema
from tests.datasets.shop.shop_files import GOODS, ORDERS, PEOPLE, SCHEMA, line, write


@pytest.fixture
def shop(tmp_path):
    """Convert files, the usual ones or others, and return the three tables, with what was counted."""

    def made(files=None, change=None, home=None):
        raw, path = write(tmp_path, files, change)
        scratch = tmp_path / f"scratch{len(list(tmp_path.glob('scratch*')))}"
        scratch.mkdir()
        connection = connect(scratch, memory="1GB", threads=1)
        found = convert(raw, ShopSchema.load(path), home or tmp_path / "home", scratch, connection=connection, epoch=date(2018, 9, 19))
        tables = {path.stem: pl.read_csv(path, infer_schema=False) for path in found.folder.iterdir()}
        ids = pl.read_parquet(scratch / "article_ids.parquet")
        sold = tables["transactions_train"].with_columns(pl.col("article_id").cast(pl.Int64)).join(ids, on="article_id")
        return found.counts, sold.sort("t_dat", "article"), tables["customers"], tables["articles"], scratch

    return made


def faults(shop, *args, **named):
    with pytest.raises(FaultyFiles) as caught:
        shop(*args, **named)
    return caught.value.lines


def test_values_are_what_the_schema_says(shop):
    counts, sold, people, goods, scratch = shop()
    assert sold.select("t_dat", "article", "price", "sales_channel_id").rows() == [
        ("2024-03-01", "A-1", "1000.500000", "2"),
        ("2024-03-02", "B-2", "7.080000", "1"),
    ]
    assert (counts.lines, counts.bought, counts.netted, counts.left_out) == (4, 2, 1, 1)
    assert people["age"].to_list() == ["34.0", None]
    assert goods.sort("product_type_no").select("product_type_no", "product_type_name", "prod_name").rows() == [
        ("1", "Hosen", "Hose"),
        ("2", "Röcke", "Rock"),
    ]
    assert pl.read_parquet(scratch / "customer_ids.parquet")["customer"].to_list() in (["K1", "K2"], ["K2", "K1"])


@pytest.mark.parametrize(("how", "left"), [("net", 2), ("leave_out", 3)])
def test_returns_are_never_bought(shop, how, left):
    assert shop(change={"transactions.returns": how})[1].height == left


def test_returns_are_refused_where_the_schema_wants_it(shop):
    (line,) = faults(shop, change={"transactions.returns": "refuse"})
    assert line.startswith("orders.csv, line 4, column n: '-1' is a return, and 1 more row")


def test_a_return_of_a_later_week_does_not_change_the_week_of_the_purchase(shop):
    before = shop({"orders.csv": "\n".join(ORDERS.splitlines()[:4]) + "\n"})[1]
    assert shop()[1].equals(before)


def test_returns_may_be_marked_by_a_column(shop):
    orders = "when;who;what;money;n;where;kind\n01/03/2024 10:00;K1;A-1;5;1;web;sale\n02/03/2024 10:00;K1;A-1;5;1;web;return\n"
    columns = {**SCHEMA["transactions"]["columns"], "is_return": "kind"}
    change = {"transactions.columns": columns, "transactions.return_values": ["return"]}
    counts, sold, *_ = shop({"orders.csv": orders}, change)
    assert (sold.height, counts.netted) == (0, 1)


def test_weights_are_one_purchase_and_a_line_s_price_is_divided(shop):
    orders = "when;who;what;money;n;where\n01/03/2024 10:00;K1;A-1;6,00;0,5;web\n01/03/2024 10:00;K1;B-2;6,00;3;web\n"
    _, sold, *_ = shop({"orders.csv": orders}, {"transactions.quantity": "weight", "transactions.price_of": "line"})
    assert sold.select("article", "price").rows() == [("A-1", "12.000000"), ("B-2", "2.000000")]


@pytest.mark.parametrize(("written_in", "day"), [("", "2024-03-02"), ("UTC", "2024-03-03")])
def test_a_moment_becomes_a_day_in_the_shop_s_zone(shop, written_in, day):
    change = {"transactions.time_zone": "Europe/Berlin", **({"transactions.written_in": written_in} if written_in else {})}
    sold = shop(change=change)[1]
    assert sold.filter(pl.col("article") == "B-2")["t_dat"].item() == day


def test_names_keep_their_numbers_when_new_ones_come(shop, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    *_, scratch = shop()
    for name in ("codes.json", "customer_ids.parquet", "article_ids.parquet"):
        (scratch / name).rename(home / name)
    *_, goods, scratch = shop({"goods.csv": GOODS + "C-3;Anzug;Anzüge\n"}, home=home)
    numbers = dict(goods.select("product_type_name", "product_type_no").rows())
    assert numbers == {"Hosen": "1", "Röcke": "2", "Anzüge": "3"}
    assert pl.read_parquet(scratch / "article_ids.parquet")["article"].sort().to_list() == ["A-1", "B-2", "C-3"]


def test_an_id_has_one_number_whatever_stands_beside_it(shop):
    both = shop()[3].select("article_id", "prod_name")
    alone = shop({"goods.csv": "what;title;kind\nB-2;Hose;Hosen\nA-1;Rock;Röcke\nZ;z;z\n"})[3].select("article_id", "prod_name")
    assert both.join(alone, on=["article_id", "prod_name"]).height == 2


def test_customers_and_articles_of_the_lines_are_taken_where_no_file_lists_them(shop):
    _, sold, people, goods, _ = shop({"people.csv": None, "goods.csv": None}, {"customers": None, "articles": None})
    assert (sold.height, people.height, goods.height) == (2, 2, 2)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_encodings(shop, encoding):
    goods = shop({"goods.csv": GOODS.encode(encoding)}, {"articles.encoding": encoding.removesuffix("-sig")})[3]
    assert set(goods["product_type_name"]) == {"Röcke", "Hosen"}


def test_compressed_files_parquet_and_several_files(shop, tmp_path):
    pl.read_csv(PEOPLE.encode(), separator=";", infer_schema=False).write_parquet(tmp_path / "people.parquet")
    lines = ORDERS.splitlines()
    files = {
        "people.csv": None,
        "people.parquet": (tmp_path / "people.parquet").read_bytes(),
        "orders.csv": None,
        "orders-1.csv": "\n".join(lines[:2]) + "\n",
        "orders-2.csv.gz": gzip.compress(("\n".join([lines[0], *lines[2:]]) + "\n").encode()),
    }
    change = {"customers.files": "people.parquet", "transactions.files": ["orders-*.csv*"]}
    assert shop(files, change)[1].height == 2


def test_lines_that_end_in_two_ways_are_read(shop):
    lines = ORDERS.splitlines()
    assert shop({"orders.csv": "\r\n".join(lines[:3]) + "\r\n" + "\n".join(lines[3:]) + "\n"})[1].height == 2


def test_a_zip_is_read(shop, tmp_path):
    shop()
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (tmp_path / "raw").iterdir():
            archive.write(path, f"export/{path.name}")
    scratch = tmp_path / "unzipped"
    scratch.mkdir()
    schema = ShopSchema.load(tmp_path / "shop.yaml")
    connection = connect(scratch, memory="1GB", threads=1)
    found = convert(tmp_path / "all.zip", schema, tmp_path / "home", scratch, connection=connection, epoch=date(2018, 9, 19))
    assert found.counts.bought == 2


def test_a_damaged_zip_is_refused_in_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("orders.csv", ORDERS)
    data = (tmp_path / "all.zip").read_bytes()
    (tmp_path / "all.zip").write_bytes(data.replace(b"K1;A-1", b"K1;A-9", 1))
    with pytest.raises(InvalidInput, match="cannot be unpacked"):
        unpacked(tmp_path / "all.zip", "orders.csv", tmp_path / "out")


def test_customers_and_articles_whom_only_order_lines_name_are_added(shop, tmp_path):
    _, sold, people, goods, scratch = shop(line(who="K9", what="X"))
    assert (sold.height, people.height, goods.height) == (3, 3, 3)
    assert people["age"].to_list() == ["34.0", None, None]
    home = tmp_path / "home"
    home.mkdir()
    for name in ("codes.json", "customer_ids.parquet", "article_ids.parquet"):
        (scratch / name).rename(home / name)
    _, sold, people, goods, _ = shop({**line(who="K9", what="X"), "people.csv": "who;born\nK1;1990\nK2;1991\n"}, home=home)
    assert (sold.height, people.height, goods.height) == (3, 2, 2), "the home has the others, with what it knows of them"


def test_files_that_do_not_belong_together_are_refused(shop):
    lines = faults(shop, {"people.csv": "who;born\nX1;1990\nX2;1991\n"})
    assert any("orders.csv, line 2, column who: 'K1' is not among the customers, and 3 more rows" in text for text in lines)


def test_all_kinds_of_faults_are_listed_at_once(shop):
    bad = line(day="2024-03-05", who="K9", money="five", n="0,5", where="fax")
    lines = faults(shop, {**bad, "people.csv": PEOPLE + "K1;x\n"})
    assert len(lines) == 6, lines
    assert {line.split(":")[0] for line in lines} == {
        *(f"orders.csv, line 6, column {column}" for column in ("when", "money", "n", "where")),
        *(f"people.csv, line 4, column {column}" for column in ("who", "born")),
    }


def test_a_line_is_counted_with_the_breaks_in_the_fields_before_it(shop):
    orders = ORDERS.replace("K2;", '"K2\n";') + "05/03/2024 10:00;K1;A-1;five;1;web\n"
    assert any(line.startswith("orders.csv, line 7, column money") for line in faults(shop, {"orders.csv": orders}))


COLUMNS = "columns: {day: a, customer: b, article: c, price: d}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("transactions: [", "is not YAML"),
        ("transactions: {files: a.csv}", "transactions.columns: Field required"),
        (f"transactions: {{files: a.csv, {COLUMNS}, colour: red}}", "transactions.colour: Extra"),
        (f"transactions: {{files: a.csv, {COLUMNS}, time_zone: Mars}}", "there is no time zone 'Mars'"),
        (f"transactions: {{files: a.csv, {COLUMNS}, encoding: klingon}}", "there is no encoding"),
        (f"transactions: {{files: a.csv, {COLUMNS}, return_values: [R]}}", "are given together"),
    ],
)
def test_a_schema_that_is_none_is_refused(tmp_path, text, says):
    (tmp_path / "shop.yaml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        ShopSchema.load(tmp_path / "shop.yaml")
    assert says in str(caught.value)
    with pytest.raises(MissingInput, match="hm schema FOLDER"):
        ShopSchema.load(tmp_path / "none.yaml")
