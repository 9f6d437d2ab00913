"""The leak audit: a week's features are computed again as of other states of the data, and must be the same.

Earlier: purchases of the week and later do not exist.  Later: they are changed, and there are more of them.  The laws in
the tests prove as much of functions on small shops; the audit proves it of a real home's week.

Limits: the audience, the one thing that a week before the serving week may take from
itself, is the same in all states; and the files of customers and articles bear no date, so they are taken as they are.
"""

from hm_pipeline.evaluation.leakage.audit import audit_week, targets
from hm_pipeline.evaluation.leakage.check import LEAK_AUDIT
from hm_pipeline.evaluation.leakage.report import conclusion, heading, raise_on_failure, render, write
from hm_pipeline.evaluation.leakage.result import Audit, FeatureResult

__all__ = ["LEAK_AUDIT", "Audit", "FeatureResult", "audit_week", "conclusion", "heading", "raise_on_failure", "render", "targets", "write"]
