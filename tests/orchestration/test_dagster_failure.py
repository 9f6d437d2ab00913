"""Failures of steps: what may pass is tried again where nobody watches, a fault of the data never."""

import dagster as dg
import pytest

from hm_pipeline.base.errors import DiskError, HomeLocked, InvalidInput, MissingInput, SchemaViolation, WorkerLost
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure


def failure_of(error, tmp_path, *, may_retry):
    def work():
        raise error

    with pytest.raises(dg.Failure) as failed:
        as_dagster_failure(work, home=tmp_path, step="candidates", may_retry=may_retry)
    return failed.value


@pytest.mark.parametrize("kind", [DiskError, HomeLocked, WorkerLost])
def test_what_may_pass_is_tried_again_where_nobody_watches(kind, tmp_path):
    error = kind("no", where="here", hint="wait")
    assert [failure_of(error, tmp_path, may_retry=unattended).allow_retries for unattended in (True, False)] == [True, False]


def test_an_error_of_a_library_may_pass(tmp_path):
    assert failure_of(ConnectionError("refused"), tmp_path, may_retry=True).allow_retries


@pytest.mark.parametrize("kind", [InvalidInput, MissingInput, SchemaViolation])
def test_a_fault_of_the_data_does_not_pass(kind, tmp_path):
    assert not failure_of(kind("no", where="here", hint="mend it"), tmp_path, may_retry=True).allow_retries


def test_a_step_is_tried_again_after_a_failure_that_allows_it(tmp_path):
    tries = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2))
    def fetch():
        tries.append(1)
        error = HomeLocked("in use", where="home", hint="wait") if len(tries) < 2 else InvalidInput("bad", where="file", hint="mend it")

        def work():
            raise error

        as_dagster_failure(work, home=tmp_path, step="fetch", may_retry=True)

    @dg.job(config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    def nightly():
        fetch()

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        assert not nightly.execute_in_process(instance=instance, raise_on_error=False).success
    assert len(tries) == 2  # the second failure is one of the data
