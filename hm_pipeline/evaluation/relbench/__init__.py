"""The three public tasks of RelBench's rel-hm, as pure functions over tables, so that results can be set beside others'.

``user_churn``, ``item_sales`` and ``user_item_purchase`` each define who is predicted for (``population``), what came true
(``labels``), how good predictions are (``score``) and what trivial baselines predict (``BASELINES``); ``published`` cites what
others report.  RelBench's day t is the last day before a week: its labels in (t, t + 7 d] are our week w, and what it
sees up to and including t is what lies before ``cutoff(w)``.  Its weeks start on a Tuesday, those of Kaggle's
competition on a Wednesday; ``calendar`` shows whether a calendar asks RelBench's question exactly.

References
----------
github.com/snap-stanford/relbench at f4fdd49: relbench/tasks/hm.py; at f17f5ef: relbench/metrics.py.
"""

from hm_pipeline.evaluation.relbench.calendar import is_relbench, title

__all__ = ["is_relbench", "title"]
