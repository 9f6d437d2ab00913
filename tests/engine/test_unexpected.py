"""What is told of an error that nobody foresaw, whatever class and chain it has."""

import io
import pickle
import time
import traceback

import pytest
from dagster._utils.error import serializable_error_info_from_exc_info
from rich.console import Console
from rich.traceback import Traceback

from hm_pipeline.base.errors import DiskError, HMError, InvalidInput, Unforeseen, disk_trouble
from hm_pipeline.engine.unexpected import SHOWN, foreseen
from tests.e2e import planted

BODIES = ("plain", "its_own_cause", "ring", "group_ring", "stubborn", "mute", "leaves", "panics")


def told(tmp_path, work):
    with pytest.raises(HMError) as caught:
        foreseen(work, home=tmp_path, step="signal/a step", week="2020-09-23")
    return caught.value


@pytest.mark.parametrize("body", BODIES)
def test_the_line_names_step_week_and_file_and_holds_no_chain(tmp_path, body):
    error = told(tmp_path, getattr(planted, body))
    (file,) = (tmp_path / "errors").iterdir()
    assert type(error) is Unforeseen
    assert error.where == "signal/a step, week 2020-09-23"
    assert str(file) in str(error)
    assert "\n" not in str(error)
    assert f"in {body}" in file.read_text()
    assert (error.__cause__, error.__context__) == (None, None)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("body", ["its_own_cause", "ring", "group_ring"])
def test_printers_that_walk_chains_come_to_an_end(tmp_path, body):
    """An error of ours that was raised from one whose chain holds itself."""

    def work():
        try:
            getattr(planted, body)()
        except Exception as error:
            raise InvalidInput("bad", where="here", hint="mend it") from error

    started = time.monotonic()
    error = told(tmp_path, work)
    assert str(error) == "bad (here): mend it"
    Console(file=io.StringIO()).print(Traceback.from_exception(type(error), error, error.__traceback__))
    serializable_error_info_from_exc_info((type(error), error, error.__traceback__))
    assert "bad" in "".join(traceback.format_exception(error))
    assert time.monotonic() - started < 60


def test_an_error_of_ours_keeps_its_harmless_cause(tmp_path):
    def work():
        raise InvalidInput("bad", where="here", hint="mend it") from ValueError("why")

    assert str(told(tmp_path, work).__cause__) == "why"


def test_an_error_of_a_class_that_cannot_travel_keeps_its_words(tmp_path):
    class Local(HMError):
        """Of a function."""

    def work():
        raise Local("bad", where="here", hint="mend it")

    error = told(tmp_path, work)
    assert (type(error), str(error)) == (HMError, "bad (here): mend it")


def test_long_words_are_cut_in_the_line_and_whole_in_the_file(tmp_path):
    def work():
        raise ValueError("long " * 1000)

    assert len(told(tmp_path, work).what) < SHOWN + 40
    (file,) = (tmp_path / "errors").iterdir()
    assert "long " * 1000 in file.read_text()


def test_ctrl_c_stays_what_it_is(tmp_path):
    def work():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        foreseen(work, home=tmp_path, step="step")
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_not_there_is_not_made(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert str(tmp_path / "hm-") in str(told(tmp_path / "home", planted.plain))
    assert not (tmp_path / "home").exists()


def test_the_disk_is_found_in_a_chain_that_holds_itself():
    ring, full = ValueError("outer"), OSError(28, "No space left on device")
    ring.__cause__, full.__context__ = full, ring
    assert isinstance(disk_trouble(ring), DiskError)
    assert disk_trouble(planted.Mute()) is None
