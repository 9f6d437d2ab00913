"""Runs that nobody watches: the tag that marks them, and what is tried again in them.

Where a person waits, a failure is shown at once and what is stale stays; where nobody does, a fault that may pass is waited
for, and a partition is made from nothing stale.
"""

import dagster as dg

UNATTENDED = "hm/unattended"
# A run whose process was killed is another run, which the daemon starts from what is left.
TAGS = {UNATTENDED: "true", "dagster/max_retries": "2"}


def is_unattended(run: dg.DagsterRun) -> bool:
    """Return whether a run was asked for by the automation."""
    return UNATTENDED in run.tags


def attempt_of(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> int | None:
    """Return how often a step was tried already where nobody watches, and nothing where a person sees it fail."""
    return context.retry_number if is_unattended(context.run) else None
