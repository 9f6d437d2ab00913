"""Commands that write to a home: simulate, ingest, run, backfill."""

import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group

from hm_pipeline.base.calendar import REFERENCE_EPOCH
from hm_pipeline.base.columns import BUYERS, EVERYONE
from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.output import Json, WeekOption, known_weeks, materialise, progress, show
from hm_pipeline.engine.lock import write_lock


def simulate(  # noqa: PLR0913 - options of a command
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to.")],
    customers: Annotated[int, typer.Option(help="Number of customers.")] = 20_000,
    articles: Annotated[int, typer.Option(help="Number of articles in the catalogue.")] = 10_000,
    weeks: Annotated[int, typer.Option(help="Number of weeks of purchases; the last one ends on 2020-09-22.")] = 105,
    seed: Annotated[int, typer.Option(help="Random seed; the same arguments give the same bytes.")] = 0,
    *,
    images: Annotated[bool, typer.Option("--images", help="Draw an image of every article, as images/010/0108775015.jpg.")] = False,
    ground_truth: Annotated[
        bool, typer.Option("--ground-truth", help="Write what drives the purchases to OUT/truth, for hm evaluate --against-ground-truth.")
    ] = False,
    fidelity_report: Annotated[
        bool, typer.Option("--fidelity-report", help="Compare the shop with the reference data; the report is OUT/calibration.json.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a simulated shop in Kaggle's layout to a folder."""
    from hm_pipeline.datasets.simulator.simulate import simulate as make_shop  # noqa: PLC0415 - each command pays for what it uses
    from hm_pipeline.evaluation.simulator import calibrate, render  # noqa: PLC0415 - as above

    started = time.perf_counter()
    with progress(quiet=as_json) as bars:
        make_shop(
            out, customers=customers, articles=articles, weeks=weeks, seed=seed, images=images, ground_truth=ground_truth, progress=bars
        )
        seconds = round(time.perf_counter() - started, 1)
        calibration = calibrate(out, Settings.from_environment(), bars) if fidelity_report else None
    words = f"A shop of {customers:,} customers is in {out} ({seconds} s)."
    facts = {"out": out, "customers": customers, "seconds": seconds}
    if calibration:
        show(Group(render(calibration), words), facts | {"calibration": calibration.model_dump()}, as_json=as_json)
    else:
        show(words, facts, as_json=as_json)


def ingest(  # noqa: PLR0913 - options of a command
    raw: Annotated[
        str, typer.Argument(metavar="RAW", help="Folder, zip, file: URI or s3:// prefix; optional with --drop-weeks.", show_default=False)
    ] = "",
    epoch: Annotated[
        str, typer.Option(help=f"First day of week 0 of a new home. Default: {REFERENCE_EPOCH}, or the schema's.", show_default=False)
    ] = "",
    schema: Annotated[
        Path | None, typer.Option("--schema", help="Schema of the shop's files, a shop.yaml; later ingests of the home need not repeat it.")
    ] = None,
    *,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Skip invalid purchases instead of failing.")] = False,
    replace_weeks: Annotated[bool, typer.Option("--replace-weeks", help="Overwrite weeks of the home, even if rows are lost.")] = False,
    correct_past: Annotated[
        bool, typer.Option("--correct-past", help="Let changed customers and articles hold for past weeks, too, which are then stale.")
    ] = False,
    replace_types: Annotated[bool, typer.Option("--replace-types", help="Overwrite clothing types of the home's articles.")] = False,
    drop_weeks: Annotated[
        str,
        typer.Option("--drop-weeks", metavar="FROM..TO", help="First delete the weeks from one day to another."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Load a folder or zip, in Kaggle's layout or by a schema, into the home; new weeks are added, loading it again changes nothing."""
    from hm_pipeline.datasets.kaggle.ingest import ingest as bring_in  # noqa: PLC0415 - as above
    from hm_pipeline.datasets.kaggle.report import words_of  # noqa: PLC0415 - as above
    from hm_pipeline.datasets.kaggle.week_ranges import read_range  # noqa: PLC0415 - as above
    from hm_pipeline.datasets.shop.layout import layout_of  # noqa: PLC0415 - as above
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it
    from hm_pipeline.orchestration.command_runs import recorded  # noqa: PLC0415 - as above

    try:
        first_day = date.fromisoformat(epoch) if epoch else None
    except ValueError as error:
        raise InvalidInput(f"{epoch!r} is not a date", where="--epoch", hint="give a date like 2018-09-19") from error
    dropped = read_range(drop_weeks) if drop_weeks else None
    settings, facts = Settings.from_environment(), dict[str, Any]()
    layout = layout_of(settings.home, schema)
    if not raw and dropped is None and layout.has_files:
        raise MissingInput("no files are named", where="RAW", hint="give a folder or zip, or weeks to delete with --drop-weeks")
    source = raw or (None if dropped else ".")  # where all tables are queries, paths in them begin here
    with progress(quiet=as_json) as bars, recorded(settings.home, facts), write_lock(settings.home):
        report = bring_in(
            source,
            settings.home,
            settings=settings,
            layout=layout,
            epoch=first_day,
            skip_bad_rows=skip_bad_rows,
            replace_weeks=replace_weeks,
            correct_past=correct_past,
            replace_types=replace_types,
            drop_weeks=dropped,
            progress=bars,
        )
        facts |= asdict(report)
    show(words_of(report, Home(settings.home)), facts, as_json=as_json)


def run(
    week: WeekOption,
    audience: Annotated[str, typer.Option(help="Customers to recommend to: everyone, or the week's buyers.")] = EVERYONE,
    *,
    force: Annotated[bool, typer.Option("--force", help="Recompute the week even if it is current.")] = False,
    as_json: Json = False,
) -> None:
    """Materialise one week and everything upstream that is missing or stale."""
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it

    if audience not in (EVERYONE, BUYERS):
        raise typer.BadParameter(f"{audience!r} is neither {EVERYONE} nor {BUYERS}", param_hint="--audience")
    settings = Settings.from_environment()
    calendar = Home(settings.home).calendar
    week_id = calendar.parse(week)
    targets = [("recommendations", week_id)]
    targets += [("submission", week_id)] if audience == EVERYONE else []
    targets += [("online_store", week_id)] if audience == EVERYONE and week_id == calendar.last_week else []
    targets += [("scoreboard", week_id)] if week_id < calendar.last_week else []
    materialise(settings, targets, {week_id: audience}, force=force, as_json=as_json, then=f"hm submit --week {week} --out submission.csv")


def backfill(
    first: Annotated[str, typer.Option("--from", help="First day of the first week.")],
    last: Annotated[str, typer.Option("--to", help="First day of the last week.")],
    *,
    as_json: Json = False,
) -> None:
    """Materialise and evaluate a range of weeks, each for its buyers."""
    settings = Settings.from_environment()
    weeks = known_weeks(settings, first, last)
    targets = [(name, week_id) for week_id in weeks for name in ("recommendations", "scoreboard")]
    materialise(settings, targets, dict.fromkeys(weeks, BUYERS), as_json=as_json, then=f"hm evaluate --from {first} --to {last}")
