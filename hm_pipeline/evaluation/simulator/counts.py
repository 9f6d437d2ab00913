"""Counts of an ingested home, as they were made of the reference data: DuckDB statements that each return one row of metrics."""

from glob import escape
from pathlib import Path

import duckdb

from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home

Metrics = dict[str, float | None]
TOPS = (12, 60, 100, 1000, 5000)
TOP = ", ".join(f"sum(share) FILTER (place <= {top}) AS top_{top}" for top in TOPS)
PRICE = ", ".join(f"quantile_cont(price, {percent / 100}) AS price_p{percent}" for percent in (1, 10, 50, 90, 99))
AGE = ", ".join(f"quantile_disc(age, {percent / 100}) AS age_p{percent}" for percent in (10, 25, 50, 75, 90))
PREPARE = """
CREATE VIEW rows AS SELECT * FROM read_parquet({transactions}, hive_partitioning = false);
CREATE VIEW articles AS SELECT * FROM read_parquet({articles}) WHERE known_until IS NULL;
CREATE VIEW customers AS SELECT * FROM read_parquet({customers}) WHERE known_until IS NULL;
CREATE TABLE pairs AS SELECT customer_id, article_id, week_id, count(*) AS copies FROM rows GROUP BY ALL;
CREATE TABLE visits AS
    SELECT customer_id, week_id, sum(copies) AS copies, count(*) AS articles,
        week_id - lag(week_id) OVER (PARTITION BY customer_id ORDER BY week_id) AS gap
    FROM pairs GROUP BY customer_id, week_id;
"""
SIZES = """
SELECT (SELECT count(*) FROM customers) AS customers, (SELECT count(*) FROM articles) AS articles,
    (SELECT sum(copies) FROM pairs) AS transactions,
    (SELECT count(*) FROM visits WHERE week_id = {last}) / (SELECT count(*) FROM customers) AS buyers_last,
    (SELECT 1 - count(*) / sum(copies) FROM (SELECT count(*) AS copies FROM rows GROUP BY t_dat, customer_id, article_id)) AS duplicates
"""
PER_CUSTOMER = """
WITH counted AS (
    SELECT coalesce(copies, 0) AS copies FROM customers
    LEFT JOIN (SELECT customer_id, sum(copies) AS copies FROM visits GROUP BY 1) USING (customer_id)
)
SELECT avg(copies) AS rows_mean, quantile_cont(copies, .5) AS rows_p50, quantile_cont(copies, .75) AS rows_p75,
    quantile_cont(copies, .9) AS rows_p90, quantile_cont(copies, .99) AS rows_p99 FROM counted
"""
BASKETS = """
SELECT avg(copies) FILTER (week_id = {last}) AS basket_rows_last, avg(articles) FILTER (week_id = {last}) AS basket_articles_last,
    quantile_disc(copies, .5) FILTER (week_id = {last}) AS basket_p50_last,
    quantile_disc(copies, .9) FILTER (week_id = {last}) AS basket_p90_last,
    avg(copies) AS basket_rows, avg(articles) AS basket_articles FROM visits
"""
GAPS = """
SELECT quantile_disc(gap, .1) AS gap_p10, quantile_disc(gap, .25) AS gap_p25, quantile_disc(gap, .5) AS gap_p50,
    quantile_disc(gap, .75) AS gap_p75, quantile_disc(gap, .9) AS gap_p90,
    avg((gap <= 4)::INT) AS gap_4, avg((gap > 12)::INT) AS gap_long,
    avg(coalesce(gap = 1, false)::INT) AS visit_1, avg(coalesce(gap = 2, false)::INT) AS visit_2,
    avg(coalesce(gap <= 4, false)::INT) AS visit_4, avg((gap IS NULL)::INT) AS visit_none FROM visits
"""
REPEATS = """
WITH before AS (
    SELECT *, week_id - lag(week_id) OVER (PARTITION BY customer_id, article_id ORDER BY week_id) AS ago FROM pairs
)
SELECT avg((ago IS NOT NULL)::INT) AS again, avg((ago IS NOT NULL)::INT) FILTER (week_id > {last} - 52) AS again_second,
    avg(coalesce(ago = 1, false)::INT) AS again_1, avg(coalesce(ago = 2, false)::INT) AS again_2,
    avg(coalesce(ago = 3, false)::INT) AS again_3, avg(coalesce(ago = 4, false)::INT) AS again_4,
    avg(coalesce(ago = 8, false)::INT) AS again_8,
    avg(coalesce(ago = 1, false)::INT) FILTER (gap = 1) AS basket_again
FROM before JOIN visits USING (customer_id, week_id)
"""
LOYALTY = """
WITH known AS (SELECT customer_id, week_id, {column} AS kind FROM pairs JOIN articles USING (article_id) WHERE {column} IS NOT NULL),
first AS (SELECT customer_id, kind, min(week_id) AS since FROM known GROUP BY ALL)
SELECT avg((since < week_id)::INT) AS {name} FROM known JOIN first USING (customer_id, kind)
"""
FIRST_GROUP = """
WITH counted AS (SELECT customer_id, index_group_no, sum(copies) AS copies FROM pairs JOIN articles USING (article_id) GROUP BY ALL)
SELECT avg(share) AS first_group FROM (SELECT max(copies) / sum(copies) AS share FROM counted GROUP BY customer_id HAVING sum(copies) >= 10)
"""
SHARES = """
SELECT {column} AS name, sum(copies) / sum(sum(copies)) OVER () AS share FROM pairs JOIN articles USING (article_id) GROUP BY 1
"""
LAST_WEEK = (
    """
WITH sold AS (SELECT article_id, sum(copies) AS copies FROM pairs WHERE week_id = {last} GROUP BY 1),
ranked AS (SELECT copies / sum(copies) OVER () AS share, row_number() OVER (ORDER BY copies DESC) AS place FROM sold)
SELECT """
    + TOP
    + """, count(*) AS sold_last,
    (SELECT count(DISTINCT article_id) FROM rows WHERE t_dat = {start} - 1) AS sold_day FROM ranked
"""
)
PRICES = (
    """
SELECT avg((sales_channel_id = 2)::INT) AS online, """
    + PRICE
    + """ FROM (SELECT price / 1e6 AS price, sales_channel_id FROM rows)
"""
)
PEOPLE = (
    """
SELECT """
    + AGE
    + """, avg((age IS NULL)::INT) AS age_missing, avg(coalesce(club_member_status = 'ACTIVE', false)::INT) AS "club_ACTIVE",
    avg(coalesce(club_member_status = 'PRE-CREATE', false)::INT) AS "club_PRE-CREATE",
    avg((club_member_status IS NULL)::INT) AS club_missing,
    avg(coalesce(fashion_news_frequency = 'NONE', false)::INT) AS "news_NONE",
    avg(coalesce(fashion_news_frequency = 'Regularly', false)::INT) AS "news_Regularly",
    avg((fashion_news_frequency IS NULL)::INT) AS news_missing, avg(coalesce(is_fashion_news, false)::INT) AS fn FROM customers
"""
)
LOYALTIES = {"product": "product_code", "type": "product_type_no", "department": "department_no"}
SHARED = {"group": "index_group_name", "type": "product_type_name"}
STATEMENTS = (
    SIZES,
    PER_CUSTOMER,
    BASKETS,
    GAPS,
    REPEATS,
    *(LOYALTY.format(name=f"{kind}_again", column=column) for kind, column in LOYALTIES.items()),
    FIRST_GROUP,
    LAST_WEEK,
    PRICES,
    PEOPLE,
)


def count(home: Home, settings: Settings) -> Metrics:
    """Return the metrics of :data:`FACTS` that are counts, shares and percentiles of the purchases of all weeks.

    Parameters
    ----------
    home
        An ingested home.
    settings
        DuckDB's memory and threads; what does not fit is spilled to a file in the home.
    """
    last = home.calendar.last_week - 1  # the calendar ends with the week that is to come
    names = {
        "last": str(last),
        "start": f"DATE '{home.calendar.start(last)}'",
        "transactions": _files(home.folder("transactions"), "*/*.parquet"),
        "articles": _files(home.folder("articles"), "*.parquet"),
        "customers": _files(home.folder("customers"), "*.parquet"),
    }
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{settings.memory}'")
        connection.execute(f"SET threads = {settings.threads}")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET temp_directory = {_quoted(str(home.root / '.spill'))}")
        connection.execute(PREPARE.format(**names))
        found: Metrics = {}
        for statement in STATEMENTS:
            found |= connection.sql(statement.format(**names)).pl().row(0, named=True)
        for kind, column in SHARED.items():
            shares = connection.sql(SHARES.format(column=column)).fetchall()
            found |= {f"{kind}_{name}": share for name, share in shares}
    return {key: None if value is None else float(value) for key, value in found.items()}


def _files(folder: Path, pattern: str) -> str:
    """Return the pattern of a folder's files as SQL; the folder is meant as it is called."""
    return _quoted(f"{escape(str(folder))}/{pattern}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
