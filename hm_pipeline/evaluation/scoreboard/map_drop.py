"""Check of a week's MAP@12 against the weeks evaluated before it."""

import numpy as np

from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition
from hm_pipeline.evaluation.scoreboard.scoring import BLEND

METRIC = f"map_at_12/{BLEND}"
DEVIATIONS = 3
LEAST_WEEKS = 8  # the deviation of fewer is noise: three of it would be passed by chance once in a few months
WEEKS = 52  # a year: older weeks are of another shop


def _map_drop(stored: StoredPartition) -> Finding:
    now, past = stored.manifest.metrics.get(METRIC), past_scores(stored)
    if now is None:
        nobody = "no MAP@12, as nobody bought in the week"
        return Finding(nobody, nobody, "")
    if len(past) < LEAST_WEEKS:
        few = f"MAP@12 {now:.4f} with {len(past)} weeks evaluated before it, too few to compare with: {LEAST_WEEKS} are needed"
        return Finding(few, few, "")
    mean, deviation = float(np.mean(past)), float(np.std(past, ddof=1))
    least = mean - DEVIATIONS * deviation
    return Finding(
        f"MAP@12 of at least {least:.4f}: the mean {mean:.4f} of {len(past)} weeks before, less {DEVIATIONS} deviations of {deviation:.4f}",
        f"MAP@12 {now:.4f}",
        "see the check of `drift` and those of `transactions`, and the rules on the scoreboard: where these fall too, it is the week",
        is_met=now >= least,
        is_mild=stored.week_id < stored.graph.calendar.last_week - 1,
    )


def past_scores(stored: StoredPartition) -> list[float]:
    """Return MAP@12 of the ensemble in the evaluated weeks before one, oldest first."""
    first = max(stored.graph.calendar.first_week, stored.week_id - WEEKS)
    manifests = (Manifest.load(stored.graph.folder(stored.step.name, week)) for week in range(first, stored.week_id))
    return [manifest.metrics[METRIC] for manifest in manifests if manifest and METRIC in manifest.metrics]


MAP_DROP = Check(
    "map_drop",
    f"MAP@12 of the ensemble is no more than {DEVIATIONS} standard deviations below the mean of up to {WEEKS} weeks evaluated before;"
    f" with fewer than {LEAST_WEEKS} of these it passes. Blocks for the last week whose purchases are known, warns for those before it.",
    _map_drop,
    is_blocking=True,
)
