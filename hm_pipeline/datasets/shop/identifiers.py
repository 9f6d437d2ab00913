"""Identifiers of a shop as those of the tables: hashes, so that an id has the same number in every delivery and every home."""

from hm_pipeline.base.ids import HEX
from hm_pipeline.datasets.kaggle.csv_reader import quote, sql_name

BLANKS = " \t\r\n\v\f\u00a0\u200b\u2007\u202f\ufeff"  # a tab or a zero-width space makes no other customer
SHORTENED = "^[+-]?[0-9]([.,][0-9]+)?[eE][+][0-9]+$"
LEAST_HASHED, HASHED = 10**14, 9 * 10**14  # 15 digits: a double holds them, and shorter numbers stay what they are
OWN_NUMBER = "^[1-9][0-9]{0,13}$"


def trimmed(name: str) -> str:
    """Return the SQL of a column's text without blanks of any kind around it."""
    return f"trim({sql_name(name)}, {quote(BLANKS)})"


def is_shortened(text: str) -> str:
    """Return the SQL of whether a text is a number that a spreadsheet has shortened, by which ids become one another's."""
    return f"regexp_matches({text}, {quote(SHORTENED)})"


def customer_hex(text: str) -> str:
    """Return the SQL of a customer's 64 hex digits: the id itself where it is such, else its hash."""
    return f"CASE WHEN regexp_matches({text}, '{HEX}') THEN {text} ELSE sha256({text}) END"


def article_number(text: str) -> str:
    """Return the SQL of an article's number: the id itself where it is one of up to 14 digits, else its hash of 15."""
    hashed = f"{LEAST_HASHED} + (md5_number_lower({text}) % {HASHED})::BIGINT"
    return f"CASE WHEN regexp_matches({text}, '{OWN_NUMBER}') THEN {text}::BIGINT ELSE {hashed} END"
