"""Runs that nobody watches: the tag that marks them, and what is tried again in them.

Where a person waits, a failure is shown at once and what is stale stays; where nobody does, a fault that may pass is waited
for, and a partition is made from nothing stale.
"""

import dagster as dg

UNATTENDED = "hm/unattended"
# A step that failed is tried again; a run whose process was killed is another run, which the daemon starts from what is left.
RETRIES = dg.RetryPolicy(max_retries=2, delay=60, backoff=dg.Backoff.EXPONENTIAL)
TAGS = {UNATTENDED: "true", "dagster/max_retries": "2"}


def is_unattended(run: dg.DagsterRun) -> bool:
    """Return whether a run was asked for by the automation."""
    return UNATTENDED in run.tags
