"""Three hand-written files in Kaggle's layout, and what shows whether a home has changed."""

import hashlib
from pathlib import Path

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.report import IngestReport
from hm_pipeline.engine.home import Home

TX, CU, AR = "transactions_train.csv", "customers.csv", "articles.csv"
ZOE, ADA, BOB = ("a" * 48 + "ffffffffffffffff", "0" * 63 + "1", "0" * 63 + "2")  # in signed numbers: -1, 1, 2
CUSTOMERS = f"""customer_id,FN,Active,club_member_status,fashion_news_frequency,age,postal_code
{BOB},1.0,,ACTIVE,None,30.6,p
{ZOE},,,,,,q
{ADA},,1.0,PRE-CREATE,Regularly,21,p
"""
ARTICLES = (
    "article_id,product_code,prod_name,product_type_no,product_type_name,detail_desc\n"
    '0108775015,108775,Strap top,253,Vest top,"Narrow straps,\nin jersey."\n'
    "0108775044,108775,Strap top,253,Vest top,\n"
)
TRANSACTIONS = f"""t_dat,customer_id,article_id,price,sales_channel_id
2020-09-22,{ADA},0108775044,0.0254237288135593,2
2020-09-16,{BOB},0108775015,0.05,1
2020-09-09,{ADA},0108775015,0.01,2
2020-09-22,{ADA},0108775044,0.0254237288135593,2
2020-09-22,{ZOE},0108775015,0.0254067,1
"""
FILES = {"transactions_train.csv": TRANSACTIONS, "customers.csv": CUSTOMERS, "articles.csv": ARTICLES}


def write(folder: Path, **changed: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in FILES.items():
        (folder / file).write_text(changed.get(file.partition(".")[0].removesuffix("_train"), text))
    return folder


def run(raw: Path, home: Path, **fields: int) -> IngestReport:
    return ingest(raw, home, settings=Settings(**fields))


def tree(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file with its bytes and its time of writing."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def bytes_of(folder: Path) -> dict[str, str]:
    return {name: digest for name, (digest, _) in tree(folder).items()}


def week(home: Path, week_id: int) -> pl.DataFrame:
    return Home(home).weekly("transactions", Transactions).at(week_id).collect()
