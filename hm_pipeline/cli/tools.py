"""Commands beside the pipeline: benchmarks and Dagster's page."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group

from hm_pipeline.base.settings import Settings
from hm_pipeline.benchmarks.parts import BARS, ON_REQUEST
from hm_pipeline.cli.choices import UI, one_of
from hm_pipeline.cli.output import Json, show

LONGEST = ", ".join(ON_REQUEST)


def bench(
    part: Annotated[
        str,
        typer.Argument(
            metavar="PART",
            help=f"One of {', '.join(BARS)}. Default: all except {LONGEST}.",
            show_default=False,
            **one_of(tuple(BARS), kind="part"),
        ),
    ] = "",
    folder: Annotated[Path, typer.Option(help="Folder for the data of the benchmarks.")] = Path("bench-data"),
    *,
    as_json: Json = False,
) -> None:
    """Benchmark speed and peak memory against trivial baselines."""
    from hm_pipeline.benchmarks.run import bench as measure  # noqa: PLC0415 - a command's help need not wait for it

    lines, facts = measure(folder, part)
    show(Group(*lines), facts, as_json=as_json)


def ui(
    port: Annotated[int, typer.Option(help="Port of the web server.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    only: Annotated[
        str,
        typer.Option(
            "--only", help="Start one of them: webserver or daemon. Default: both.", show_default=False, **one_of(UI, kind="process")
        ),
    ] = "",
    *,
    automate: Annotated[bool, typer.Option("--automate", help="Start with the automation on: from new files of HM_RAW to lists.")] = False,
) -> None:
    """Start Dagster's web UI on the home: assets, checks, backfills, automation; stop it with Ctrl-C."""
    from hm_pipeline.orchestration.webserver import open_ui  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    open_ui(settings.model_copy(update={"automate": settings.automate or automate}), port=port, host=host, only=only)
