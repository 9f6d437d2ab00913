"""The recipes of CONTRIBUTING.md, done as it says in a copy of the package: one file and one line each."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hm_pipeline

ROOT = Path(hm_pipeline.__file__).parents[1]
SHOP = """
import json, sys
from pathlib import Path
from hm_pipeline.assets import STEPS
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.features.tables import column_sources, feature_tables
from hm_pipeline.orchestration.asset_factory import build_graph
from hm_pipeline.orchestration.check_results import find
from hm_pipeline.orchestration.table_checks import checks_of
from hm_pipeline.engine.presentation import newest
from hm_pipeline.orchestration.descriptions import asset_table
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.previews import previews
from tests.laws.test_every_signal import NAMES

root = Path(sys.argv[1])
simulate(root / "raw", customers=300, articles=300, weeks=12, seed=1)
settings = Settings(home=root / "home")
ingest(root / "raw", settings.home, settings=settings)
graph = build_graph(dict(STEPS), settings)
week = graph.calendar.last_week
materialize(settings, [("signal/weekend", week), ("candidates", week)])
step, stored = STEPS["signal/weekend"], newest(graph, STEPS["signal/weekend"])
print(json.dumps({
    "services": {table.name: table.services for table in feature_tables()},
    "pictures": {title: picture[:4].hex() for title, picture in previews(graph, step, week).items()},
    "checks": {check.name: find(check, stored).passed for check in checks_of(step)},
    "shares": stored.table.select("weekend").collect()["weekend"].to_list(),
    "unit": step.unit, "page": asset_table(STEPS), "laws": NAMES, "columns": list(column_sources()),
    "arrivals": newest(graph, STEPS["candidates"]).table.select("new_arrivals_rank").collect()["new_arrivals_rank"].drop_nulls().to_list(),
}))
"""


def snippet(file: str) -> str:
    """Return the module that CONTRIBUTING.md writes to a file."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (found,) = re.findall(rf"Write `{re.escape(file)}`:\n\n```python\n(.*?)```\n", page, re.DOTALL)
    return str(found)


def add(copy: Path, file: str, registry: str, entry: str) -> None:
    """Write a module of CONTRIBUTING.md, and its import and its line in the registry."""
    (copy / file).write_text(snippet(file), encoding="utf-8")
    package, module = copy / Path(file).parent / "__init__.py", Path(file).stem
    text = package.read_text(encoding="utf-8")
    assert text.count(registry) == 1
    room = str(Path(file).parent).replace("/", ".")
    text = text.replace(f"from {room} import (\n", f"from {room} import (\n    {module},\n")
    package.write_text(text.replace(registry, f"{registry}    {module}.{entry},\n"), encoding="utf-8")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("extended")
    for name in ("hm_pipeline", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    add(copy, "hm_pipeline/recommender/signals/weekend.py", "    momentum.SIGNAL,\n", "SIGNAL")
    add(copy, "hm_pipeline/recommender/candidates/new_arrivals.py", "    launches.STRATEGY,\n", "STRATEGY")
    return copy


def run(copy: Path, *command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], cwd=copy, env={"PYTHONPATH": str(copy)}, text=True, capture_output=True, check=False)


def test_a_signal_and_a_strategy_are_one_file_and_one_line(extended, tmp_path):
    done = run(extended, sys.executable, "-W", "ignore", "-c", SHOP, tmp_path)
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["services"]["weekend"] == ["ranking", "signals"]
    assert found["pictures"] == {"weekend shares": "89504e47"}  # a PNG
    assert found["checks"] == dict.fromkeys(("contract", "rows", "current", "unique", "timestamps", "ttl"), True)
    assert max(found["shares"]) > min(found["shares"])
    assert found["unit"] == "a share, 0 to 1"
    assert "signal/weekend" in found["page"]
    assert "Clothes for going out" in found["page"]
    assert "signal/weekend" in found["laws"]
    assert {"weekend", "new_arrivals_rank", "new_arrivals_score"} <= set(found["columns"])
    assert set(found["arrivals"]) > {1, 2, 3}


def test_a_helper_of_signals_needs_no_other_line(extended):
    helper_file = extended / "hm_pipeline/recommender/signals/_lib/weekdays.py"
    helper_file.write_text('"""Days of the week."""\n\nSATURDAY = 6\n', encoding="utf-8")
    module = extended / "hm_pipeline/recommender/signals/weekend.py"
    source = module.read_text(encoding="utf-8")
    helper = "from hm_pipeline.recommender.signals._lib.weekdays import SATURDAY\n"
    module.write_text(source.replace("\n\nWEEKS =", f"\n{helper}\nWEEKS ="), encoding="utf-8")
    linter = Path(sys.executable).with_name("lint-imports")
    assert run(extended, linter, "--no-cache").returncode == 0
    other = source.replace("\n\nWEEKS =", "\nfrom hm_pipeline.recommender.signals import momentum\n\nWEEKS =")
    module.write_text(other, encoding="utf-8")
    refused = run(extended, linter, "--no-cache")
    assert refused.returncode == 1
    assert "Signals import no other signal BROKEN" in refused.stdout
    module.write_text(source, encoding="utf-8")
