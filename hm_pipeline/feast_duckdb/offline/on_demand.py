"""On-demand features of batches, computed by Feast as it computes them online."""

from typing import Any

import pyarrow as pa
from feast.infra.offline_stores.offline_store import RetrievalJob, RetrievalMetadata


class Retrieved(RetrievalJob):  # type: ignore[misc]
    """A batch that Feast adds on-demand features to."""

    def __init__(self, rows: pa.Table, job: RetrievalJob) -> None:
        super().__init__()
        self._rows, self._job = rows, job

    @property
    def full_feature_names(self) -> bool:
        """Whether names of features bear their view's."""
        return bool(self._job.full_feature_names)

    @property
    def on_demand_feature_views(self) -> list[Any]:
        """Views that are computed of the batch."""
        views: list[Any] = self._job.on_demand_feature_views
        return views

    @property
    def metadata(self) -> RetrievalMetadata | None:
        """Metadata of the job that the batch comes from."""
        return self._job.metadata

    def _to_arrow_internal(self, timeout: int | None = None) -> pa.Table:  # noqa: ARG002 - Feast's signature
        return self._rows
