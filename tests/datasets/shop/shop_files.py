"""Three hand-written files of a shop, and their schema; each can be changed."""

import yaml

ORDERS = """when;who;what;money;n;where
01/03/2024 10:00;K1;A-1;1.000,50;2;web
02/03/2024 23:30;K2;B-2;7,08;1;laden
03/03/2024 10:00;K1;A-1;1.000,50;-1;web
20/03/2024 10:00;K1;A-1;1.000,50;-1;web
"""
PEOPLE = "who;born\nK1;1990\nK2;\n"
GOODS = "what;title;kind\nA-1;Rock;Röcke\nB-2;Hose;Hosen\n"
SCHEMA = {
    "currency": "EUR",
    "transactions": {
        "files": "orders.csv",
        "separator": ";",
        "decimal": ",",
        "thousands": ".",
        "columns": {"day": "when", "customer": "who", "article": "what", "price": "money", "quantity": "n", "channel": "where"},
        "date_format": "%d/%m/%Y %H:%M",
        "channels": {"laden": 1, "web": 2},
    },
    "customers": {"files": "people.csv", "separator": ";", "columns": {"customer": "who", "birth_year": "born"}},
    "articles": {"files": "goods.csv", "separator": ";", "columns": {"article": "what", "name": "title", "type": "kind"}},
}


def write(folder, files=None, change=None):
    """Write the files, the usual ones or others, and the schema; return the folder of the files, and the schema."""
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, text in ({"orders.csv": ORDERS, "people.csv": PEOPLE, "goods.csv": GOODS} | (files or {})).items():
        if text is None:
            (raw / name).unlink(missing_ok=True)
        else:
            (raw / name).parent.mkdir(parents=True, exist_ok=True)
            (raw / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    schema = yaml.safe_load(yaml.safe_dump(SCHEMA))
    for key, value in (change or {}).items():
        table, _, part = key.partition(".")
        schema[table] = {**schema[table], part: value} if part else value
    path = folder / "shop.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in schema.items() if value is not None}))
    return raw, path


def line(day="05/03/2024 10:00", who="K1", what="A-1", money="5", n="1", where="web"):
    """Return the order lines and one more."""
    return {"orders.csv": f"{ORDERS}{day};{who};{what};{money};{n};{where}\n"}
