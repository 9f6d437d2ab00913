"""Paths are taken as text, too: by whatever a snippet of the pages calls, and by the other entry points."""

import ast
import inspect
import json
import re
from importlib import import_module
from pathlib import Path

import pytest

import hm_pipeline
from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.examples import write_complete_journey
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.shop.draft import draft
from hm_pipeline.datasets.shop.layout import layout_of
from hm_pipeline.datasets.shop.schema import ShopSchema
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.shop_ids import ShopIds
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.store import config

ROOT = Path(hm_pipeline.__file__).parents[1]
ENTRIES = [
    ingest,
    simulate,
    draft,
    layout_of,
    write_complete_journey,
    ShopSchema.load,
    Home,
    ShopIds.load,
    Calendar.load,
    open_store,
    config,
]


def snippets():
    """Return the Python code of all pages and notebooks."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "hm_pipeline").rglob("*.md")]
    found = [code for page in pages for code in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)]
    for page in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(page.read_text())["cells"]
        found += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return found


def shown():
    """Return the functions and classes that snippets import from the package."""
    imports = [node for code in snippets() for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    ours = {(node.module, name.name) for node in imports if node.module.startswith("hm_pipeline") for name in node.names}
    return [getattr(import_module(module), name) for module, name in sorted(ours)]


@pytest.mark.parametrize("entry", [*ENTRIES, *(entry for entry in shown() if callable(entry))], ids=lambda entry: entry.__qualname__)
def test_a_parameter_that_is_a_path_may_be_a_text(entry):
    annotations = {name: str(parameter.annotation) for name, parameter in inspect.signature(entry).parameters.items()}
    paths = {name: written for name, written in annotations.items() if re.search(r"\bPath\b", written)}
    assert [name for name, written in paths.items() if not re.search(r"\bstr\b", written)] == []


def test_a_shop_from_its_files_to_its_store_by_texts(tmp_path):
    raw, home, schema = str(tmp_path / "raw"), str(tmp_path / "home"), tmp_path / "shop.yaml"
    simulate(raw, customers=60, articles=40, weeks=10)
    assert "transactions" in draft(raw).text
    ingest(raw, home, settings=Settings(home=home), layout=layout_of(home))
    assert Home(home).dimension("customers").collect().height == 60
    assert Calendar.load(f"{home}/calendar.json") == Home(home).calendar
    assert ShopIds.load(home) == ShopIds.load(Path(home))
    assert config(home).registry.path == f"{home}/feast/registry.db"
    assert open_store(home).list_feature_views() == []
    schema.write_text("transactions:\n  file: x.csv\n")
    for path in (schema, str(schema)):
        with pytest.raises(InvalidInput, match=re.escape(str(schema))):
            ShopSchema.load(path)
