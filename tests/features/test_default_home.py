"""The `feast` command without HM_HOME, with a relative one, and on homes that hold nothing."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from feast import FeatureStore
from feast.cli.cli import cli
from google.protobuf.message import DecodeError

import hm_pipeline
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.features import default_home as homes
from hm_pipeline.features.default_home import default_home

REPOSITORY = Path(hm_pipeline.__file__).parents[1] / "feature_repo"
LISTS = {
    "entities": "customer ",
    "feature-views": "visit_propensity ",
    "feature-services": "lookbook ",
    "on-demand-feature-views": "seen_article",
    "data-sources": "needs_source ",
    "projects": "hm ",
}


def feast(*words):
    """Run the `feast` command and return its exit code, output and error."""
    result = CliRunner().invoke(cli, ["-c", str(REPOSITORY), *words])
    return result.exit_code, result.output, result.exception


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The repository's top level, which holds no home yet."""
    monkeypatch.delenv("HM_HOME", raising=False)
    monkeypatch.setattr(homes, "REPOSITORY", tmp_path)
    return tmp_path


def test_the_default_is_home_and_the_demo_s_where_only_that_holds_data(checkout):
    assert default_home() == checkout / "home"
    for name in ("home", "home-demo"):
        (checkout / name).mkdir()
        assert default_home() == checkout / "home"  # an empty folder is no home
    for name in ("home-demo", "home"):
        (checkout / name / "calendar.json").touch()
        assert default_home() == checkout / name


def test_a_relative_home_is_below_the_folder_of_the_start(checkout, monkeypatch):
    monkeypatch.setattr(homes, "START", checkout)
    monkeypatch.setenv("HM_HOME", "some/home")
    monkeypatch.chdir("/")
    assert default_home() == checkout / "some" / "home"
    monkeypatch.setenv("HM_HOME", "")
    assert default_home() == checkout / "home"


@pytest.mark.parametrize(("what", "line"), LISTS.items())
def test_lists_are_those_of_the_default_home(checkout, home, what, line):
    home.root.rename(checkout / "home-demo")
    code, output, error = feast(what, "list")
    assert (code, error) == (0, None)
    assert any(shown.startswith(line) for shown in output.splitlines())


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("made", [True, False])
def test_a_home_without_a_registry_is_named_and_left_as_it_is(checkout, what, made):
    if made:
        (checkout / "home").mkdir()
    _, output, error = feast(what, "list")
    assert not output
    assert isinstance(error, MissingInput)
    assert f"nothing is registered with Feast ({checkout / 'home'})" in str(error)
    assert not [*checkout.glob("**/registry.db")]


def test_a_registry_that_was_cut_short_is_named(checkout, home):
    registry = home.root / "feast" / "registry.db"
    registry.write_bytes(registry.read_bytes()[:-5])
    home.root.rename(checkout / "home")
    _, _, error = feast("entities", "list")
    assert isinstance(error, MissingInput)
    assert isinstance(error.__cause__, DecodeError)


@pytest.mark.filterwarnings("ignore:On demand feature view is an experimental feature:RuntimeWarning")
def test_apply_begins_a_registry_and_nothing_is_lost_by_a_second(checkout, home, monkeypatch):
    (home.root / "feast" / "registry.db").unlink()
    monkeypatch.setenv("HM_HOME", str(home.root))
    monkeypatch.chdir(checkout)  # `feast apply` goes elsewhere
    for _ in range(2):
        code, output, error = feast("apply")
        assert (code, error) == (0, None), output
    assert {view.name for view in FeatureStore(str(REPOSITORY)).list_feature_views()} >= {"candidates", "needs", "customers"}


def test_an_error_of_ours_is_one_line_of_the_feast_command_and_of_no_other(monkeypatch, capsys):
    usual = sys.excepthook
    homes.print_errors_in_one_line()
    assert sys.excepthook is usual
    monkeypatch.setattr(sys, "excepthook", usual)
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/feast", "entities", "list"])
    homes.print_errors_in_one_line()
    error = MissingInput("nothing is there", where="home", hint="make it")
    sys.excepthook(MissingInput, error, None)
    assert capsys.readouterr().err == "nothing is there (home): make it\n"
    sys.excepthook(ValueError, ValueError("unforeseen"), None)
    assert "ValueError: unforeseen" in capsys.readouterr().err
