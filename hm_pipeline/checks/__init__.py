"""Asset checks: they read back what was written, and change nothing."""

from hm_pipeline.checks.asset_checks import checks
from hm_pipeline.checks.features import AUDIT, STORE

__all__ = ["AUDIT", "STORE", "checks"]
