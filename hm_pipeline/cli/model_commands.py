"""Commands for what a home keeps: the runs of its models, which of them is used, and what is old enough to leave."""

from typing import Annotated, Any

import typer
from rich.table import Table

from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.output import Json, progress, show

models = typer.Typer(invoke_without_command=True, help="List the fits of the models that the home keeps, and choose which is used.")
COLUMNS = ("model", "fitted_for", "run", "in_use", "days", "map_at_12", "served", "settings")


@models.callback()
def listed(
    context: typer.Context,
    name: Annotated[str, typer.Option("--model", help="Only this model, e.g. ensemble.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """List the fits of the models: the days and settings of each, its quality, its libraries, and the weeks that were served by it."""
    if context.invoked_subcommand:
        return
    from hm_pipeline.orchestration.kept_models import list_runs  # noqa: PLC0415 - a command's help need not wait for it

    rows = list_runs(Settings.from_environment(), name)
    table = Table(*(name.replace("_", " ") for name in COLUMNS), title=f"{len(rows)} fits")
    for row in rows:
        table.add_row(*(_text(row[name]) for name in COLUMNS))
    show(table, {"models": rows}, as_json=as_json)


@models.command("use")
def use(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model, e.g. ensemble.")],
    fitted: Annotated[str, typer.Argument(metavar="FITTED_FOR", help="Week that the fit was made for, or `newest` to let go of a choice.")],
    run: Annotated[str, typer.Option("--run", help="First letters of the run, where the week has several.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Let the serving week use an earlier fit of a model; what was made with another one is stale then."""
    from hm_pipeline.engine.lock import write_lock  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.kept_models import choose  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    with write_lock(settings.home):
        chosen, week = choose(settings, name, fitted, run)
    words = f"{name} uses {f'run {chosen}' if chosen else 'its newest fit'}.\nNext: hm run --week {week}"
    show(words, {"model": name, "run": chosen, "week": week}, as_json=as_json)


def prune(
    keep_weeks: Annotated[int, typer.Option("--keep-weeks", min=1, help="Newest weeks that stay, with all that they need.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Remove old weeks of computed tables, old fits and old runs of Dagster's log; purchases and what was served stay."""
    from hm_pipeline.engine.lock import write_lock  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.pruning import prune as remove_old  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    with progress(quiet=as_json) as bars, write_lock(settings.home):
        done = remove_old(settings, keep_weeks, dry_run=dry_run, report=bars)
    verb = "would be" if dry_run else "were"
    words = (
        f"{done.partitions} partitions and {done.fits} fits, {done.size / 1e6:,.1f} MB, and {done.runs} runs of Dagster's log "
        f"{verb} removed; {keep_weeks} weeks and what they need stay."
    )
    show(words, {**vars(done), "dry_run": dry_run}, as_json=as_json)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.4f}" if isinstance(value, float) else str(value if value is not None else "")
