"""Commands that evaluate weeks: the scoreboard, single analyses, the leak audit."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group

from hm_pipeline.base.columns import BUYERS
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.choices import ANALYSES, RELBENCH, one_of
from hm_pipeline.cli.output import Json, WeekOption, cut_short, known_weeks, materialise, progress, show


def evaluate(
    week: Annotated[str, typer.Option("--week", help="First day of a single week.")] = "",
    first: Annotated[str, typer.Option("--from", help="First day of the first week of a range.")] = "",
    last: Annotated[str, typer.Option("--to", help="First day of the last week of a range.")] = "",
    *,
    analysis: Annotated[
        str,
        typer.Option(
            "--analysis",
            metavar="NAME",
            help=f"Analysis to run in place of the scoreboard: {', '.join(ANALYSES)} (MAP@12 without each signal).",
            **one_of(ANALYSES, kind="analysis"),
        ),
    ] = "",
    relbench: Annotated[
        str,
        typer.Option(
            "--relbench",
            metavar="TASK",
            help=f"Task of RelBench's rel-hm to evaluate in place of the scoreboard: {', '.join(RELBENCH)}.",
            **one_of(RELBENCH, kind="RelBench task"),
        ),
    ] = "",
    ground_truth: Annotated[
        Path | None,
        typer.Option("--against-ground-truth", metavar="DIR", help="Compare the signals with the ground truth of a simulated shop."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Evaluate weeks whose purchases are known, and print the scoreboard: baselines and models, pooled over the weeks."""
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it
    from hm_pipeline.evaluation.scoreboard.report import render, write_html, write_json  # noqa: PLC0415 - as above
    from hm_pipeline.evaluation.scoreboard.summary import summarise  # noqa: PLC0415 - as above

    if not (week or (first and last)):
        raise typer.BadParameter("give --week, or --from and --to")
    if sum(map(bool, (analysis, relbench, ground_truth))) > 1:
        raise typer.BadParameter("give one of --analysis, --relbench and --against-ground-truth")
    settings = Settings.from_environment()
    weeks = known_weeks(settings, week or first, week or last)
    if analysis or relbench:
        _analyse(settings, analysis or relbench, weeks, as_json=as_json)
        return
    targets = [("scoreboard", week_id) for week_id in weeks]
    materialise(settings, targets, dict.fromkeys(weeks, BUYERS), as_json=as_json, then="", quietly=True)
    if ground_truth is not None:
        _compare(settings, ground_truth, weeks, as_json=as_json)
        return
    board = summarise(Home(settings.home), weeks, seed=settings.seed)
    write_json(board, settings.home / "scoreboard.json")
    write_html(board, settings.home / "scoreboard.html")
    where = f"Written to {settings.home / 'scoreboard.json'} and {settings.home / 'scoreboard.html'}"
    show(Group(*render(board), where), json.loads(board.model_dump_json()) | cut_short(settings), as_json=as_json)


def _analyse(settings: Settings, name: str, weeks: list[int], *, as_json: bool) -> None:
    from hm_pipeline.cli.analyses import analyse, targets  # noqa: PLC0415 - as above

    audiences = dict.fromkeys(range(weeks[0] - 2, weeks[-1] + 1), BUYERS)
    materialise(settings, targets(name, weeks), audiences, as_json=as_json, then="", quietly=True)
    with progress(quiet=as_json) as report:
        words, facts = analyse(settings, name, weeks, report)
    show(Group(*words), facts | cut_short(settings), as_json=as_json)


def _compare(settings: Settings, raw: Path, weeks: list[int], *, as_json: bool) -> None:
    from hm_pipeline.engine.home import Home  # noqa: PLC0415 - a command's help need not wait for it
    from hm_pipeline.evaluation.simulator.ground_truth import compare, render  # noqa: PLC0415 - as above

    home = Home(settings.home)
    found, keys = compare(home, raw, weeks), [home.calendar.key(week_id) for week_id in weeks]
    likeness = [row.model_dump() for row in found]
    show(render(found, keys), {"weeks": keys, "likeness": likeness} | cut_short(settings), as_json=as_json)


def audit(week: WeekOption, *, as_json: Json = False) -> None:
    """Check the week for temporal and target leakage.

    Fail if a feature changes with purchases of the week or later, or predicts the label on its own.
    """
    from hm_pipeline.evaluation import leakage as leaks  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.execute import graph_of  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    graph = graph_of(settings)
    week_id = graph.calendar.parse(week)
    materialise(settings, leaks.targets(graph, week_id), {}, as_json=as_json, then="", quietly=True)
    with progress(quiet=as_json) as bars:
        found = leaks.audit_week(graph_of(settings), week_id, bars)
    leaks.write(found, settings.home)
    words = Group(*leaks.render(found), f"Written to {settings.home / 'audit.json'} and {settings.home / 'audit.html'}")
    show(words, found.model_dump(mode="json"), as_json=as_json)
    leaks.raise_on_failure(found)


def drift(
    week: WeekOption, *, force: Annotated[bool, typer.Option("--force", help="Measure the week anew.")] = False, as_json: Json = False
) -> None:
    """Compare each signal and feature of the week with up to 13 weeks before it: PSI, rank statistics, nulls, the worst first."""
    from hm_pipeline.evaluation.drift.report import facts, read_drift, render, write  # noqa: PLC0415 - as above
    from hm_pipeline.evaluation.drift.week_drift import DRIFT, counts_other_weeks  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.execute import graph_of  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    graph = graph_of(settings)
    week_id = graph.calendar.parse(week)
    is_other = graph.is_stored(DRIFT, week_id) and counts_other_weeks(graph, week_id)  # weeks were made since
    materialise(settings, [(DRIFT, week_id)], {}, force=force or is_other, as_json=as_json, then="", quietly=True)
    rows = read_drift(graph.home, week_id)
    write(rows, settings.home, graph.calendar)
    words = Group(*render(rows, week), f"Written to {settings.home / 'drift.json'} and {settings.home / 'drift.html'}")
    show(words, facts(rows, week) | cut_short(settings), as_json=as_json)
