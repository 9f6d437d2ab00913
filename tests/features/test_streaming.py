"""Streams are read some at once: every item comes once, errors come through, and who stops early leaves nothing running."""

import threading
from collections.abc import Callable, Iterator
from itertools import count, islice

import pytest

from hm_pipeline.features.streaming import together


def counting(first: int, *, fails_after: int | None = None) -> Iterator[int]:
    for number in range(first, first + 100):
        if fails_after is not None and number - first == fails_after:
            raise ValueError(f"broke off at {number}")
        yield number


@pytest.fixture
def readers() -> Callable[[], list[str]]:
    """Return what names the readers that a test has started and not ended; other tests of the process may have left threads."""
    before = set(threading.enumerate())
    return lambda: [
        thread.name for thread in threading.enumerate() if thread not in before and thread.name.startswith("ThreadPoolExecutor")
    ]


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_all_that_streams_yield_comes_once(at_once):
    streams = [counting(1000 * place) for place in range(4)]
    found = list(together(streams, at_once=at_once, ahead=2))
    assert sorted(found) == [1000 * place + number for place in range(4) for number in range(100)]
    for place in range(4):  # of one stream in its order
        assert [number for number in found if number // 1000 == place] == list(range(1000 * place, 1000 * place + 100))


def test_streams_are_read_at_once():
    meeting = threading.Barrier(2, timeout=20)

    def met(number: int) -> Iterator[int]:
        meeting.wait()  # breaks unless another stream comes here too
        yield number

    assert sorted(together([met(1), met(2)], at_once=2)) == [1, 2]


def test_no_stream_gives_nothing():
    assert list(together([], at_once=2)) == []


@pytest.mark.parametrize("at_once", [1, 2])
def test_what_breaks_a_stream_off_breaks_all_off(at_once, readers):
    with pytest.raises(ValueError, match="broke off at 1003"):
        list(together([counting(0), counting(1000, fails_after=3), counting(2000)], at_once=at_once))
    assert readers() == []


def test_streams_that_cannot_be_made_are_an_error():
    def streams() -> Iterator[Iterator[int]]:
        yield counting(0)
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        list(together(streams(), at_once=2))


def test_who_stops_early_leaves_nothing_running(readers):
    taken = together((count(first) for first in range(10)), at_once=2, ahead=1)  # each without an end
    assert len(list(islice(taken, 3))) == 3
    taken.close()
    assert readers() == []
