"""Summary of the feature columns: source, share of nulls and mean of each."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from hm_pipeline.evaluation.scoreboard.rows import DECIMALS, ColumnRow, share


def column_rows(features: pl.DataFrame, sources: Mapping[str, str]) -> list[ColumnRow]:
    """Describe feature columns: each one's source (signal, strategy or table), null share and mean."""
    return [
        ColumnRow(
            column=name, source=source, null_share=share(features[name].null_count(), features.height), mean=_column_mean(features[name])
        )
        for name, source in sources.items()
    ]


def _column_mean(values: pl.Series) -> float | None:
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        return None
    known = values.cast(pl.Float64).drop_nulls().to_numpy()
    mean = float(known.mean()) if len(known) else float("nan")
    return round(mean, DECIMALS) if np.isfinite(mean) else None
