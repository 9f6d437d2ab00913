"""The write lock within one process; two processes are tried by the end-to-end tests."""

import json

import pytest
from filelock import FileLock

from hm_pipeline.base.errors import HomeLocked
from hm_pipeline.engine.lock import write_lock


def test_a_lock_is_held_again_within_its_process_and_leaves_nothing(tmp_path):
    home = tmp_path / "home"
    with write_lock(home):
        holder = json.loads((home / ".writer.json").read_text())
        with write_lock(home):
            assert json.loads((home / ".writer.json").read_text()) == holder
        assert (home / ".writer.json").exists()
    assert not home.exists()


def test_a_home_with_something_in_it_stays(tmp_path):
    with write_lock(tmp_path / "a" / "home"):
        (tmp_path / "a" / "home" / "table").touch()
    assert {path.name for path in (tmp_path / "a" / "home").iterdir()} == {".lock", "table"}


def test_who_comes_second_is_refused_with_the_holder_or_waits(tmp_path):
    other = FileLock(tmp_path / ".lock")
    with other:
        with pytest.raises(HomeLocked, match="another process is writing"), write_lock(tmp_path):
            pass
        (tmp_path / ".writer.json").write_text(json.dumps({"pid": 7, "command": "hm run", "since": "today"}))
        with pytest.raises(HomeLocked, match=r"process 7 \(hm run, since today\)"), write_lock(tmp_path):
            pass
    heard = []
    with write_lock(tmp_path, wait=heard.append):
        assert heard == []


def test_an_error_releases_it(tmp_path):
    with pytest.raises(KeyError), write_lock(tmp_path):
        raise KeyError
    with FileLock(tmp_path / ".lock", timeout=0):
        pass
