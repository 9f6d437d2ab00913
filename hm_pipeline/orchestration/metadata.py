"""Metadata of assets and of what was made: columns, views, samples and pictures."""

import base64
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.features.checks import views_by_table
from hm_pipeline.orchestration.previews import previews, sample

CELL = 40  # characters shown of a value
TABLED = 2  # slashes in the name of a metric: kind, thing and measure


def preview_metadata(context: dg.AssetExecutionContext, graph: Graph, step: Step, week_id: int, manifest: Manifest) -> dict[str, Any]:
    """Return the tables, the sample and the pictures as metadata; what cannot be shown is a warning, as the partition is complete."""
    shown: dict[str, Any] = {}
    try:
        rows = sample(graph, step, week_id, manifest)
        if rows.width:
            shown["sample"] = dg.MetadataValue.md(markdown_table(rows))
        made = previews(graph, step, week_id)
        tables = {title: dg.MetadataValue.md(content) for title, content in made.items() if isinstance(content, str)}
        pictures = {title: dg.MetadataValue.md(_image(title, content)) for title, content in made.items() if isinstance(content, bytes)}
        shown = tables | shown | pictures
    except Exception as error:  # noqa: BLE001 - a picture must never fail a run
        context.log.warning("%s is made, but cannot be shown: %s: %s", step.name, type(error).__name__, error)
    return shown


def measures(metrics: Mapping[str, float]) -> dict[str, Any]:
    """Return metrics as metadata: numbers, which Dagster plots over the weeks, and those of many things of a kind as one table."""
    shown: dict[str, Any] = {name: value for name, value in metrics.items() if name.count("/") < TABLED}
    kinds = dict.fromkeys(name.split("/")[0] for name in metrics if name.count("/") == TABLED)
    for kind in kinds:
        found: dict[str, dict[str, float]] = {}
        for name, value in metrics.items():
            if name.startswith(f"{kind}/") and name.count("/") == TABLED:
                _, thing, measure = name.split("/")
                found.setdefault(thing, {})[measure] = value
        shown[kind] = dg.MetadataValue.table([dg.TableRecord({kind: thing, **_whole(row)}) for thing, row in found.items()])
    return shown


def _whole(row: Mapping[str, float]) -> dict[str, float | int]:
    return {measure: int(value) if float(value).is_integer() else value for measure, value in row.items()}


def _image(title: str, picture: bytes) -> str:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"![{title}](data:image/{kind};base64,{base64.b64encode(picture).decode()})"


def markdown_table(rows: pl.DataFrame) -> str:
    """Return rows as a Markdown table, a column of the table in a column of the page."""
    lines = [rows.columns, ["---"] * rows.width, *([_cell(value) for value in row] for row in rows.iter_rows())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text[:CELL].replace("|", "\\|").replace("\n", " ")


def columns(step: Step) -> dict[str, Any]:
    """Return the columns of a step's contract."""
    if step.schema is None:
        return {}
    listed = [dg.TableColumn(name, type(column).__name__, column.description or "") for name, column in step.schema.columns().items()]
    return {"dagster/column_schema": dg.TableSchema(listed), "dagster/table_name": step.name}


def view(step: Step) -> dict[str, Any]:
    """Return the Feast view that serves a step's table, its keys and its services."""
    table = views_by_table().get(step.name)
    if table is None:
        return {}
    return {"feast/view": table.name, "feast/keys": ", ".join(table.keys), "feast/services": ", ".join(table.services) or "none"}
