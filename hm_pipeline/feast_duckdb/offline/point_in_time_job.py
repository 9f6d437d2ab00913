"""The retrieval job: features of an entity table, run when its rows are asked for."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from feast.infra.offline_stores.offline_store import RetrievalMetadata

from hm_pipeline.base.errors import InvalidInput, RowCountMismatch
from hm_pipeline.feast_duckdb.offline.entities import Entities, fetch
from hm_pipeline.feast_duckdb.offline.jobs import StatementJob
from hm_pipeline.feast_duckdb.offline.joins import DUPLICATE, rows_of
from hm_pipeline.feast_duckdb.offline.positional_join import REPLACED
from hm_pipeline.feast_duckdb.offline.row_placement import OrderedTable, RowNumbers
from hm_pipeline.feast_duckdb.offline.statement import row_label, statement, statements
from hm_pipeline.feast_duckdb.offline.view_plan import ViewPlan

ONE_ROW = "a view must hold one row per key and moment; write the table again without duplicates"


class PointInTimeJob(StatementJob):
    """Features of an entity table; rows come in the entity table's order, unless they are streamed in any.

    Parameters
    ----------
    entities
        The entity table, stored in a session.
    plans
        How each view is joined.
    on_demand
        Views computed from the retrieved features.
    """

    def __init__(
        self,
        entities: Entities,
        plans: Sequence[ViewPlan],
        on_demand: list[Any],
        *,
        full_names: bool,
        metadata: RetrievalMetadata,
        root: Path | None,
    ) -> None:
        super().__init__(entities.connection, root=root, on_demand=on_demand, full_names=full_names, metadata=metadata)
        self._entities, self._plans, self._row = entities, plans, row_label(entities, plans)

    def _statement(self, *, ordered: bool) -> str:
        order = f"\nORDER BY {self._row}" if ordered else ""
        return f"SELECT * EXCLUDE ({self._row}) FROM (\n{statement(self._entities, self._plans)}\n){order}"

    def _stream(self, rows: int, *, ordered: bool) -> Iterator[pa.RecordBatch]:
        """Yield batches without their row numbers, of which each must come once."""
        query = f"SELECT * FROM ({statement(self._entities, self._plans)}) ORDER BY {self._row}" if ordered else ""
        seen = RowNumbers(self._entities.rows)
        for part in [query] if ordered else statements(self._entities, self._plans):
            for batch in self._batches(part, rows):
                seen.add(batch.column(self._row))
                yield batch.drop_columns([self._row])
        self._guard(seen.total)
        self._guard_places(seen.are_complete)

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002 - Feast's signature
        """Put rows in their places as they come, for a sort would hold them twice."""
        total, placed = 0, None
        for part in statements(self._entities, self._plans):
            for batch in self._batches(part):
                total += batch.num_rows
                if total <= self._entities.rows:
                    placed = placed or OrderedTable(batch.schema, self._row, self._entities.rows)
                    placed.add(batch)
        self._guard(total)
        self._guard_places(placed is None or placed.are_complete)
        return placed.table() if placed else super()._to_arrow_internal()

    def _guard(self, rows: int) -> None:
        if rows == self._entities.rows:
            return
        counts = ((plan.view, fetch(self._entities.connection, rows_of(plan, self._entities))[0][0]) for plan in self._plans if plan.files)
        guilty = [view for view, count in counts if count != self._entities.rows]
        raise RowCountMismatch(
            f"{self._entities.rows} rows were asked for and {rows} came back, through duplicate source keys",
            where=f"view {', '.join(guilty)}",
            hint=ONE_ROW,
        )

    def _guard_places(self, are_complete: bool) -> None:
        if not are_complete:
            what = f"{self._entities.rows} rows came back, some of them twice and others not at all"
            raise RowCountMismatch(what, where=f"view {', '.join(plan.view for plan in self._plans)}", hint=ONE_ROW)

    def _translated(self, error: Exception) -> Exception:
        return translated(error, ", ".join(plan.view for plan in self._plans))


def translated(error: Exception, views: str) -> Exception:
    """Return the error of a statement in one line."""
    text = str(error)
    if DUPLICATE in text:
        return RowCountMismatch("duplicate source keys at one moment", where=f"view {_named(text, DUPLICATE)}", hint=ONE_ROW)
    if REPLACED in text:
        return InvalidInput("its files were replaced while they were read", where=f"view {_named(text, REPLACED)}", hint="ask again")
    if "memory" in text.lower() and "limit" in text.lower():
        return InvalidInput(
            text, where=f"views {views}", hint="give the offline store a higher memory_limit, or ask for fewer rows at once"
        )
    return InvalidInput(text, where=f"views {views}", hint="write the tables again, or compare their columns with the views' schemas")


def _named(text: str, before: str) -> str:
    return text.rpartition(before)[2].partition("\n")[0]
