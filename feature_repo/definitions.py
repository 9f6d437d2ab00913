"""What `feast apply` registers: entities, views and services, generated from SIGNALS and STRATEGIES."""

from pathlib import Path

from hm_pipeline.features.feast_objects import build
from hm_pipeline.features.store import guard_repository
from hm_pipeline.features.tables import feature_tables

guard_repository(Path(__file__).parent)
_objects = build(feature_tables())
globals().update({f"{type(item).__name__}_{item.name}": item for item in _objects.all})
