"""Snippets of the pages: commands and options exist, and code runs on a served home."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from feast.cli.cli import cli as feast
from feast.repo_config import RepoConfig
from typer.main import get_command

import hm_pipeline
from hm_pipeline.cli.app import app
from hm_pipeline.cli.exports import write_submission_of
from hm_pipeline.datasets.shop.schema import ShopSchema
from hm_pipeline.engine.home import Home
from hm_pipeline.orchestration.execute import materialize
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own

ROOT = Path(hm_pipeline.__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "notebooks" / "README.md"]
PAGES += [*sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "hm_pipeline").rglob("*.md"))]
COMMANDS = get_command(app).commands
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str, pages: list[Path] = PAGES) -> list[tuple[str, str]]:
    """Return page and text of each block of a language."""
    return [(page.name, text) for page in pages for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands() -> list[tuple[str, str]]:
    """Return page and line of each `hm ...` in a block or between backticks."""
    found = [(name, line) for name, text in blocks("") for line in text.splitlines()]
    inline = re.compile(r"`(hm [^`]+)`")
    found += [(page.name, " ".join(line.split())) for page in PAGES for line in inline.findall(page.read_text(encoding="utf-8"))]
    lines = ((name, line.strip().removeprefix(".venv/bin/")) for name, line in found)
    return sorted({(name, line) for name, line in lines if re.match(r"hm [a-z]", line)})


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_command_and_its_options_exist(page, line):
    _, name, *words = shlex.split(line.replace("...", ""), comments=True)
    assert name in COMMANDS, f"{page}: hm has no command {name}"
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts} | {"--help"}
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in options] == []


@pytest.fixture(scope="module")
def demo(served, tmp_path_factory):
    """A folder in which `make demo` was run, as far as the pages show: the home and its submission."""
    folder, last = tmp_path_factory.mktemp("demo"), last_week(served)
    materialize(served, [("online_store", last)], audiences={last: "everyone"})
    write_submission_of(served, Home(served.home).calendar.key(last), served.home / "submission.csv")
    (folder / "home-demo").symlink_to(served.home)
    return folder


SNIPPETS = dict[str, list[str]]()
RUN = [page for page in PAGES if page.name != "CONTRIBUTING.md" and page.parent.name != "adr"]  # files to be written; a library not taken
for _page, _code in blocks("python", RUN):
    SNIPPETS.setdefault(_page, []).append(_code)


@pytest.mark.parametrize("page", SNIPPETS)
def test_code_runs_as_printed(page, demo, monkeypatch):
    monkeypatch.delenv("HM_HOME", raising=False)
    monkeypatch.chdir(demo)
    names: dict[str, object] = {}  # blocks of a page go on where those before them ended, and nothing else is given
    for number, code in enumerate(SNIPPETS[page]):
        before = names.get("rows", 0)
        exec(compile(code, f"{page}, block {number}", "exec"), names)
        assert "rows +=" not in code or names["rows"] > before


FEAST_LINES = [(name, line) for name, text in blocks("") for line in text.splitlines() if line.startswith("feast ")]


@pytest.mark.filterwarnings("ignore:On demand feature view is an experimental feature:RuntimeWarning")
@pytest.mark.parametrize(("page", "line"), FEAST_LINES)
def test_lines_of_feast_run_as_printed(page, line, demo, monkeypatch, caplog):
    monkeypatch.setenv("HM_HOME", str(demo / "home-demo"))
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(feast, shlex.split(line, comments=True)[1:])
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert len(result.output.splitlines()) > 3
    assert [record.getMessage() for record in caplog.records] == []  # Feast logs what fails in monitoring, and goes on


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_settings_are_taken(page, text, tmp_path):
    settings = yaml.safe_load(text)
    if "transactions" in settings:
        ShopSchema.model_validate(settings)
        return
    whole = {"project": "shop", "provider": "local", "registry": str(tmp_path / "registry.db"), "entity_key_serialization_version": 3}
    RepoConfig(**whole | settings)
