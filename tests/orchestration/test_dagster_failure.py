"""Failures of steps: what may pass is tried again where nobody watches, a fault of the data never."""

import dagster as dg
import pytest

from hm_pipeline.base.errors import DiskError, HomeLocked, InvalidInput, MissingInput, SchemaViolation, WorkerLost
from hm_pipeline.orchestration import dagster_failure
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure


def failure_of(error, tmp_path, *, attempt):
    def work():
        raise error

    with pytest.raises((dg.Failure, dg.RetryRequested)) as failed:
        as_dagster_failure(work, home=tmp_path, step="candidates", attempt=attempt)
    return failed.value


@pytest.mark.parametrize("kind", [DiskError, HomeLocked, WorkerLost])
def test_what_may_pass_is_tried_again_where_nobody_watches(kind, tmp_path):
    error = kind("no", where="here", hint="wait")
    first, second = (failure_of(error, tmp_path, attempt=attempt) for attempt in (0, 1))
    assert (first.max_retries, first.seconds_to_wait, second.seconds_to_wait) == (2, 60, 120)
    assert str(first.__cause__.description) == str(error)
    assert not failure_of(error, tmp_path, attempt=None).allow_retries


def test_an_error_of_a_library_may_pass(tmp_path):
    assert isinstance(failure_of(ConnectionError("refused"), tmp_path, attempt=0), dg.RetryRequested)


@pytest.mark.parametrize("kind", [InvalidInput, MissingInput, SchemaViolation])
def test_a_fault_of_the_data_does_not_pass(kind, tmp_path):
    assert not failure_of(kind("no", where="here", hint="mend it"), tmp_path, attempt=0).allow_retries


def test_a_step_is_tried_again_after_a_failure_that_allows_it(tmp_path, monkeypatch):
    monkeypatch.setattr(dagster_failure, "SECONDS", 0.01)
    tries = []

    @dg.op
    def fetch(context):
        tries.append(1)
        error = HomeLocked("in use", where="home", hint="wait") if len(tries) < 2 else InvalidInput("bad", where="file", hint="mend it")

        def work():
            raise error

        as_dagster_failure(work, home=tmp_path, step="fetch", attempt=context.retry_number)

    @dg.job(config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}})
    def nightly():
        fetch()

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        assert not nightly.execute_in_process(instance=instance, raise_on_error=False).success
    assert len(tries) == 2  # the second failure is one of the data
