"""Drift of signals and features: each column of a week beside the weeks before it.

A body reads what it declared: the week's tables.  Of the weeks before it is shown what is stored, up to 13 and none after the
week; the number of these is in each row, and nothing is made for the comparison.
"""

from hm_pipeline.evaluation.drift.step import STEP

__all__ = ["STEP"]
