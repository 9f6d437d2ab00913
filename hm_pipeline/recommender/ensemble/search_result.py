"""Result of a search, as JSON; apart from the search itself, so that fitting and scoring do not import flaml."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.files import atomic_write


@dataclass(frozen=True)
class Trial:
    """One setting that was tried, and its MAP@12 on the metric week."""

    params: dict[str, float]
    map_at_12: float


@dataclass(frozen=True)
class LearnerResult:
    """Result of the search for one learner.

    Parameters
    ----------
    params
        Best setting, in the booster's own names.
    map_at_12
        Its MAP@12 on the metric week.
    trials
        All that was tried, in order; the first is the starting point.
    """

    params: dict[str, float]
    map_at_12: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class SearchResult:
    """Settings of all learners.

    Parameters
    ----------
    learners
        By learner, in the order they were asked for.
    features
        Columns the settings were found with.
    rows, buyers, hits
        Rows fitted on; buyers evaluated by, and how many of their purchases were among the candidates.  Without hits
        nothing could be compared, and the settings are the starting points.
    """

    learners: dict[str, LearnerResult]
    features: tuple[str, ...]
    seed: int
    rows: int
    buyers: int
    hits: int

    def save(self, path: Path) -> None:
        """Write the result as JSON."""
        atomic_write(path, lambda aside: aside.write_text(json.dumps(asdict(self), indent=1) + "\n"))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a result that :meth:`save` wrote."""
        if not path.exists():
            raise MissingInput("no search result", where=str(path), hint="materialise `search` first")
        fields = json.loads(path.read_text())
        learners = {
            name: LearnerResult(found["params"], found["map_at_12"], tuple(Trial(**trial) for trial in found["trials"]))
            for name, found in fields.pop("learners").items()
        }
        return cls(learners=learners, **{**fields, "features": tuple(fields["features"])})
