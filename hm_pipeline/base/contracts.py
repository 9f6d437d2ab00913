"""Contracts: every table that crosses a boundary as a dataframely schema, and the columns the raw files may have.

Grain, unit and meaning of a column stand here and nowhere else: Feast fields, Dagster column metadata and the docs
derive from these classes.  No code that computes belongs here.
"""

from dataclasses import dataclass, field

import dataframely as dy

from hm_pipeline.base.ids import HEX

# Raw files -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RawTable:
    """A raw file in Kaggle's layout: the columns it must have, and those it may lack.

    Optional columns that are missing are read as null.
    """

    file: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = field(default=())


RAW_TRANSACTIONS = RawTable("transactions_train.csv", ("t_dat", "customer_id", "article_id", "price"), ("sales_channel_id",))
RAW_CUSTOMERS = RawTable(
    "customers.csv", ("customer_id",), ("FN", "Active", "club_member_status", "fashion_news_frequency", "age", "postal_code")
)
RAW_ARTICLES = RawTable(
    "articles.csv",
    ("article_id", "product_code", "product_type_no", "product_type_name"),
    (
        "prod_name",
        "product_group_name",
        "graphical_appearance_no",
        "graphical_appearance_name",
        "colour_group_code",
        "colour_group_name",
        "perceived_colour_value_id",
        "perceived_colour_value_name",
        "perceived_colour_master_id",
        "perceived_colour_master_name",
        "department_no",
        "department_name",
        "index_code",
        "index_name",
        "index_group_no",
        "index_group_name",
        "section_no",
        "section_name",
        "garment_group_no",
        "garment_group_name",
        "detail_desc",
    ),
)
RAW_TABLES = (RAW_TRANSACTIONS, RAW_CUSTOMERS, RAW_ARTICLES)

# Grains --------------------------------------------------------------------------------------------------------


class ArticleWeek(dy.Schema):
    """Grain: one row per article and week it is about."""

    week_id = dy.Int64(primary_key=True, description="week the row is about, counted from the epoch")
    article_id = dy.Int64(primary_key=True, description="article, Kaggle's number without leading zeros")


class CustomerWeek(dy.Schema):
    """Grain: one row per customer and week it is about."""

    week_id = dy.Int64(primary_key=True, description="week the row is about, counted from the epoch")
    customer_id = dy.Int64(primary_key=True, description="customer, the last 16 hex digits of Kaggle's id as a signed integer")


class Pair(dy.Schema):
    """Grain: one row per customer, week and candidate article."""

    week_id = dy.Int64(primary_key=True, description="week the row is about, counted from the epoch")
    customer_id = dy.Int64(primary_key=True, description="customer, the last 16 hex digits of Kaggle's id as a signed integer")
    article_id = dy.Int64(primary_key=True, description="article, Kaggle's number without leading zeros")


# Facts ---------------------------------------------------------------------------------------------------------


class Transactions(dy.Schema):
    """Purchases.  No key: the same article bought twice in a day is two rows, a quantity.

    Sorted by customer, article, day, price and channel.
    """

    week_id = dy.Int64(nullable=False, description="week of the purchase, counted from the epoch")
    customer_id = dy.Int64(nullable=False, description="customer who bought")
    article_id = dy.Int64(nullable=False, description="article bought")
    t_dat = dy.Date(nullable=False, description="day of the purchase")
    price = dy.Int32(nullable=False, min=0, description="price paid, millionths of the unit of the raw files")
    sales_channel_id = dy.Int8(nullable=True, description="1 store, 2 online")


class Customers(dy.Schema):
    """Everyone who can be recommended something.  Sorted by customer_id."""

    customer_id = dy.Int64(primary_key=True, description="the last 16 hex digits of customer_hex as a signed number")
    customer_hex = dy.String(nullable=False, regex=HEX, description="Kaggle's 64-digit id, used in every output")
    position = dy.Int64(nullable=False, min=0, description="row in the raw file, the order of a submission")
    age = dy.Int16(nullable=True, min=0, description="age in years")
    club_member_status = dy.String(nullable=True, description="club status, a snapshot of unknown date: shown, never a feature")
    fashion_news_frequency = dy.String(nullable=True, description="newsletter, a snapshot of unknown date: shown, never a feature")
    is_fashion_news = dy.Bool(nullable=True, description="raw FN flag, a snapshot of unknown date: shown, never a feature")
    is_active = dy.Bool(nullable=True, description="raw Active flag, a snapshot of unknown date: shown, never a feature")


class Articles(dy.Schema):
    """The catalogue.  Sorted by article_id."""

    article_id = dy.Int64(primary_key=True, description="Kaggle's number without leading zeros")
    product_code = dy.Int64(nullable=True, description="product; its colourways share it")
    prod_name = dy.String(nullable=True, description="product name")
    product_type_no = dy.Int64(nullable=True, description="clothing type (trousers, dress, ...), -1 is unknown")
    product_type_name = dy.String(nullable=True, description="name of the clothing type")
    product_group_name = dy.String(nullable=True, description="group of clothing types")
    graphical_appearance_no = dy.Int64(nullable=True, description="pattern")
    graphical_appearance_name = dy.String(nullable=True, description="name of the pattern")
    colour_group_code = dy.Int64(nullable=True, description="colour")
    colour_group_name = dy.String(nullable=True, description="name of the colour")
    perceived_colour_value_id = dy.Int64(nullable=True, description="lightness of the colour")
    perceived_colour_value_name = dy.String(nullable=True, description="name of the lightness")
    perceived_colour_master_id = dy.Int64(nullable=True, description="colour family")
    perceived_colour_master_name = dy.String(nullable=True, description="name of the colour family")
    department_no = dy.Int64(nullable=True, description="department")
    department_name = dy.String(nullable=True, description="name of the department")
    index_code = dy.String(nullable=True, description="index (Ladieswear, Divided, ...)")
    index_name = dy.String(nullable=True, description="name of the index")
    index_group_no = dy.Int64(nullable=True, description="group of indexes")
    index_group_name = dy.String(nullable=True, description="name of the index group")
    section_no = dy.Int64(nullable=True, description="section")
    section_name = dy.String(nullable=True, description="name of the section")
    garment_group_no = dy.Int64(nullable=True, description="garment group")
    garment_group_name = dy.String(nullable=True, description="name of the garment group")
    detail_desc = dy.String(nullable=True, description="description in words")


# A week's results ----------------------------------------------------------------------------------------------


class Audience(CustomerWeek):
    """Customers who get recommendations in a week: its buyers where it trains or is evaluated, everyone where it serves."""


class Labels(Pair):
    """Candidates of the week's buyers, and whether they were bought."""

    is_bought = dy.Bool(nullable=False, description="the customer bought the article in the week")


class Recommendations(Pair):
    """The best candidates of each customer, best first."""

    rank = dy.Int16(nullable=False, min=1, description="rank in the customer's list, 1 is best")
    score = dy.Float32(nullable=False, description="blended score, comparable within a customer and week only")
    strategy = dy.String(nullable=False, description="strategy that proposed the article with its best rank")
