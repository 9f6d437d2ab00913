"""Nothing is half-done: commands that are killed are finished by the next, in the same bytes, and nothing is made twice."""

import random
import shutil

import pytest

from hm_pipeline.engine.home import Home
from tests.e2e import crashes
from tests.e2e.crashes import AT_RENAME, contents, kill_after


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Raw files of another seed, so that an ingest replaces every week."""
    from hm_pipeline.datasets.simulator.simulate import simulate  # noqa: PLC0415 - beside its only use

    folder = tmp_path_factory.mktemp("other")
    simulate(folder, customers=900, articles=500, weeks=18, seed=4)
    return folder


REPLACING, TAKING_BACK = ("--replace-weeks", "--replace-types"), ("--drop-weeks", "2020-09-09..2020-09-22")


@pytest.fixture(scope="module")
def undisturbed(raw, other, tmp_path_factory):
    """A home ingested from one shop, and the same after an ingest of the other."""
    homes = [tmp_path_factory.mktemp("undisturbed") / name for name in ("one", "both")]
    assert crashes.hm(homes[0], "ingest", raw)[0] == 0
    shutil.copytree(homes[0], homes[1])
    assert crashes.hm(homes[1], "ingest", other, *REPLACING)[0] == 0
    return homes


@pytest.mark.parametrize("words", [REPLACING, TAKING_BACK, (*REPLACING, *TAKING_BACK)], ids=["replaced", "taken back", "both"])
def test_an_ingest_killed_at_any_rename(undisturbed, other, tmp_path, kills, words, hm):
    """Its result is the old home or the new one, and `hm` of any kind makes it whole."""
    command = ("ingest", *([other] if REPLACING[0] in words else []), *words)
    shutil.copytree(undisturbed[0], tmp_path / "counted")
    renames = int(crashes.hm(tmp_path / "counted", 10**6, *command, code=AT_RENAME)[1].rpartition("renames ")[2])
    one, both = contents(undisturbed[0]), contents(tmp_path / "counted")
    assert one != both
    for number in sorted(random.Random(0).sample(range(renames), min(max(kills, 4), renames))):
        home = tmp_path / str(number)
        shutil.copytree(undisturbed[0], home)
        assert crashes.hm(home, number, *command, code=AT_RENAME)[0] == -9
        signed = (home / ".ingest/ready.json").exists()
        hm(home, "recommend", "0" * 64, "--week", "2020-09-23")  # it reads only, and finds nothing to read
        if signed:
            assert contents(home) == both
        elif contents(home) != both:  # killed at the note of a finished ingest, it is done
            code, _, said = hm(home, *command)
            assert code == 0, said
        assert contents(home) == both
        assert hm(home, "ingest", other, *REPLACING)[0] == 0
        assert contents(home) == contents(undisturbed[1])
        assert not (home / ".ingest").exists()
        shutil.rmtree(home)


def test_a_first_ingest_killed_at_random(undisturbed, raw, tmp_path, kills):
    home, moments, deaths = tmp_path / "home", random.Random(1), 0
    while deaths < kills:
        code = kill_after(moments.uniform(0.2, 4), home, "ingest", raw)
        assert code in (-9, 0)
        deaths += code == -9
        if code == 0:
            assert contents(home) == contents(undisturbed[0])
            shutil.rmtree(home)
    assert crashes.hm(home, "ingest", raw)[0] == 0
    assert contents(home) == contents(undisturbed[0])


def test_what_was_finished_is_in_the_home(undisturbed):
    assert Home(undisturbed[1]).calendar.last_week == 105
