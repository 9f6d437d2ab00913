"""Type of the callbacks that long work reports its progress to."""

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]  # what is done, how many of it are, and how many there are
