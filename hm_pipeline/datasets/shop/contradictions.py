"""Contradictions of a delivery: of its files with each other, and of its rows with what the home holds."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.datasets.kaggle.csv_reader import sql_name
from hm_pipeline.datasets.shop.dimensions import Dimension
from hm_pipeline.datasets.shop.faults import QUERY, Fault
from hm_pipeline.datasets.shop.identifiers import trimmed
from hm_pipeline.datasets.shop.order_lines import LINES, OrderLines
from hm_pipeline.datasets.shop.table_schema import Articles
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.shop_ids import ShopIds

MOST_LISTED = 20  # articles


def weeks_in_two_files(lines: OrderLines) -> Iterator[Fault]:
    """Yield the fault of files whose lines of a week all stand in another file, too: copies, which would be bought twice."""
    texts = ", ".join(sql_name(name) for name in dict.fromkeys(lines.table.columns.named.values()))
    counted = f"""SELECT file, week, line, count(*) AS lines, sum(count(*)) OVER (PARTITION BY file, week) AS size, min(row) AS row
        FROM (SELECT file, row, hash({texts}) AS line FROM {LINES})
        JOIN (SELECT file, row, (day - DATE '{lines.epoch}') // {DAYS} AS week FROM typed) USING (file, row) GROUP BY file, week, line"""
    within = f"""WITH counted AS ({counted}) SELECT a.file, b.file AS other, a.week, min(a.row) AS row FROM counted a
        JOIN counted b ON a.week = b.week AND a.line = b.line AND a.file <> b.file
        GROUP BY a.file, b.file, a.week, a.size HAVING sum(least(a.lines, b.lines)) = a.size"""
    found = lines.reader.connection.execute(
        f"SELECT file, other, count(*), min(week), min(row) FROM ({within}) GROUP BY ALL ORDER BY file DESC"
    ).fetchall()
    seen = set[frozenset[str]]()
    for file, other, weeks, first, row in found:
        if frozenset((file, other)) not in seen:
            seen.add(frozenset((file, other)))
            others = f" and of {weeks - 1} more weeks" if weeks > 1 else ""
            what = f"all lines of the week of {lines.epoch + timedelta(days=DAYS * first)}{others} stand in {other}, too"
            yield Fault(file, what, "remove one of the files, or put their lines into one", line=lines.reader.line(LINES, file, row))


def another_shop(lines: OrderLines, ids: ShopIds) -> Iterator[Fault]:
    """Yield the fault of order lines none of whose customers and articles the home holds."""
    for part, stored in (("customer", ids.customers), ("article", ids.articles)):
        if stored is None or stored.is_empty():
            return
        lines.reader.connection.register("stored_ids", stored.select(id=part).to_arrow())
        if lines.reader.one(f"SELECT count(*) FROM typed SEMI JOIN stored_ids ON typed.{part} = stored_ids.id")[0]:
            return
    what = "no customer and no article of the order lines is in the home"
    yield Fault(", ".join(lines.names), what, "ingest another shop into a home of its own, by HM_HOME")


def changed_types(articles: Dimension, home: Path, ids: ShopIds) -> Iterator[Fault]:
    """Yield the fault of each article whose clothing type is not the one that the home holds."""
    if not isinstance(articles.table, Articles) or ids.articles is None:
        return
    if not (Home(home).folder("articles") / "manifest.json").exists():
        return
    known = Home(home).dimension("articles").select("article_id", "product_type_name").collect().drop_nulls()
    stored = known.join(ids.articles, on="article_id").select(id="article", old="product_type_name")
    columns, reader = articles.table.columns, articles.reader
    if not columns.type:
        if stored.height:
            what = f"the home holds the types of {stored.height:,} articles, and the schema names no column of types"
            yield Fault(", ".join(articles.table.files) or f"{QUERY}articles", what, "name it under articles.columns of the schema")
        return
    reader.connection.register("stored_types", stored.to_arrow())
    changed = reader.connection.execute(f"""SELECT file, row, id, {sql_name(columns.type)} AS value, old
        FROM articles JOIN stored_types ON {trimmed(columns.article)} = id
        WHERE {trimmed(columns.type)} IS DISTINCT FROM old ORDER BY file, row""").fetchall()
    hint = "give the article another id, or let the files' types replace the home's with --replace-types"
    for file, row, article, value, old in changed[:MOST_LISTED]:
        what = f"is another type of article {article!r} than {old!r}, which the home holds"
        yield Fault(file, what, hint, columns.type, reader.line("articles", file, row), value or "")
    if (more := len(changed) - MOST_LISTED) > 0:
        yield Fault(changed[0][0], f"{more:,} more articles are of another type than the home holds", hint)
