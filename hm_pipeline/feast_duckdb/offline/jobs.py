"""Jobs that run one statement: their rows as tables, as a stream, or in a file, never held where that can be helped."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata
from pyarrow import parquet

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.feast_duckdb.offline.entities import fetch
from hm_pipeline.feast_duckdb.offline.on_demand import Retrieved
from hm_pipeline.feast_duckdb.offline.remote_files import filesystem, is_remote, mount
from hm_pipeline.feast_duckdb.offline.sql_text import literal
from hm_pipeline.feast_duckdb.offline.types import as_declared

ROWS = 131_072  # of a batch: a few of DuckDB's own, and a few megabytes
SETTINGS = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


class StatementJob(RetrievalJob):  # type: ignore[misc]
    """Rows of a statement, with on-demand features where there are any.

    Parameters
    ----------
    connection
        Session that can run the statement.
    root
        Folder that relative paths of saved data sets start from.
    """

    def __init__(
        self, connection: Any, *, root: Path | None, on_demand: list[Any], full_names: bool, metadata: RetrievalMetadata | None
    ) -> None:
        super().__init__()
        self._connection, self._root, self._on_demand = connection, root, on_demand
        self._full_names, self._metadata = full_names, metadata

    @property
    def full_feature_names(self) -> bool:
        """Whether feature names bear their view's name."""
        return self._full_names

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """Views computed from the retrieved features."""
        return self._on_demand

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """Features, keys and the range of moments asked for."""
        return self._metadata

    def to_sql(self) -> str:
        """Return the statement, over the session's tables."""
        return self._statement(ordered=True)

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame."""
        return pl.DataFrame(self.to_arrow())

    def to_record_batches(self, rows: int = ROWS, *, ordered: bool = False) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches, of which one at a time is held.

        On-demand features are computed batch by batch, as they are online.  A job streams one result at a time.

        Parameters
        ----------
        rows
            Most rows of a batch.
        ordered
            Keep the entity table's order, which sorts first, spilling to disk where it must.

        Raises
        ------
        RowCountMismatch
            After the last batch, if rows were lost or multiplied.
        """
        for batch in self._stream(rows, ordered=ordered):
            yield from self._completed(batch)

    def sink_parquet(self, path: str | Path, *, ordered: bool = False) -> int:
        """Write the rows to a file without holding them, and return how many there are.

        The file is written atomically, but at a URI, where nothing can be renamed.

        Parameters
        ----------
        ordered
            Keep the entity table's order, which sorts first, spilling to disk where it must.
        """
        if is_remote(str(path)):
            return self._sink_remote(str(path), ordered=ordered)
        write = self._sink_completed if self._on_demand else self._copy
        counts: list[int] = []
        atomic_write(Path(path), lambda aside: counts.append(write(str(aside), ordered=ordered)))
        return counts[0]

    def persist(self, storage: Any, allow_overwrite: bool = False, timeout: int | None = None) -> None:  # noqa: ARG002 - Feast's signature
        """Write the rows, in order, to the location of a saved dataset."""
        path = str(storage.to_data_source().path).removeprefix("file://")
        place = path if is_remote(path) else str((self._root or Path()) / path)
        files = filesystem(place, {}) if is_remote(place) else None
        if not allow_overwrite and (files.exists(place) if files else Path(place).exists()):
            raise SavedDatasetLocationAlreadyExists(location=place)
        self.sink_parquet(place, ordered=True)

    @abstractmethod
    def _statement(self, *, ordered: bool) -> str: ...

    def _stream(self, rows: int, *, ordered: bool) -> Iterator[pa.RecordBatch]:
        """Yield the result in batches."""
        yield from self._batches(self._statement(ordered=ordered), rows)

    def _batches(self, statement: str, rows: int = ROWS) -> Iterator[pa.RecordBatch]:
        try:
            with self._connection.sql(statement).to_arrow_reader(rows) as reader:
                yield from reader
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._translated(error) from error

    @abstractmethod
    def _translated(self, error: Exception) -> Exception: ...

    @abstractmethod
    def _guard(self, rows: int) -> None: ...

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002 - Feast's signature
        try:
            table = self._connection.sql(self.to_sql()).to_arrow_table()
        except duckdb.Error as error:
            raise self._translated(error) from error
        self._guard(table.num_rows)
        return table

    def _to_df_internal(self, timeout: int | None = None) -> Any:
        return self._to_arrow_internal(timeout).to_pandas()

    def _completed(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        if not self._on_demand:
            yield batch
            return
        rows = Retrieved(pa.Table.from_batches([batch]), self).to_arrow()
        yield from as_declared(rows, self._on_demand, full_names=self._full_names).to_batches()

    def _sink_remote(self, uri: str, *, ordered: bool) -> int:
        mount(self._connection, uri, {})
        if not self._on_demand:
            return self._copy(uri, ordered=ordered)
        files = filesystem(uri, {})
        if files is None:
            raise InvalidInput("no package for fsspec writes it", where=uri, hint="install one, such as s3fs")
        with files.open(uri, "wb") as target:
            return self._sink_completed(target, ordered=ordered)

    def _sink_completed(self, path: Any, *, ordered: bool) -> int:
        rows, writer = 0, None
        try:
            for batch in self.to_record_batches(ordered=ordered):
                writer = writer or parquet.ParquetWriter(path, batch.schema, compression="zstd", compression_level=1)
                writer.write_batch(batch)
                rows += batch.num_rows
            if writer is None:
                parquet.write_table(self.to_arrow(), path)
        finally:
            if writer is not None:
                writer.close()
        return rows

    def _copy(self, path: str, *, ordered: bool) -> int:
        try:
            rows: int = fetch(self._connection, f"COPY ({self._statement(ordered=ordered)}) TO {literal(path)} ({SETTINGS})")[0][0]
        except duckdb.Error as error:
            raise self._translated(error) from error
        self._guard(rows)
        return rows
