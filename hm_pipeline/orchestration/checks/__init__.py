"""Asset checks: they read back what was written, and change nothing."""

from hm_pipeline.orchestration.checks.feast_checks import AUDIT, STORE
from hm_pipeline.orchestration.checks.table_checks import checks

__all__ = ["AUDIT", "STORE", "checks"]
