"""The help: of every command and option, in the field's words, and shown without an import of what a command computes with."""

from typer.main import get_command
from typer.testing import CliRunner

from hm_pipeline.cli.app import app

COMMANDS = get_command(app).commands


def shown(*words):
    return CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "250"}).stdout


def test_submit_and_export_are_one_command_and_say_so():
    assert COMMANDS["export"].callback.__wrapped__ is COMMANDS["submit"].callback.__wrapped__
    assert "alias of submit" in shown("export")
    assert "Export" in shown("submit")
    assert "alias: export" in shown("submit")
