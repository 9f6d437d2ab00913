"""Leak audit as a check of the feature store, which is seldom made, as an audit is seldom run."""

import polars as pl

from hm_pipeline.base.errors import HMError
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, newest
from hm_pipeline.evaluation.leakage.audit import audit_week
from hm_pipeline.evaluation.leakage.report import conclusion

LABELLED = "feature_matrix"


def _audit(stored: StoredPartition) -> Finding:
    labelled = newest(stored.graph, stored.graph.steps[LABELLED])
    if labelled is None:
        return Finding(f"{LABELLED} of a week", f"{LABELLED} of no week", "`hm run --week D`")
    week = stored.graph.calendar.key(labelled.week_id)
    try:
        found = audit_week(stored.graph, labelled.week_id, lambda _state, _done, _every: None)
    except HMError as error:
        return Finding(f"an audit of week {week}", str(error), error.hint)
    return Finding(
        f"0 of {len(found.rows)} features and models of week {week} fail",
        f"{len(found.failed)} of {len(found.rows)} features and models of week {week} fail",
        "read nothing of the week or later; `hm audit --week D` shows every feature",
        pl.DataFrame([row.model_dump() for row in found.failed]),
        {"all": conclusion(found)},
    )


LEAK_AUDIT = Check(
    "leak_audit",
    "The newest labelled week's features are the same, computed again of earlier and of later data, as `hm audit` does.",
    _audit,
    is_on_request=True,  # it makes a week twice again
)
