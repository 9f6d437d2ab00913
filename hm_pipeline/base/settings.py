"""Settings, read once from the environment (``HM_*``).

Only places, sizes and the knobs of the search live here.  Parameters of a signal or a strategy are keyword
defaults of its functions, where their reason stands beside them.
"""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from hm_pipeline.base.columns import K
from hm_pipeline.base.errors import InvalidInput


class Settings(BaseModel):
    """Places, sizes and seeds.

    Every field ``name`` can be set by the environment variable ``HM_NAME``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(Path("home"), description="folder that holds everything that is written")
    customers_per_shard: int = Field(20_000, ge=1, description="size of a shard, used when shards is 0; fixed at ingest")
    shards: int = Field(0, ge=0, description="number of shards; 0 derives it from customers_per_shard; fixed at ingest")
    workers: int = Field(0, ge=0, description="processes that share the shards, 1 works in this one; 0 chooses by shards and cores")
    threads: int = Field(2, ge=1, description="threads of DuckDB and the boosters")
    memory: str = Field("4GB", description="memory limit given to DuckDB")
    seed: int = Field(0, ge=0, description="seed of everything random")
    candidates: int = Field(100, ge=K, description="candidates a customer keeps after the first stage")
    label_weeks: int = Field(0, ge=0, le=26, description="weeks the ensemble learns from, 3 or more; 0 chooses by the units sold in them")
    trials: int = Field(6, ge=1, description="FLAML trials per learner in one search")
    learners: tuple[str, ...] = Field(("lightgbm", "xgboost"), min_length=2, description="members of the ensemble")
    training_rows: int = Field(1_000_000, ge=1_000, description="most rows a learner is fitted on, negatives sampled")
    raw: Path | None = Field(None, description="folder of raw files that Dagster ingests, and its sensor watches")
    raw_every: int = Field(60, ge=1, description="seconds between two looks of the sensor at the raw files")
    blocking_checks: bool = Field(True, description="whether a failed blocking check stops a run; false makes it a warning")
    automate: bool = Field(default=False, description="whether Dagster starts with the sensor `new_weeks` turned on")
    late_after: int = Field(2, ge=1, description="days after which a week that was due is late")
    alert_webhook: SecretStr = Field(SecretStr(""), description="URL that alerts are posted to as JSON")
    alert_slack: SecretStr = Field(SecretStr(""), description="URL of a Slack incoming webhook that alerts are posted to")
    alert_email: str = Field("", description="addresses that alerts are mailed to, with commas between them")
    alert_smtp: SecretStr = Field(SecretStr(""), description="smtp[s]://[USER:PASSWORD@]HOST[:PORT] that mails are sent through")
    online_store: str = Field("", description="redis://HOST:PORT[/DB] that features are served from; SQLite in the home where empty")
    postgres: str = Field("", description="URL of a Postgres server for Dagster's runs and events; SQLite in the home where empty")

    @field_validator("label_weeks")
    @classmethod
    def _enough_for_all_roles(cls, weeks: int) -> int:
        if weeks in (1, 2):
            raise PydanticCustomError("too_few", "Input should be 0, or 3 at least: one week to fit, one to compare, one to blend")
        return weeks

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``HM_*`` variables; unset ones keep their default.

        Raises
        ------
        InvalidInput
            If a variable cannot be read as what it should be, or is not a setting.
        """
        values = {name: os.environ.get(f"HM_{name.upper()}", "") for name in cls.model_fields}
        given: dict[str, object] = {name: value for name, value in values.items() if value}  # set to nothing is not set
        unknown = sorted(name for name in os.environ if name.startswith("HM_") and name[3:].lower() not in cls.model_fields)
        if unknown:
            raise InvalidInput(f"there is no setting {unknown[0]}", where="environment", hint=f"unset it, or use one of {_names(cls)}")
        if "learners" in given:
            given["learners"] = tuple(str(given["learners"]).replace(",", " ").split())
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"HM_{str(first['loc'][0]).upper()}"
            raise InvalidInput(
                f"{first['msg']}, got {first['input']!r}", where=name, hint=f"unset {name} or give it a proper value"
            ) from error


def _names(settings: type[Settings]) -> str:
    return ", ".join(f"HM_{name.upper()}" for name in settings.model_fields)
