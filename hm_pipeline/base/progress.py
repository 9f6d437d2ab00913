"""How what takes long tells how far it is."""

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]  # what is done, how many of it are, and how many there are
