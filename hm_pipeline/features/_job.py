"""The retrieval job: a prepared statement, run when its rows are asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata

from hm_pipeline.errors import BadInput, RowsLost
from hm_pipeline.features._entities import ROW, Entities, fetch, literal
from hm_pipeline.features._sql import DUPLICATE, ViewPlan, rows_of, statement
from hm_pipeline.tables import write_aside

ONE_ROW = "a view must hold one row per key and moment; write the table again without duplicates"


class PointInTimeJob(RetrievalJob):  # type: ignore[misc]
    """Features of an entity table; rows come in the entity table's order.

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
        self, entities: Entities, plans: Sequence[ViewPlan], on_demand: list[Any], *, full_names: bool, metadata: RetrievalMetadata
    ) -> None:
        super().__init__()
        self._entities, self._plans, self._on_demand = entities, plans, on_demand
        self._full_names, self._metadata = full_names, metadata
        self._unordered = statement(entities, plans)

    @property
    def full_feature_names(self) -> bool:
        """Whether feature names bear their view's name."""
        return self._full_names

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """Views computed from the retrieved features."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata:
        """Features, keys and the range of moments asked for."""
        return self._metadata

    def to_sql(self) -> str:
        """Return the statement, over the session's entity table."""
        return self._statement(ordered=True)

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame."""
        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never becomes a series
        return frame

    def sink_parquet(self, path: str | Path, *, ordered: bool = False) -> int:
        """Write the rows to a file without holding them, and return how many there are.

        Parameters
        ----------
        ordered
            Keep the entity table's order, which sorts first, spilling to disk where it must.
        """
        if self._on_demand:
            self.to_polars().write_parquet(path)
            return self._entities.rows
        write_aside(Path(path), lambda aside: self._copy(aside, ordered=ordered))
        return self._entities.rows

    def persist(self, storage: Any, allow_overwrite: bool = False, timeout: int | None = None) -> None:  # noqa: ARG002 - Feast's signature
        """Write the rows, in order, to the location of a saved dataset."""
        path = Path(storage.to_data_source().path)
        if path.exists() and not allow_overwrite:
            raise SavedDatasetLocationAlreadyExists(location=str(path))
        self.sink_parquet(path, ordered=True)

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002 - Feast's signature
        try:
            table = self._entities.connection.sql(self.to_sql()).to_arrow_table()
        except duckdb.Error as error:
            raise self._translated(error) from error
        self._guard(table.num_rows)
        return table

    def _to_df_internal(self, timeout: int | None = None) -> Any:
        return self._to_arrow_internal(timeout).to_pandas()

    def _copy(self, path: Path, *, ordered: bool) -> None:
        settings = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
        copy = f"COPY ({self._statement(ordered=ordered)}) TO {literal(str(path))} ({settings})"
        try:
            rows = fetch(self._entities.connection, copy)[0][0]
        except duckdb.Error as error:
            raise self._translated(error) from error
        self._guard(rows)

    def _statement(self, *, ordered: bool) -> str:
        order = f"\nORDER BY {ROW}" if ordered else ""
        return f"SELECT * EXCLUDE ({ROW}) FROM (\n{self._unordered}\n){order}"

    def _guard(self, rows: int) -> None:
        if rows == self._entities.rows:
            return
        counts = ((plan.view, fetch(self._entities.connection, rows_of(plan, self._entities))[0][0]) for plan in self._plans if plan.files)
        guilty = [view for view, count in counts if count != self._entities.rows]
        raise RowsLost(
            f"{self._entities.rows} rows were asked for and {rows} came back, through duplicate source keys",
            where=f"view {', '.join(guilty)}",
            remedy=ONE_ROW,
        )

    def _translated(self, error: duckdb.Error) -> Exception:
        text = str(error)
        if DUPLICATE in text:
            return RowsLost("duplicate source keys at one moment", where=f"view {text.rpartition(DUPLICATE)[2]}", remedy=ONE_ROW)
        views = ", ".join(plan.view for plan in self._plans)
        return BadInput(text, where=f"views {views}", remedy="compare the stored columns with the view's schema")
