"""Choices: named in the help, those of the code they stand for, and a wrong one costs one line."""

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from hm_pipeline.benchmarks.parts import BARS, ON_REQUEST
from hm_pipeline.benchmarks.run import PARTS
from hm_pipeline.cli import app as cli
from hm_pipeline.cli.choices import ANALYSES, RELBENCH
from hm_pipeline.evaluation.relbench.predictors import NEEDED

CHOICES = [("evaluate", "--analysis", ANALYSES), ("evaluate", "--relbench", RELBENCH), ("bench", "part", tuple(BARS))]


def test_the_choices_are_those_of_the_code():
    assert set(RELBENCH) == set(NEEDED)
    assert set(BARS) == set(PARTS)
    assert set(ON_REQUEST) < set(PARTS)


@pytest.mark.parametrize(("command", "name", "choices"), CHOICES)
def test_choices_are_in_the_help_and_completed(command, name, choices):
    text = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "250"}).stdout
    assert all(choice in text for choice in choices)
    (param,) = [param for param in get_command(cli.app).commands[command].params if name in param.opts]
    context = get_command(cli.app).commands[command].make_context(command, [], resilient_parsing=True)
    assert [item.value for item in param.shell_complete(context, choices[-1][:-1])] == [choices[-1]]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("evaluate", "--analysis", "sales"), "there is no analysis 'sales' (--analysis): choose one of signals, retrieval, ablation"),
        (("evaluate", "--relbench", "x"), f"there is no RelBench task 'x' (--relbench): choose one of {', '.join(RELBENCH)}"),
        (("bench", "speed"), f"there is no part 'speed' (PART): choose one of {', '.join(BARS)}"),
    ],
)
def test_a_bad_choice_is_one_line(monkeypatch, tmp_path, capsys, words, line):
    monkeypatch.setenv("HM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", ["hm", *words])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    assert capsys.readouterr().err == f"hm: {line}\n"
    assert list(tmp_path.iterdir()) == []


def test_one_question_is_answered_at_a_time():
    words = ["evaluate", "--week", "2020-09-16", "--analysis", "signals", "--relbench", "item-sales"]
    assert CliRunner().invoke(cli.app, words).exit_code == 2
