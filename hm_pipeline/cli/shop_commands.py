"""Commands that bring another shop: the draft of a schema, and public examples."""

from pathlib import Path
from typing import Annotated

import typer

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.cli.choices import SHOPS, one_of
from hm_pipeline.cli.output import Json, show


def schema(
    raw: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the shop's CSV or Parquet files.")],
    out: Annotated[Path, typer.Option("--out", help="Schema to write.")] = Path("shop.yaml"),
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    as_json: Json = False,
) -> None:
    """Draft the schema of a shop's files for hm ingest --schema: what was guessed, and what is to be filled in."""
    from hm_pipeline.datasets.shop.draft import draft  # noqa: PLC0415 - a command's help need not wait for it

    if out.exists() and not force:
        raise InvalidInput("the file is there already", where=str(out), hint="name another with --out, or overwrite it with --force")
    made = draft(raw)
    atomic_write(out, lambda path: path.write_text(made.text, encoding="utf-8"))
    todo = "".join(f"\nTo be filled in: {point}" for point in made.open_points)
    words = f"A draft of the schema is in {out}; check every line of it.{todo}\nNext: hm ingest {raw} --schema {out}"
    show(words, {"out": out, "open_points": made.open_points}, as_json=as_json)


def example(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"Name of the example: {', '.join(SHOPS)}.", **one_of(SHOPS, kind="example"))],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to.")],
    *,
    as_json: Json = False,
) -> None:
    """Write a public shop's files and their schema to a folder; nothing is installed, a missing package is named."""
    from hm_pipeline.datasets.examples import EXAMPLES  # noqa: PLC0415 - a command's help need not wait for it

    EXAMPLES[name](out)
    words = f"The shop {name} and its schema are in {out}.\nNext: hm ingest {out} --schema {out / 'shop.yaml'}"
    show(words, {"out": out, "schema": out / "shop.yaml"}, as_json=as_json)
