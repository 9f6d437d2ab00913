"""Options, progress, and the output of results and errors, shared by all commands."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings

complaints = Console(stderr=True)
console = Console(width=max(Console().width, 100))  # tables keep their shape where the output is no terminal

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
WeekOption = Annotated[str, typer.Option("--week", help="First day of the week, e.g. 2020-09-23.")]


@contextmanager
def progress(*, quiet: bool) -> Iterator[OnProgress]:
    """Show a bar per step, with counts and time."""
    columns = (SpinnerColumn(), TextColumn("{task.description:<26}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=complaints, disable=quiet) as bars:
        tasks: dict[str, Any] = {}

        def report(step: str, done: int, every: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=every)
            bars.update(tasks[step], completed=done, total=every)

        yield report


def show(words: Any, facts: dict[str, Any], *, as_json: bool) -> None:
    """Print facts as JSON, or words for people."""
    if as_json:
        sys.stdout.write(json.dumps(facts, default=str) + "\n")
    else:
        console.print(words)


def cut_short(settings: Settings) -> dict[str, str]:
    """Return the remark on data that end in the middle of a week."""
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it

    text = Home(settings.home).calendar.cut_short
    return {"cut_short": text} if text else {}


def known_weeks(settings: Settings, first: str, last: str) -> list[int]:
    """Return a range of weeks whose purchases are known.

    Raises
    ------
    InvalidInput, MissingInput
        If the range is empty, or ends with a week that cannot be evaluated.
    """
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it

    calendar = Home(settings.home).calendar
    weeks = list(range(calendar.parse(first), calendar.parse(last) + 1))
    if not weeks:
        raise InvalidInput(f"{first} comes after {last}", where="--from and --to", hint="give the earlier week first")
    if weeks[-1] >= calendar.last_week:
        known = calendar.key(calendar.last_week - 1)
        raise MissingInput(f"the purchases of {last} are not known", where="transactions", hint=f"evaluate weeks up to {known}")
    return weeks


def materialise(
    settings: Settings,
    targets: list[tuple[str, int]],
    audiences: dict[int, str],
    *,
    then: str,
    as_json: bool,
    force: bool = False,
    quietly: bool = False,
) -> None:
    """Make targets and what they need, and show what was made.

    Parameters
    ----------
    then
        Command that is named as the next one.
    quietly
        Whether nothing is printed where the output is JSON.
    """
    from hm_pipeline.orchestration.command_runs import command_line  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.execute import materialize  # noqa: PLC0415 - as above

    with progress(quiet=as_json) as report:
        done = materialize(settings, targets, audiences=audiences, force=force, report=report, command=command_line())
    words = (
        f"{done.partitions} partitions of {len(done.made)} assets made in {done.seconds:.0f} s."
        if done.partitions
        else "Everything is current."
    )
    remarks = cut_short(settings)
    if not (quietly and as_json):
        show(
            "\n".join(
                [
                    *(f"{text}." for text in done.libraries),
                    words,
                    *(f"{text}." for text in remarks.values()),
                    *([f"Next: {then}"] if then else []),
                ]
            ),
            {"made": done.made, "runs": done.runs, "seconds": round(done.seconds, 2), "libraries": done.libraries, **remarks},
            as_json=as_json,
        )
