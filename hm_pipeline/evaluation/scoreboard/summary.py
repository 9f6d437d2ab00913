"""Scoreboard of a home: its evaluated weeks pooled, with a summary of the feature columns."""

from collections.abc import Sequence

from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.evaluation.scoreboard.feature_summary import column_rows
from hm_pipeline.evaluation.scoreboard.pooling import Scoreboard, pool
from hm_pipeline.evaluation.scoreboard.rows import ColumnRow
from hm_pipeline.evaluation.scoreboard.week_scores import read_weeks
from hm_pipeline.features.tables import column_sources


def summarise(home: Home, weeks: Sequence[int], *, seed: int) -> Scoreboard:
    """Pool evaluated weeks of a home."""
    return pool(read_weeks(home, weeks), columns=ledger(home, max(weeks)), seed=seed)


def ledger(home: Home, week_id: int) -> list[ColumnRow]:
    """Describe the feature columns by the newest label week before a week, one shard of it; weeks made before a column was are left out."""
    sources = column_sources()
    for week in range(week_id - 1, -1, -1):
        folder = home.folder("feature_matrix", week)
        manifest = Manifest.load(folder)
        if manifest and manifest.rows:
            largest = max(manifest.files, key=lambda entry: entry.rows)
            features = scan_files([folder / largest.file])
            if sources.keys() <= set(features.collect_schema()):
                return column_rows(features.collect(), sources)
    return []
