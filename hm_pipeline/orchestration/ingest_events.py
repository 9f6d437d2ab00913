"""Report of ingested partitions to Dagster as materialisations without a run, so that what was made from older ones shows as stale.

An ingest writes all weeks in one pass and runs without Dagster, which takes longer to import than many ingests to run.
"""

import json
from typing import TYPE_CHECKING, Any

from hm_pipeline.assets import STEPS
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.step import short_hash

if TYPE_CHECKING:
    from dagster import DagsterInstance

DATA_VERSION = "dagster/data_version"


def report_ingested(instance: "DagsterInstance", settings: Settings) -> int:
    """Report the ingested partitions that Dagster has not heard of in their present form; return how many there were."""
    import dagster as dg  # noqa: PLC0415 - as in the module's text

    home = Home(settings.home)
    memory = home.root / "dagster" / f"told-{short_hash(settings.postgres)}.json"
    known = json.loads(memory.read_text()) if memory.exists() else {}
    stored = _ingested(home)
    news = {name: manifest for name, manifest in stored.items() if known.get(name) != manifest.fingerprint}
    for name, manifest in news.items():
        table, _, week = name.partition(" ")
        facts: dict[str, Any] = {"rows": manifest.rows, "fingerprint": manifest.fingerprint}
        partition = home.calendar.key(int(week)) if week else None
        version = {DATA_VERSION: manifest.fingerprint}
        instance.report_runless_asset_event(dg.AssetMaterialization(table, partition=partition, metadata=facts, tags=version))
    if news:
        reported = {name: manifest.fingerprint for name, manifest in stored.items()}
        atomic_write(memory, lambda path: path.write_text(json.dumps(reported)))
    return len(news)


def ingested_digest(settings: Settings) -> str:
    """Return a digest of all that is ingested, by which new, late and replaced weeks are seen."""
    return short_hash(*(f"{name} {manifest.fingerprint}" for name, manifest in sorted(_ingested(Home(settings.home)).items())))


def _ingested(home: Home) -> dict[str, Manifest]:
    """Return the manifests of all ingested partitions, by table and week."""
    found: dict[str, Manifest] = {}
    if not (home.root / "calendar.json").exists():
        return found
    for step in (step for step in STEPS.values() if step.is_ingested):
        for week_id in home.calendar.weeks if step.is_weekly else (UNPARTITIONED,):
            manifest = Manifest.load(home.folder(step.name, None if week_id == UNPARTITIONED else week_id))
            if manifest:
                found[step.name if week_id == UNPARTITIONED else f"{step.name} {week_id}"] = manifest
    return found


def main() -> None:
    """Report to Dagster of the home that the environment names."""
    from hm_pipeline.orchestration.command_runs import report_commands  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.instance import dagster_instance  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    with dagster_instance(settings) as instance:
        report_commands(instance, settings)
        report_ingested(instance, settings)


if __name__ == "__main__":
    main()
