"""What a small shop gives, kept as text, so that two commits can be held against each other.

    python -m tests.e2e.pins write FOLDER          # at the one commit
    python -m tests.e2e.pins describe FOLDER       # what is declared alone, over the home that is there
    python -m tests.e2e.pins compare FOLDER OTHER  # two such folders; every line that differs is printed

Moves and renames of code leave every line equal: bytes of tables and models, figures, help, ``--json``, contracts, Dagster's
assets and Feast's registry.  Times and fingerprints are left out.
"""

import argparse
import difflib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMANDS = (
    "simulate",
    "ingest",
    "run",
    "backfill",
    "evaluate",
    "submit",
    "recommend",
    "features",
    "audit",
    "drift",
    "bench",
    "ui",
    "export",
)
SERVING, LAST, BEFORE = "2020-09-23", "2020-09-16", "2020-09-09"
TIMED = re.compile(r"seconds|milliseconds|fingerprint|_s$|^out$|^version$")


def main() -> int:
    """Write or compare pins."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("write", "describe", "compare"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("other", type=Path, nargs="?")
    given = parser.parse_args()
    if given.what == "write":
        write(given.folder.absolute())
        return 0
    if given.what == "describe":
        describe(given.folder.absolute())
        return 0
    return compare(given.folder, given.other)


def write(folder: Path) -> None:
    """Run every command on a small shop and keep what came of it."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "pins").mkdir(parents=True)
    shop(folder)
    keep(folder, "home.txt", home(folder))
    describe(folder)


def describe(folder: Path) -> None:
    """Keep the help of every command, the steps, and what Dagster and Feast are given."""
    for command in ("", *COMMANDS):
        keep(folder, f"help-{command or 'hm'}.txt", hm(folder, *filter(None, [command]), "--help").stdout)
    for name, text in (("steps", registry()), ("dagster", dagster(folder)), ("feast", feast(folder))):
        keep(folder, f"{name}.txt", text)


def shop(folder: Path) -> None:
    """Make a shop's serving week, two weeks before it, and every report."""
    hm(folder, "simulate", folder / "raw", "--customers", 900, "--articles", 500, "--weeks", 40, "--seed", 3, "--images", "--ground-truth")
    keep(folder, "raw.txt", hashes(folder / "raw"))
    words: dict[str, tuple[Any, ...]] = {
        "ingest": ("ingest", folder / "raw"),
        "run": ("run", "--week", SERVING),
        "backfill": ("backfill", "--from", BEFORE, "--to", LAST),
        "current": ("run", "--week", SERVING),
        "evaluate": ("evaluate", "--from", BEFORE, "--to", LAST),
        "truth": ("evaluate", "--week", LAST, "--against-ground-truth", folder / "raw"),
        **{f"task-{name}": ("evaluate", "--analysis", name, "--week", LAST) for name in ("signals", "retrieval")},
        "task-leave-one-out": ("evaluate", "--analysis", "ablation", "--week", LAST),
        **{f"task-{name}": ("evaluate", "--relbench", name, "--week", LAST) for name in ("user-churn", "item-sales", "user-item-purchase")},
        "submit": ("submit", "--week", SERVING, "--out", folder / "submission.csv"),
        "recommend": ("recommend", first_customer(folder), "--week", SERVING),
        "audit": ("audit", "--week", LAST),
    }  # fmt: skip
    for name, call in words.items():
        found = hm(folder, *call, "--json")
        keep(folder, f"json-{name}.txt", without_times(found.stdout) + found.stderr if name == "audit" else without_times(found.stdout))
    keep(folder, "submission.txt", hashlib.sha256((folder / "submission.csv").read_bytes()).hexdigest())
    pairs = folder / "pairs.csv"
    rows = (folder / "submission.csv").read_text().splitlines()[1:40]
    pairs.write_text(
        "customer_id,article_id,week_id\n" + "".join(f"{row.split(',')[0]},{row.split(',')[1].split()[0]},105\n" for row in rows)
    )
    keep(
        folder,
        "json-features.txt",
        without_times(hm(folder, "features", "--pairs", pairs, "--out", folder / "features.csv", "--json").stdout),
    )
    keep(folder, "features.txt", (folder / "features.csv").read_text())


def hm(folder: Path, *words: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    places = {"HM_HOME": str(folder / "home"), "HM_TRIALS": "2", "HM_CANDIDATES": "40", "HM_SHARDS": "2", "COLUMNS": "140", "TERM": "dumb"}
    call = [sys.executable, "-m", "hm_pipeline.cli", *map(str, words)]
    return subprocess.run(call, env=os.environ | places, capture_output=True, text=True, check=False)


def keep(folder: Path, name: str, text: str) -> None:
    """Keep a text, without the folder it was made in."""
    (folder / "pins" / name).write_text(text.replace(str(folder), "FOLDER").rstrip() + "\n")


def first_customer(folder: Path) -> str:
    """Return the first id of the raw files."""
    return (folder / "raw" / "customers.csv").read_text().splitlines()[1].split(",")[0]


def without_times(text: str) -> str:
    """Return one line of JSON laid out, without what differs between two runs."""

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: clean(item) for key, item in value.items() if not TIMED.search(key)}
        return [clean(item) for item in value] if isinstance(value, list) else value

    try:
        return json.dumps(clean(json.loads(text)), indent=1)
    except ValueError:
        return text


def hashes(folder: Path) -> str:
    """Return a hash of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return "\n".join(f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}" for path in files)


def home(folder: Path) -> str:
    """Return what every partition and model of the home holds, and every other file's hash."""
    root, lines = folder / "home", []
    for path in sorted(root.rglob("manifest.json")):
        fields = json.loads(path.read_text())
        metrics = {name: value for name, value in fields["figures"].items() if not TIMED.search(name)}
        entries = [(item["file"], item["rows"], item["content"]) for item in fields["receipts"]]
        models = "" if entries else hashes_of_model(path.parent)
        audience = fields["audience"].split(":")[0]
        lines.append(f"{path.parent.relative_to(root)} {entries} {audience} {json.dumps(metrics)} {models}")
    return "\n".join(lines)


def hashes_of_model(folder: Path) -> str:
    """Return a hash of every file of a model; training times are left out."""
    found = []
    for path in sorted(item for item in folder.rglob("*") if item.is_file() and item.name != "manifest.json"):
        text = re.sub(rb'"(seconds|version)": ?"?[^,}"]*"?', b"", path.read_bytes())
        found.append(f"{path.relative_to(folder)} {hashlib.sha256(text).hexdigest()[:16]}")
    return " ".join(found)


def registry() -> str:
    """Return each step's reads and contract."""
    from hm_pipeline.assets import STEPS  # noqa: PLC0415 - the command line comes first

    lines = []
    for name, step in STEPS.items():
        columns = {} if step.schema is None else {key: (repr(kind), kind.description) for key, kind in step.schema.columns().items()}
        reads = [(read.name, read.first, read.last, read.of_audience) for read in step.reads]
        lines.append(
            f"{name} {step.kind} {step.group} sharded={step.is_sharded} every={step.every} warm_up={step.warm_up} model={step.model}"
        )
        lines += [f"   settings {step.settings} parameters {dict(step.parameters)}", f"   {step.description!r}"]
        lines += [f"   reads {read}" for read in reads] + [f"   {key} {kind}" for key, kind in columns.items()]
    return "\n".join(re.sub(r" at 0x[0-9a-f]+", "", line) for line in lines)


def dagster(folder: Path) -> str:
    """Return Dagster's assets with their metadata, checks, jobs, schedules and sensors."""
    code = """
import warnings; warnings.simplefilter("ignore")
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.base.settings import Settings
defs = build_defs(Settings.from_environment())
repo = defs.get_repository_def()
graph = defs.resolve_asset_graph()
for key, node in sorted((spec.key.to_user_string(), spec) for a in graph.assets_defs for spec in a.specs):
    print(key, node.group_name, sorted(dep.asset_key.to_user_string() for dep in node.deps), node.tags, repr(node.description))
    for name, value in sorted(node.metadata.items()):
        if "code_version" in name: continue
        print('   ', name, value)
for key in sorted(graph.asset_check_keys):
    print('check', key.asset_key.to_user_string(), key.name)
print([job.name for job in repo.get_all_jobs()], [s.name for s in repo.schedule_defs], [s.name for s in repo.sensor_defs])
"""
    found = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"HM_HOME": str(folder / "home")}, capture_output=True, text=True, check=False
    )
    return re.sub(r" at 0x[0-9a-f]+", "", found.stdout) + found.stderr[-2000:]


def feast(folder: Path) -> str:
    """Return what is registered with Feast, times and binary bodies apart."""
    code = """
from pathlib import Path; import os, json
import warnings; warnings.simplefilter("ignore")
from hm_pipeline.features.historical import open_store
store = open_store(Path(os.environ['HM_HOME']))
from google.protobuf.json_format import MessageToDict
kinds = ("entities", "feature_views", "on_demand_feature_views", "feature_services", "data_sources")
listed = {kind: sorted(getattr(store, f"list_{kind}")(), key=lambda item: item.name) for kind in kinds}
project = {kind: [MessageToDict(item.to_proto()) for item in items] for kind, items in listed.items()}
def clean(v):
    if isinstance(v, dict):
        return {k: clean(x) for k, x in v.items() if k not in ('meta', 'body', 'bodyText', 'featureTransformation', 'userDefinedFunction')}
    return [clean(x) for x in v] if isinstance(v, list) else v
print(json.dumps(clean(project), indent=1, default=str, sort_keys=True))
"""
    found = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"HM_HOME": str(folder / "home")}, capture_output=True, text=True, check=False
    )
    return found.stdout + found.stderr[-2000:]


def compare(folder: Path, other: Path) -> int:
    """Print every line that differs, and return whether any does."""
    names = sorted({path.name for place in (folder, other) for path in (place / "pins").iterdir()})
    differing = 0
    for name in names:
        texts = [(place / "pins" / name).read_text().splitlines() if (place / "pins" / name).exists() else [] for place in (folder, other)]
        lines = [
            line for line in difflib.unified_diff(*texts, "before", "after", lineterm="", n=0) if line[:3] not in ("---", "+++", "@@ ")
        ]
        lines = [line for line in lines if not line.startswith("@@")]
        differing += len(lines)
        print(f"{name}: {len(texts[0])} lines, {len(lines)} differ", *(line[:300] for line in lines[:40]), sep="\n   ")  # noqa: T201 - a command
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
