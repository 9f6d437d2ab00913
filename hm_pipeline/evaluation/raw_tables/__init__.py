"""Checks of the purchases of an ingested week against those of the weeks before: what a contract of single rows cannot see."""

from hm_pipeline.evaluation.raw_tables.categories import NEW_CATEGORIES
from hm_pipeline.evaluation.raw_tables.rejected import REJECTED
from hm_pipeline.evaluation.raw_tables.week_stats import NULLS, PRICES, VOLUME

CHECKS = (VOLUME, PRICES, NULLS, REJECTED, NEW_CATEGORIES)

__all__ = ["CHECKS"]
