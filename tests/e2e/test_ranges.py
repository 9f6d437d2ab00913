"""A range of weeks at once: the same bytes as week by week."""

from hm_pipeline.orchestration.execute import materialize
from tests.e2e.conftest import last_week
from tests.e2e.test_chain import bytes_of, lists


def test_a_range_run_gives_the_bytes_of_single_runs(fresh):
    together, apart = fresh("together"), fresh("apart")
    weeks = range(last_week(together) - 2, last_week(together))
    targets = [(name, week) for week in weeks for name in ("recommendations", "scoreboard")]
    materialize(together, targets)
    for week in weeks:
        materialize(apart, [target for target in targets if target[1] == week])
    assert bytes_of(together) == bytes_of(apart)
    assert all(lists(together, week).height for week in weeks)
