"""Deliveries of a shop that must be refused: files, changes of the schema, and words of the complaint."""

import gzip
import io
import zipfile

from tests.datasets.shop.shop_files import GOODS, ORDERS, PEOPLE, SCHEMA, line

HEAD, *ROWS = ORDERS.splitlines(keepends=True)
MANY = (HEAD + "".join(f"05/03/2024 10:00;K{n};A-{n * 7919 % 1009};5;1;web\n" for n in range(9000))).encode()
MIXED = HEAD + "".join(f"{month:02}/{day:02}/2024 10:00;K1;A-1;5;1;web\n" for month, day in ((3, 9), (3, 10), (3, 13), (3, 14)))
COLUMNS = SCHEMA["transactions"]["columns"]


def workbook():
    """Return the bytes of a zip, which a spreadsheet's own file is."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("xl/sheet1.xml", "\u00ff" * 500)
    return data.getvalue()


def gz(change):
    """Return the order lines as .gz in place of those as they are, and the schema that names them."""
    return {"orders.csv": None, "orders.csv.gz": change(gzip.compress(MANY))}, {"transactions.files": "orders.csv.gz"}


BAD = {
    "a column that is not there": ({}, {"customers.columns": {"customer": "kunde"}}, "line 1: no column 'kunde': name one of who, born"),
    "a file that is not there": ({}, {"articles.files": "ware.csv"}, "ware.csv: no such file in"),
    "an id that two customers share": ({"people.csv": PEOPLE + " K1 ;1991\n"}, {}, "line 4, column who: ' K1 ' stands there twice"),
    "an article twice": ({"goods.csv": GOODS + "B-2;x;y\n"}, {}, "goods.csv, line 4, column what: 'B-2' stands there twice"),
    "another encoding": ({"goods.csv": GOODS.encode("cp1252")}, {}, "goods.csv, line 2: is not utf-8: give the encoding"),
    "merged headers": ({"orders.csv": ORDERS.replace("who;what", ";")}, {}, "line 1: columns 2, 3 of the first line have no name"),
    "a field too few": ({"orders.csv": ORDERS + "05/03/2024 10:00;K1;5\n"}, {}, "line 6: the row has 3 fields, the first line 6"),
    "a quote that is never closed": (line(who='"K1'), {}, "orders.csv: cannot be read: unexpected end of data"),
    "an unlisted customer": (line(who="K9"), {"customers.unlisted": "refuse"}, "line 6, column who: 'K9' is not among the customers"),
    "an unlisted article": (line(what="X"), {"articles.unlisted": "refuse"}, "line 6, column what: 'X' is not among the articles"),
    "an unknown channel": (line(where="fax"), {}, "orders.csv, line 6, column where: 'fax' is no known channel"),
    "days of another format": (line(day="2024-03-05"), {}, "line 6, column when: '2024-03-05' is not written as %d/%m/%Y %H:%M"),
    "a price that is no number": (line(money="five"), {}, "column money: 'five' is not a number"),
    "a price too high": (line(money="3.000,00"), {}, "column money: '3.000,00' is above 2147: set price_divisor"),
    "a negative price": (line(money="-3"), {}, "column money: '-3' is negative"),
    "half a unit": (line(n="0,5"), {}, "column n: '0,5' is not an integer: set quantity: weight"),
    "a quantity of nothing": (line(n="0"), {}, "column n: '0' is 0"),
    "a day to come": (line(day="05/03/2124 10:00"), {}, "lies in the future"),
    "a day before the epoch": (line(day="05/03/1914 10:00"), {}, "lies before the epoch"),
    "a customer without an id": (line(who=""), {}, "column who: '' is empty"),
    "a birth year that is none": ({"people.csv": "who;born\nK1;90\nK2;1990\n"}, {}, "line 2, column born: '90' is no number between"),
    "a file without rows": ({"orders.csv": ORDERS.splitlines()[0] + "\n"}, {}, "orders.csv: no rows"),
    "an empty file": ({"orders.csv": ""}, {}, "orders.csv: is empty"),
    "returns alone": ({"orders.csv": "when;who;what;money;n;where\n01/03/2024 10:00;K1;A-1;5;-1;web\n"}, {}, "no line is a purchase"),
    "a format that fits half of the days": ({"orders.csv": MIXED}, {}, "'03/13/2024 10:00' is not written as %d/%m/%Y %H:%M, and 1"),
    "two files for one table": ({"old/orders.csv": ORDERS}, {}, "orders.csv: there are two: old/orders.csv, orders.csv"),
    "a pattern that nothing matches": ({}, {"transactions.files": "sales-*.csv"}, "sales-*.csv: no such file in"),
    "a folder of other files": (
        {"orders.csv": None, "people.csv": None, "goods.csv": None, "x.txt": "x"}, {}, "people.csv: no such file in"
    ),
    "a folder for a file": ({"orders.csv": None, "orders.csv/x": "y"}, {}, "orders.csv: no such file in"),
    "a file outside the folder": ({}, {"articles.files": "../shop.yaml"}, "../shop.yaml: no such file in"),
    "another separator": ({}, {"transactions.separator": ","}, "by ';', not by ',': set separator: ';' under transactions"),
    "a point where a comma is meant": (line(money="7.08"), {}, "column money: '7.08' is not a number: set decimal and thousands"),
    "a comma where a point is meant": (
        {}, {"transactions.decimal": ".", "transactions.thousands": ""}, "line 2, column money: '1.000,50' is not a number, and 3 more rows"
    ),
    "an underscore in a number": (line(money="1_000"), {}, "column money: '1_000' is not a number"),
    "a price in words": (line(money="free"), {}, "column money: 'free' is not a number"),
    "a price with its currency": (line(money="\u20ac 5"), {}, "column money: '\u20ac 5' is not a number"),
    "an endless price": (line(money="inf"), {}, "column money: 'inf' is not a number"),
    "a quantity in words": (line(n="two"), {}, "column n: 'two' is not a number"),
    "a quantity and a half": (line(n="1,5"), {}, "column n: '1,5' is not an integer"),
    "a quantity that is a price": (line(n="5000"), {}, "column n: '5000' is above 1000"),
    "a year of two digits": (line(day="05/03/24 10:00"), {}, "'05/03/24 10:00' lies before the epoch"),
    "a day of a spreadsheet": (line(day="45352,4"), {}, "'45352,4' is not written as"),
    "no such day": (line(day="30/02/2024 10:00"), {}, "'30/02/2024 10:00' is not written as"),
    "a zone in some rows": (line(day="05/03/2024 10:00+02:00"), {}, "'05/03/2024 10:00+02:00' is not written as"),
    "no zone in some rows": (
        line(), {"transactions.date_format": "%d/%m/%Y %H:%M%z"}, "line 2, column when: '01/03/2024 10:00' is not written as"
    ),
    "a NUL character": (line(what="A\0-1"), {}, "orders.csv, line 6: holds a NUL character"),
    "NUL characters alone": ({"orders.csv": b"\0" * 4000}, {}, "orders.csv, line 1: holds a NUL character"),
    "a NUL character in a .gz": (*gz(lambda _: gzip.compress((ORDERS + "\0").encode())), "orders.csv.gz, line 6: holds a NUL character"),
    "two columns of one name": ({"orders.csv": ORDERS.replace("where", "who", 1)}, {}, "orders.csv, line 1: two columns are called 'who'"),
    "one column for two parts": (
        {}, {"transactions.columns": {**COLUMNS, "price": "n"}}, "transactions.columns: Value error, 'n' is named twice"
    ),
    "a field too many": ({"orders.csv": ORDERS + "05/03/2024 10:00;K1;A-1;5;1;web;x\n"}, {}, "line 6: the row has 7 fields"),
    "a last row of sums": ({"orders.csv": ORDERS + "Total;;;1.234,00;;\n"}, {}, "line 6, column when: 'Total' is not written as"),
    "a header in the middle": ({"orders.csv": ORDERS + ORDERS}, {}, "line 6, column when: 'when' is not written as"),
    "an id with a tab": ({"people.csv": PEOPLE + "K1\t;1991\n"}, {}, "line 4, column who: 'K1\\t' stands there twice"),
    "an id with a blank of no width": ({"people.csv": PEOPLE + "K1\u200b;1991\n"}, {}, "column who: 'K1\\u200b' stands there twice"),
    "an article without an id": ({"goods.csv": GOODS + ";x;y\n"}, {}, "line 4, column what: '' is empty"),
    "an id that a spreadsheet shortened": (line(what="4,00638E+12"), {}, "column what: '4,00638E+12' is a number that was shortened"),
    "an article that a spreadsheet shortened": ({"goods.csv": GOODS + "4.00638E+12;x;y\n"}, {}, "line 4, column what: '4.00638E+12' is a"),
    "a number that is no channel": (
        {"orders.csv": ORDERS.replace("web", "3").replace("laden", "1")}, {"transactions.channels": {}}, "'3' is no known channel"
    ),
    "utf-8 where cp1252 is said": ({}, {"articles.encoding": "cp1252"}, "goods.csv, line 2: is utf-8, not cp1252"),
    "utf-8 where utf-16 is said": ({}, {"articles.encoding": "utf-16"}, "goods.csv, line 3: is not utf-16"),
    "utf-16 where utf-8 is said": ({"goods.csv": GOODS.encode("utf-16")}, {}, "goods.csv, line 1: is not utf-8"),
    "a spreadsheet's own file": ({"orders.csv": workbook()}, {}, "orders.csv, line 1: is not utf-8"),
    "no Parquet": (
        {"orders.csv": None, "orders.parquet": b"PAR1" + b"x" * 100}, {"transactions.files": "orders.parquet"}, "orders.parquet: cannot be"
    ),
    "a .gz that is none": (*gz(lambda _: ORDERS), "orders.csv.gz: cannot be read: Not a gzipped file"),
    "a .gz cut short": (*gz(lambda data: data[:-4000]), "orders.csv.gz: cannot be read: Compressed file ended"),
    "a damaged .gz": (*gz(lambda data: data[:4000] + b"\xff" * 40 + data[4040:]), "orders.csv.gz: cannot be read"),
    "one file twice": (
        {"orders.csv": None, "orders.2.csv": ORDERS, "orders.1.csv": ORDERS},
        {"transactions.files": "orders.*.csv"},
        "orders.2.csv, line 2: all lines of the week of 2024-02-26 and of 1 more weeks stand in orders.1.csv, too",
    ),
    "a week in two files": (
        {"orders.csv": None, "orders.1.csv": ORDERS, "orders.2.csv": HEAD + ROWS[1] + "12/03/2024 10:00;K1;A-1;5;1;web\n"},
        {"transactions.files": "orders.*.csv"},
        "orders.2.csv, line 2: all lines of the week of 2024-02-26 stand in orders.1.csv, too",
    ),
}  # fmt: skip
# What is wrong beside a home that holds the usual delivery.
CONTRADICTIONS = {
    "a week with fewer rows": (
        {"orders.csv": HEAD + ROWS[0]}, {}, "1 purchase that the home holds is not in the files (week of 2024-02-26; listed in lost.parquet"
    ),
    "an article of another type": (
        {"goods.csv": GOODS.replace("Hosen", "Sakkos")}, {}, "line 3, column kind: 'Sakkos' is another type of article 'B-2' than 'Hosen'"
    ),
    "an article without its type": ({"goods.csv": GOODS.replace("Hosen", "")}, {}, "line 3, column kind: '' is another type"),
    "no types any more": (
        {}, {"articles.columns": {"article": "what"}}, "goods.csv: the home holds the types of 2 articles, and the schema names no column"
    ),
    "prices of another currency": ({}, {"currency": "USD"}, "currency is 'USD', and the home's prices are in 'EUR'"),
    "another shop": (
        {
            "orders.csv": HEAD + "12/03/2024 10:00;X7;Z-7;5;1;web\n",
            "people.csv": "who;born\nX7;1990\n",
            "goods.csv": "what;title;kind\nZ-7;a;b\n",
        },
        {},
        "orders.csv: no customer and no article of the order lines is in the home",
    ),
}  # fmt: skip
