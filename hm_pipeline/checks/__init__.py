"""Asset checks: they read back what was written, and change nothing."""

from hm_pipeline.checks.asset_checks import checks
from hm_pipeline.checks.features import AUDIT, AUDITED

__all__ = ["AUDIT", "AUDITED", "checks"]
