"""The help: of every command and option, in the field's words, and shown without an import of what a command computes with."""

import json
import re
import subprocess
import sys

import pytest
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


def test_the_help_lists_every_command_in_one_line_each():
    listed = shown()
    assert all(re.search(rf"^│ {name} .*\S +│$", listed, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_help_keeps_to_the_words_of_the_field(command):
    text = shown(*filter(None, [command]))
    assert not re.findall(r"(?i)\b(judge\w*|tells?|told|said|says|rivals?|ladder|made again|not made|take weeks back|beside)\b", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_and_option_has_a_help(command):
    assert [param.name for param in COMMANDS[command].params if not param.help] == []


def test_the_help_imports_nothing_heavy():
    code = "import json, sys, hm_pipeline.cli.app; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"polars", "pandas", "numpy", "pyarrow", "duckdb", "dagster", "feast", "lightgbm", "xgboost", "sklearn", "scipy", "dataframely"}
    assert not heavy & set(json.loads(found.stdout))
