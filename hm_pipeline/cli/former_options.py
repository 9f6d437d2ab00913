"""Former options: hidden from the help, they work for one more release, with a warning that names the new one.

Add a renamed option to ``FORMER``; the command itself declares the new one only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperCommand

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.benchmarks.parts import BARS
from hm_pipeline.cli.choices import ABLATION, RELBENCH, RETRIEVAL, SIGNALS
from hm_pipeline.cli.output import complaints

Now = str | Mapping[str, str]  # the new name, or for each former value what is typed now
TASKS = {
    **{name: f"--analysis {name}" for name in (SIGNALS, RETRIEVAL)},
    "leave-one-out": f"--analysis {ABLATION}",
    **{name: f"--relbench {name}" for name in RELBENCH},
}
FORMER: Mapping[str, Mapping[str, Now]] = {
    "simulate": {"--truth": "--ground-truth", "--report": "--fidelity-report"},
    "evaluate": {"--truth": "--against-ground-truth", "--task": TASKS},
    "bench": {"--only": {part: part for part in BARS}},
}


class Command(TyperCommand):
    """Command that also takes its former options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put new options in the place of former ones, then parse."""
        command = self.name or ""
        return super().parse_args(ctx, list(replace_former(command, args, quiet=ctx.resilient_parsing)))


def replace_former(command: str, args: list[str], *, quiet: bool = False) -> Iterator[str]:
    """Yield a command's arguments with new options in the place of former ones, and warn of each.

    Parameters
    ----------
    quiet
        Whether nothing is printed, as in shell completion.

    Raises
    ------
    InvalidInput
        If a former option has a value that it never took.
    """
    former, words = FORMER.get(command, {}), iter(args)
    for word in words:
        if word == "--":  # what follows are arguments, whatever they look like
            yield word
            yield from words
            return
        option, equals, value = word.partition("=")
        now = former.get(option)
        if now is None:
            yield word
        elif isinstance(now, str):
            _warn(command, option, now, quiet=quiet)
            yield f"{now}{equals}{value}"
        else:
            given = value if equals else next(words, None)
            typed = _by_value(now, option, given)
            if typed:
                _warn(command, f"{option} {given}", typed, quiet=quiet)
            yield from typed.split()


def _by_value(now: Mapping[str, str], option: str, given: str | None) -> str:
    if given is None:
        raise typer.BadParameter(f"option {option} requires a value")
    if given and given not in now:
        raise InvalidInput(f"there is no {option[2:]} {given!r}", where=option, hint=f"choose one of {', '.join(now.values())}")
    return now.get(given, "")  # empty was the default


def _warn(command: str, former: str, now: str, *, quiet: bool) -> None:
    if not quiet:
        text = f"Warning: {former} is deprecated and will be removed in the next release; use: hm {command} {now}"
        complaints.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
