"""Commands that read a finished home: submit, recommend, features."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.output import Json, WeekOption, show


def submit(
    week: WeekOption,
    out: Annotated[Path, typer.Option("--out", help="Submission file to write.")],
    *,
    as_json: Json = False,
) -> None:
    """Export 12 articles for every customer in Kaggle's format, in the order of customers.csv (alias: export)."""
    from hm_pipeline.cli.exports import write_submission_of  # noqa: PLC0415 - a command's help need not wait for it

    settings = Settings.from_environment()
    customers, models = write_submission_of(settings, week, out)
    words = f"{customers:,} customers with 12 articles each are in {out}."
    show(words, {"out": out, "customers": customers, "models": models}, as_json=as_json)


def recommend(
    customer_id: Annotated[str, typer.Argument(metavar="CUSTOMER_ID", help="Id of the customer, 64 hex digits as in customers.csv.")],
    week: WeekOption,
    *,
    as_json: Json = False,
) -> None:
    """Show the 12 articles recommended to one customer, with score and candidate strategy."""
    from hm_pipeline.cli.exports import recommendations_of  # noqa: PLC0415 - as above

    rows = recommendations_of(Settings.from_environment(), customer_id, week)
    table = Table(title=f"Week {week}, customer {customer_id[:12]}…")
    for name in rows.columns:
        table.add_column(name)
    for row in rows.iter_rows():
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    show(table, {"customer_id": customer_id, "week": week, "articles": rows.to_dicts()}, as_json=as_json)


def features(
    pairs: Annotated[Path, typer.Option("--pairs", help="CSV or Parquet file with customer_id (hex or integer), article_id and week_id.")],
    out: Annotated[Path, typer.Option("--out", help="CSV or Parquet file to write, one row per pair in the given order.")],
    service: Annotated[str, typer.Option("--service", help="Feast feature service: ranking or signals.")] = "ranking",
    *,
    as_json: Json = False,
) -> None:
    """Retrieve the features of given pairs through Feast, point-in-time correct at their weeks' cutoffs."""
    from hm_pipeline.cli.exports import features_of  # noqa: PLC0415 - as above

    found = features_of(Settings.from_environment(), pairs, out, service=service)
    show(
        f"{found[0]:,} pairs with {found[1]} features are in {out}.", {"out": out, "pairs": found[0], "features": found[1]}, as_json=as_json
    )
