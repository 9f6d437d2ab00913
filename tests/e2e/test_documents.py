"""Snippets of the pages: commands and options exist, and code runs on a served home."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from feast.repo_config import RepoConfig
from typer.main import get_command

import hm_pipeline
from hm_pipeline.cli.app import app
from hm_pipeline.datasets.shop.schema import ShopSchema
from hm_pipeline.engine.home import Home
from hm_pipeline.features.historical import open_store
from hm_pipeline.orchestration.execute import materialize
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own

ROOT = Path(hm_pipeline.__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
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
def names(served):
    """What the snippets name and do not define: an application's customer, its store, its sources of pairs."""
    home, last = Home(served.home), last_week(served)
    materialize(served, [("online_store", last)], audiences={last: "everyone"})
    customer = home.dimension("customers").select("customer_hex").head(1).collect().item()
    article = f"{home.dimension('articles').select('article_id').head(1).collect().item():010}"
    candidates = home.folder("candidates", last)
    statement = f"SELECT customer_id, week_id, article_id, event_timestamp FROM '{next(candidates.glob('shard=*.parquet'))}'"
    store, batches = open_store(home.root), []
    known = {"store": store, "service": store.get_feature_service("ranking"), "statement": statement, "candidates": candidates}
    shown = {"customer": customer, "hex_id": customer, "article": article}
    return known | shown | {"home": home, "consume": batches.append, "batches": batches}


@pytest.mark.parametrize(("page", "code"), blocks("python", [page for page in PAGES if page.parent.name == "docs"]))
def test_code_runs(page, code, names, monkeypatch):
    monkeypatch.setenv("HM_HOME", str(names["home"].root))
    monkeypatch.chdir(names["home"].root.parent)
    exec(compile(code, page, "exec"), dict(names))
    if "consume" in code:
        assert sum(batch.num_rows for batch in names["batches"]) > 0
        names["batches"].clear()


@pytest.mark.parametrize(("page", "text"), blocks("yaml"))
def test_settings_are_taken(page, text, tmp_path):
    settings = yaml.safe_load(text)
    if "transactions" in settings:
        ShopSchema.model_validate(settings)
        return
    RepoConfig(project="shop", provider="local", registry=str(tmp_path / "registry.db"), entity_key_serialization_version=3, **settings)
