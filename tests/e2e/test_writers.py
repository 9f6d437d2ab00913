"""Two writers on one home, and a disk that takes no more."""

import os
import resource
import shutil
import subprocess
import time

import pytest

from hm_pipeline.engine.lock import write_lock
from tests.e2e.crashes import contents, hm, start


def told(said):
    lines = [line for line in said.splitlines() if line.startswith("hm: ")]
    assert "Traceback" not in said
    assert len(lines) == 1, said
    return lines[0]


@pytest.mark.parametrize("command", [("ingest", "raw"), ("run", "--week", "2020-09-23")], ids=["ingest", "run"])
def test_the_second_writer_is_told_who_the_first_is(fresh, raw, command):
    home = fresh("busy").home
    words = [raw if word == "raw" else word for word in command]
    before = contents(home)
    with write_lock(home):
        code, said = hm(home, *words)
    assert code == 1
    assert f"process {os.getpid()}" in told(said)
    assert contents(home) == before
    assert hm(home, "ingest", raw)[0] == 0


def test_two_first_ingests_do_not_interleave(raw, tmp_path):
    home = tmp_path / "deep" / "home"
    both = [start(home, "ingest", raw) for _ in range(2)]
    codes = [process.wait() for process in both]
    for process in both:
        process.stderr.close()
    assert 0 in codes
    assert set(codes) <= {0, 1}
    alone = tmp_path / "alone"
    assert hm(alone, "ingest", raw)[0] == 0
    assert contents(home) == contents(alone)


def test_a_writer_who_may_wait_waits(tmp_path):
    code = "import sys, pathlib, time\nfrom hm_pipeline.engine.lock import write_lock\nwith write_lock(pathlib.Path(sys.argv[1])):\n"
    code += "    (pathlib.Path(sys.argv[1]) / 'there').touch()\n    time.sleep(2)\n    (pathlib.Path(sys.argv[1]) / 'done').touch()\n"
    first = start(tmp_path, tmp_path, code=code)
    while not (tmp_path / "there").exists():
        assert first.poll() is None
        time.sleep(0.01)
    heard = []
    with write_lock(tmp_path, wait=heard.append):
        assert (tmp_path / "done").exists()
    first.communicate()
    assert [f"process {first.pid}" in line for line in heard] == [True]


def test_a_lock_held_by_this_process_may_be_held_again(tmp_path):
    with write_lock(tmp_path), write_lock(tmp_path):
        pass
    with write_lock(tmp_path):
        pass


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_one_line_and_what_is_finished_stays(small_disk, fresh, raw):
    home = small_disk / "home"
    (small_disk / "filler").write_bytes(b"0" * 900_000)
    code, said = hm(home, "ingest", raw)
    assert code == 1
    assert "no space left" in told(said)
    assert not (home / "calendar.json").exists()
    (small_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
    assert hm(home, "ingest", raw)[0] == 0
    assert contents(home) == contents(fresh("roomy").home)


def test_a_run_that_may_write_no_large_files_is_one_line(fresh):
    home = fresh("limited").home
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))  # noqa: E731  it runs in the child
    code, said = hm(home, "run", "--week", "2020-09-23", preexec_fn=limit)
    assert code == 1
    assert "give the same command again" in told(said)


def test_a_home_that_is_a_file_is_one_line(raw, tmp_path):
    home = tmp_path / "home"
    home.write_text("mine")
    code, said = hm(home, "ingest", raw)
    assert code == 1
    assert str(home) in told(said)
    assert home.read_text() == "mine"
    shutil.rmtree(tmp_path)
