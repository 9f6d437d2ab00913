"""The command `hm`.  Reads options, calls one function, shows the result; decides nothing."""

import os
import sys
from pathlib import Path

import typer

from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.evaluation import audit, drift, evaluate
from hm_pipeline.cli.export_commands import features, recommend, submit
from hm_pipeline.cli.former_options import Command
from hm_pipeline.cli.model_commands import models, prune
from hm_pipeline.cli.output import complaints
from hm_pipeline.cli.pipeline import backfill, ingest, run, simulate
from hm_pipeline.cli.shop_commands import example, schema
from hm_pipeline.cli.tools import bench, ui
from hm_pipeline.engine.unexpected import is_error, one_line_of

app = typer.Typer(
    help="Weekly fashion recommender: signals of need, season, style and availability, and 12 ranked articles for every customer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # main prints errors
)
for command in (simulate, example, schema, ingest, run, backfill, evaluate, submit, recommend, features, audit, drift, bench, ui, prune):
    app.command(cls=Command)(command)
app.add_typer(models, name="models")
app.command("export", cls=Command, help="Export the submission: alias of submit.")(submit)


def main() -> None:
    """Run the command; whatever goes wrong is one line and exit code 1."""
    try:
        app()
    except BaseException as error:
        if isinstance(error, SystemExit) or not is_error(error):
            raise
        home = Path(os.environ.get("HM_HOME") or Settings.model_fields["home"].default)  # settings may be what is wrong
        lines = one_line_of(error, home=home, step=" ".join(["hm", *sys.argv[1:2]])).lines
    for line in lines:
        complaints.print(f"hm: {line}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


@app.callback()
def _begin() -> None:
    """Finish an ingest that was killed after its commit, before anything is read."""
    from hm_pipeline.engine.staging import finish_pending  # noqa: PLC0415 - a command's help need not wait for it

    finish_pending(Settings.from_environment().home)
