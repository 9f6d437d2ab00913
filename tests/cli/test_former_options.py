"""Former options: hidden, with the effect of the new ones, and one line on stderr that names the new one."""

import re

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.cli.app import app
from hm_pipeline.cli.former_options import FORMER, TASKS

DAY = ("--from", "2020-09-02", "--to", "2020-09-16")
RENAMED = [
    (("simulate", "OUT", "--truth"), ("simulate", "OUT", "--ground-truth"), "simulate --ground-truth"),
    (("simulate", "--report", "OUT"), ("simulate", "--fidelity-report", "OUT"), "simulate --fidelity-report"),
    (("evaluate", *DAY, "--truth", "OUT"), ("evaluate", *DAY, "--against-ground-truth", "OUT"), "evaluate --against-ground-truth"),
    (("evaluate", "--truth=--odd", *DAY), ("evaluate", "--against-ground-truth=--odd", *DAY), "evaluate --against-ground-truth"),
    *((("evaluate", "--task", name, *DAY), ("evaluate", *now.split(), *DAY), f"evaluate {now}") for name, now in TASKS.items()),
    (("evaluate", *DAY, "--task=leave-one-out"), ("evaluate", *DAY, "--analysis", "ablation"), "evaluate --analysis ablation"),
    (("bench", "--only", "week", "--json"), ("bench", "week", "--json"), "bench week"),
    (("bench", "--folder", "F", "--only=features-full"), ("bench", "--folder", "F", "features-full"), "bench features-full"),
]


def parsed(command, *words):
    """Return what a command's function would be called with."""
    commands = get_command(app).commands
    return commands[command].make_context(command, list(words)).params


@pytest.mark.parametrize(("former", "now", "typed"), RENAMED)
def test_a_former_option_is_the_new_one_and_warns_in_one_line(former, now, typed, capsys):
    wanted = parsed(*now)
    assert capsys.readouterr().err == ""
    assert parsed(*former) == wanted
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"Warning: --\w+( [\w-]+)? is deprecated and will be removed in the next release; use: hm {typed}\n", said.err)


@pytest.mark.parametrize("command", FORMER)
def test_former_options_are_not_in_the_help(command):
    listed = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout.split()
    assert "--help" in listed
    assert not set(FORMER[command]) & set(listed)


def test_every_new_name_is_an_option_of_its_command():
    for command, former in FORMER.items():
        options = {name for param in get_command(app).commands[command].params for name in param.opts}
        assert {now for now in former.values() if isinstance(now, str)} <= options
        assert not set(former) & options


def test_a_value_that_a_former_option_never_took_is_one_line_that_names_the_new_ones(capsys):
    with pytest.raises(InvalidInput, match=r"^there is no task 'sales' \(--task\): choose one of --analysis signals, .*, --relbench "):
        parsed("evaluate", *DAY, "--task", "sales")
    assert capsys.readouterr().err == ""


def test_a_former_option_without_a_value_is_wrong_usage():
    assert CliRunner().invoke(app, ["evaluate", *DAY, "--task"]).exit_code == 2


def test_an_empty_value_is_the_default_as_it_was(capsys):
    assert parsed("evaluate", *DAY, "--task", "") == parsed("evaluate", *DAY)
    assert capsys.readouterr().err == ""


def test_an_argument_that_looks_like_a_former_option_is_left_alone(capsys):
    assert str(parsed("simulate", "--", "--truth")["out"]) == "--truth"
    assert capsys.readouterr().err == ""


def test_shell_completion_prints_no_warning(capsys):
    command = get_command(app).commands["simulate"]
    command.make_context("simulate", ["OUT", "--truth"], resilient_parsing=True)
    assert capsys.readouterr().err == ""


def test_a_shop_is_simulated_with_its_ground_truth_by_the_former_option(tmp_path):
    size = ("--customers", "30", "--articles", "30", "--weeks", "3")
    result = CliRunner().invoke(app, ["simulate", str(tmp_path / "shop"), *size, "--truth"])
    assert result.exit_code == 0
    assert list((tmp_path / "shop" / "truth").glob("*.parquet"))
    assert "use: hm simulate --ground-truth" in result.stderr
