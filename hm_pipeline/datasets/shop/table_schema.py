"""Schemas of single tables of a shop: their files, how these are written, and the columns of customers and catalogue."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


DUCKDB, SQLITE, POSTGRES = (".duckdb", ".ddb"), (".sqlite", ".sqlite3", ".db"), ("postgresql://", "postgres://")
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


class Part(BaseModel):
    """Base of all parts of a schema: an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(Part):
    """Files of one table, and how they are written.

    Parameters
    ----------
    files
        Names or patterns, relative to the folder that is ingested; CSV, as it is or as .gz, or Parquet.
    query, database
        SQL in place of files: DuckDB's, whose readers take files, patterns and ``s3://``; or that of a database, which is a
        DuckDB or SQLite file or a ``postgresql://`` address without its password.
    separator, decimal, thousands, encoding
        Separator of fields, decimal point, separator of thousands, and encoding of CSV files.
    """

    files: Names = ()
    query: str = ""
    database: str = ""
    separator: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    encoding: str = "utf-8"

    @field_validator("database")
    @classmethod
    def _is_database(cls, address: str) -> str:
        if address and not address.endswith(DUCKDB + SQLITE) and not address.startswith(POSTGRES):
            raise ValueError(f"is no DuckDB file ({', '.join(DUCKDB)}), SQLite file ({', '.join(SQLITE)}) or {POSTGRES[0]} address")
        if "://" in address and urlsplit(address).password is not None:
            raise ValueError("a password does not belong in a schema, which the home keeps: set PGPASSWORD, or use a password file")
        return address

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.files) == bool(self.query):
            raise ValueError("give files or a query")
        if self.database and not self.query:
            raise ValueError("a database needs a query")
        return self

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            "".encode(name)
        except LookupError as error:
            raise ValueError(f"there is no encoding {name!r}") from error
        return name


class Columns(Part):
    """Base of the columns of a table: an empty name is a column that the files have not."""

    @property
    def named(self) -> dict[str, str]:
        """Columns that the files have, by what they hold."""
        return {part: name for part, name in self.model_dump().items() if name}


class Listing(Table):
    """Base of the tables that list customers or articles.

    Parameters
    ----------
    unlisted
        Those that only order lines name: they are added with nothing known of them, or refused.
    """

    unlisted: Literal["add", "refuse"] = "add"


class CustomerColumns(Columns):
    """Columns of the customers; a year of birth becomes the age in the year of the newest purchase."""

    customer: str
    age: str = ""
    birth_year: str = ""
    club_status: str = ""
    newsletter: str = ""

    @model_validator(mode="after")
    def _has_one_age(self) -> Self:
        if self.age and self.birth_year:
            raise ValueError("give age or birth_year, not both")
        return self


class Customers(Listing):
    """Customers."""

    columns: CustomerColumns


class ArticleColumns(Columns):
    """Columns of the catalogue; names are given stable numbers where the shop has none."""

    article: str
    name: str = ""
    product: str = ""
    type: str = ""
    group: str = ""
    pattern: str = ""
    colour: str = ""
    department: str = ""
    index: str = ""
    index_group: str = ""
    section: str = ""
    garment_group: str = ""
    description: str = ""


class Articles(Listing):
    """Catalogue.

    Parameters
    ----------
    product_prefix
        Digits or letters of an article's id that its colourways share, where no column names the product; 0 makes each
        article a product of its own.
    """

    columns: ArticleColumns
    product_prefix: int = Field(0, ge=0)
