"""The command `hm`.  Reads options, calls one function, shows the result; decides nothing."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from hm_pipeline.base.calendar import REFERENCE_EPOCH
from hm_pipeline.base.errors import BadInput, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.lock import one_writer
from hm_pipeline.engine.plan import BUYERS, EVERYONE
from hm_pipeline.engine.staging import settle
from hm_pipeline.engine.tables import Home
from hm_pipeline.engine.unexpected import is_error, told_of

app = typer.Typer(
    help="A weekly fashion recommender: need, season, style and availability, ranked for every customer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # what is raised is told by main
)
complaints = Console(stderr=True)
console = Console(width=max(Console().width, 100))  # tables keep their shape where the output is no terminal

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
TASKS = "Judge something else: signals, retrieval, leave-one-out; or RelBench's user-churn, item-sales, user-item-purchase."
WeekOption = Annotated[str, typer.Option("--week", help="First day of the week, e.g. 2020-09-23.")]


def main() -> None:
    """Run the command; whatever goes wrong is one line and exit code 1."""
    try:
        app()
    except BaseException as error:
        if isinstance(error, SystemExit) or not is_error(error):
            raise
        home = Path(os.environ.get("HM_HOME") or Settings.model_fields["home"].default)  # settings may be what is wrong
        told = told_of(error, home=home, step=" ".join(["hm", *sys.argv[1:2]]))
    complaints.print(f"hm: {told}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


@app.callback()
def _begin() -> None:
    """Carry out what a killed ingest had signed, before anything is read."""
    settle(Settings.from_environment().home)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
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
    """Return what to say where the data end in the middle of a week."""
    text = Home(settings.home).calendar.cut_short
    return {"cut_short": text} if text else {}


@app.command()
def simulate(  # noqa: PLR0913 - options of a command
    out: Path,
    customers: Annotated[int, typer.Option(help="Customers of the shop.")] = 20_000,
    articles: Annotated[int, typer.Option(help="Articles of the catalogue.")] = 10_000,
    weeks: Annotated[int, typer.Option(help="Weeks of purchases, the last one ends on 2020-09-22.")] = 105,
    seed: Annotated[int, typer.Option(help="Seed: the same arguments give the same bytes.")] = 0,
    *,
    images: Annotated[bool, typer.Option("--images", help="Draw every article: images/010/0108775015.jpg and so on.")] = False,
    truth: Annotated[bool, typer.Option("--truth", help="Write what drove the purchases to OUT/truth, for hm evaluate --truth.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Measure the shop beside the reference data: OUT/calibration.json.")] = False,
    as_json: Json = False,
) -> None:
    """Write a simulated shop in Kaggle's layout to a folder."""
    from hm_pipeline.datasets.simulator.simulate import simulate as make_shop  # noqa: PLC0415 - each command pays for what it uses
    from hm_pipeline.evaluation.simulator import calibrate, render  # noqa: PLC0415 - as above

    started = time.perf_counter()
    with progress(quiet=as_json) as bars:
        make_shop(out, customers=customers, articles=articles, weeks=weeks, seed=seed, images=images, truth=truth, progress=bars)
        seconds = round(time.perf_counter() - started, 1)
        calibration = calibrate(out, Settings.from_environment(), bars) if report else None
    words = f"A shop of {customers:,} customers is in {out} ({seconds} s)."
    facts = {"out": out, "customers": customers, "seconds": seconds}
    if calibration:
        show(Group(render(calibration), words), facts | {"calibration": calibration.model_dump()}, as_json=as_json)
    else:
        show(words, facts, as_json=as_json)


@app.command()
def ingest(
    raw: Annotated[Path | None, typer.Argument(help="Folder or zip; may be left out with --drop-weeks.")] = None,
    epoch: Annotated[str, typer.Option(help=f"First day of week 0, of a new home: {REFERENCE_EPOCH} where not given.")] = "",
    *,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave out purchases that cannot be read.")] = False,
    replace_weeks: Annotated[bool, typer.Option("--replace-weeks", help="The files' weeks replace the home's, rows may be lost.")] = False,
    drop_weeks: Annotated[str, typer.Option("--drop-weeks", metavar="FROM..TO", help="Take weeks back first, given by two days.")] = "",
    as_json: Json = False,
) -> None:
    """Read a folder or zip in Kaggle's layout into the home; new weeks are added, done twice it changes nothing."""
    from hm_pipeline.datasets.kaggle.ingest import ingest as bring_in  # noqa: PLC0415 - as above
    from hm_pipeline.datasets.kaggle.report import words_of  # noqa: PLC0415 - as above
    from hm_pipeline.datasets.kaggle.week_ranges import read_range  # noqa: PLC0415 - as above

    try:
        first_day = date.fromisoformat(epoch) if epoch else None
    except ValueError as error:
        raise BadInput(f"{epoch!r} is not a date", where="--epoch", remedy="give a date like 2018-09-19") from error
    dropped = read_range(drop_weeks) if drop_weeks else None
    if raw is None and dropped is None:
        raise MissingInput("no files are named", where="RAW", remedy="give a folder or zip, or weeks to take back with --drop-weeks")
    settings = Settings.from_environment()
    with progress(quiet=as_json) as bars, one_writer(settings.home):
        report = bring_in(
            raw,
            settings.home,
            settings=settings,
            epoch=first_day,
            skip_bad_rows=skip_bad_rows,
            replace_weeks=replace_weeks,
            drop_weeks=dropped,
            progress=bars,
        )
    show(words_of(report, Home(settings.home)), asdict(report), as_json=as_json)


@app.command()
def run(
    week: WeekOption,
    audience: Annotated[str, typer.Option(help="everyone, or the week's buyers.")] = EVERYONE,
    *,
    force: Annotated[bool, typer.Option("--force", help="Make the week again although it is current.")] = False,
    as_json: Json = False,
) -> None:
    """Make a week's recommendations and all that they need; what is current is not made again."""
    if audience not in (EVERYONE, BUYERS):
        raise typer.BadParameter(f"{audience!r} is neither {EVERYONE} nor {BUYERS}", param_hint="--audience")
    settings = Settings.from_environment()
    calendar = Home(settings.home).calendar
    week_id = calendar.parse(week)
    targets = [("recommendations", week_id)]
    targets += [("submission", week_id)] if audience == EVERYONE else []
    targets += [("online_store", week_id)] if audience == EVERYONE and week_id == calendar.last_week else []
    targets += [("scoreboard", week_id)] if week_id < calendar.last_week else []
    _make(settings, targets, {week_id: audience}, force=force, as_json=as_json, then=f"hm submit --week {week} --out submission.csv")


@app.command()
def backfill(
    first: Annotated[str, typer.Option("--from", help="First week.")],
    last: Annotated[str, typer.Option("--to", help="Last week.")],
    *,
    as_json: Json = False,
) -> None:
    """Make the recommendations of a range of weeks for their buyers, and judge them."""
    settings = Settings.from_environment()
    weeks = _weeks(settings, first, last)
    targets = [(name, week_id) for week_id in weeks for name in ("recommendations", "scoreboard")]
    _make(settings, targets, dict.fromkeys(weeks, BUYERS), as_json=as_json, then=f"hm evaluate --from {first} --to {last}")


@app.command()
def evaluate(
    week: Annotated[str, typer.Option("--week", help="One week.")] = "",
    first: Annotated[str, typer.Option("--from", help="First week of a range.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last week of a range.")] = "",
    *,
    task: Annotated[str, typer.Option("--task", help=TASKS)] = "",
    truth: Annotated[Path | None, typer.Option("--truth", help="Compare the signals with the truth of this simulated shop.")] = None,
    as_json: Json = False,
) -> None:
    """Judge weeks whose purchases are known, and print the scoreboard: the rules and the model, pooled."""
    from hm_pipeline.evaluation.scoreboard.report import render, write_html, write_json  # noqa: PLC0415 - as above
    from hm_pipeline.evaluation.scoreboard.summary import summarise  # noqa: PLC0415 - as above

    if not (week or (first and last)):
        raise typer.BadParameter("give --week, or --from and --to")
    settings = Settings.from_environment()
    weeks = _weeks(settings, week or first, week or last)
    if task:
        _judge(settings, task, weeks, as_json=as_json)
        return
    _make(settings, [("scoreboard", week_id) for week_id in weeks], dict.fromkeys(weeks, BUYERS), as_json=as_json, then="", quietly=True)
    if truth is not None:
        _compare(settings, truth, weeks, as_json=as_json)
        return
    board = summarise(Home(settings.home), weeks, seed=settings.seed)
    write_json(board, settings.home / "scoreboard.json")
    write_html(board, settings.home / "scoreboard.html")
    where = f"Written to {settings.home / 'scoreboard.json'} and {settings.home / 'scoreboard.html'}"
    show(Group(*render(board), where), json.loads(board.model_dump_json()) | cut_short(settings), as_json=as_json)


def _judge(settings: Settings, task: str, weeks: list[int], *, as_json: bool) -> None:
    from hm_pipeline.cli.tasks import judge, targets  # noqa: PLC0415 - as above

    audiences = dict.fromkeys(range(weeks[0] - 2, weeks[-1] + 1), BUYERS)
    _make(settings, targets(task, weeks), audiences, as_json=as_json, then="", quietly=True)
    with progress(quiet=as_json) as report:
        words, facts = judge(settings, task, weeks, report)
    show(Group(*words), facts | cut_short(settings), as_json=as_json)


def _compare(settings: Settings, raw: Path, weeks: list[int], *, as_json: bool) -> None:
    from hm_pipeline.evaluation.simulator.ground_truth import compare, render  # noqa: PLC0415 - as above

    home = Home(settings.home)
    found, keys = compare(home, raw, weeks), [home.calendar.key(week_id) for week_id in weeks]
    likeness = [row.model_dump() for row in found]
    show(render(found, keys), {"weeks": keys, "likeness": likeness} | cut_short(settings), as_json=as_json)


@app.command()
def submit(
    week: WeekOption,
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    *,
    as_json: Json = False,
) -> None:
    """Write the 12 articles served to every customer in Kaggle's format, in the order of customers.csv."""
    from hm_pipeline.cli.exports import write_submission_of  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    customers = write_submission_of(settings, week, out)
    show(f"{customers:,} customers with 12 articles each are in {out}.", {"out": out, "customers": customers}, as_json=as_json)


@app.command()
def recommend(customer_id: str, week: WeekOption, *, as_json: Json = False) -> None:
    """Show the 12 articles of one customer, with their scores and where each came from."""
    from hm_pipeline.cli.exports import recommendations_of  # noqa: PLC0415 - as above

    rows = recommendations_of(Settings.from_environment(), customer_id, week)
    table = Table(title=f"Week {week}, customer {customer_id[:12]}…")
    for name in rows.columns:
        table.add_column(name)
    for row in rows.iter_rows():
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row))
    show(table, {"customer_id": customer_id, "week": week, "articles": rows.to_dicts()}, as_json=as_json)


@app.command()
def features(
    pairs: Annotated[Path, typer.Option("--pairs", help="csv or parquet with customer_id (hex or integer), article_id and week_id.")],
    out: Annotated[Path, typer.Option("--out", help="csv or parquet to write, one row per pair in the given order.")],
    service: Annotated[str, typer.Option("--service", help="Feast service that names the features: ranking or signals.")] = "ranking",
    *,
    as_json: Json = False,
) -> None:
    """Fetch every feature of pairs through Feast, as of their weeks' cutoffs."""
    from hm_pipeline.cli.exports import features_of  # noqa: PLC0415 - as above

    found = features_of(Settings.from_environment(), pairs, out, service=service)
    show(
        f"{found[0]:,} pairs with {found[1]} features are in {out}.", {"out": out, "pairs": found[0], "features": found[1]}, as_json=as_json
    )


@app.command()
def audit(week: WeekOption, *, as_json: Json = False) -> None:
    """Compute a week's features again as of earlier and later data, and fail where one differs or tells the label."""
    from hm_pipeline.evaluation import leakage as leaks  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.execute import graph_of  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    graph = graph_of(settings)
    week_id = graph.calendar.parse(week)
    _make(settings, leaks.targets(graph, week_id), {}, as_json=as_json, then="", quietly=True)
    with progress(quiet=as_json) as bars:
        found = leaks.audit_week(graph_of(settings), week_id, bars)
    leaks.write(found, settings.home)
    words = Group(*leaks.render(found), f"Written to {settings.home / 'audit.json'} and {settings.home / 'audit.html'}")
    show(words, found.model_dump(mode="json"), as_json=as_json)
    leaks.complain(found)


@app.command()
def bench(
    folder: Annotated[Path, typer.Option(help="Folder for the data it makes.")] = Path("bench-data"),
    only: Annotated[str, typer.Option(help="One part, such as week or features; all but the longest where not given.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Measure speed and memory beside trivial rivals."""
    from hm_pipeline.benchmarks.run import bench as measure  # noqa: PLC0415 - as above

    lines, facts = measure(folder, only)
    show(Group(*lines), facts, as_json=as_json)


@app.command()
def ui(
    port: Annotated[int, typer.Option(help="Port of the page.")] = 3000,
    host: Annotated[str, typer.Option(help="Address it listens on.")] = "127.0.0.1",
) -> None:
    """Open Dagster over the home: every asset, what it holds, backfills, schedules; stop it with Ctrl-C."""
    from hm_pipeline.orchestration.webserver import open_ui  # noqa: PLC0415 - as above

    open_ui(Settings.from_environment(), port=port, host=host)


def _weeks(settings: Settings, first: str, last: str) -> list[int]:
    calendar = Home(settings.home).calendar
    weeks = list(range(calendar.parse(first), calendar.parse(last) + 1))
    if not weeks:
        raise BadInput(f"{first} comes after {last}", where="--from and --to", remedy="give the earlier week first")
    if weeks[-1] >= calendar.last_week:
        known = calendar.key(calendar.last_week - 1)
        raise MissingInput(f"the purchases of {last} are not known", where="transactions", remedy=f"judge weeks up to {known}")
    return weeks


def _make(
    settings: Settings,
    targets: list[tuple[str, int]],
    audiences: dict[int, str],
    *,
    then: str,
    as_json: bool,
    force: bool = False,
    quietly: bool = False,
) -> None:
    from hm_pipeline.orchestration.execute import make  # noqa: PLC0415 - as above

    with progress(quiet=as_json) as report:
        done = make(settings, targets, audiences=audiences, force=force, report=report)
    words = (
        f"{done.partitions} partitions of {len(done.made)} assets made in {done.seconds:.0f} s."
        if done.partitions
        else "Everything is current."
    )
    told = cut_short(settings)
    if not (quietly and as_json):
        show(
            "\n".join(
                [
                    *(f"{text}." for text in done.libraries),
                    words,
                    *(f"{text}." for text in told.values()),
                    *([f"Next: {then}"] if then else []),
                ]
            ),
            {"made": done.made, "runs": done.runs, "seconds": round(done.seconds, 2), "libraries": done.libraries, **told},
            as_json=as_json,
        )
