"""Result of an audit: a row per feature and per model, plain data."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

UNCHANGED = "the same"
MODEL = "(model)"


class FeatureResult(BaseModel):
    """One feature, or the files of a model.

    Parameters
    ----------
    known_at
        When the last day of purchases was over that it can have read, or its latest stamp, whichever is later; nothing for
        what bears no date.
    reason
        ``the same``, or what is wrong with it.
    auc
        How well it orders the labelled pairs by itself; nothing where there are no labels.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    feature: str
    view: str
    known_at: datetime | None
    cutoff: datetime
    reason: str = Field(validation_alias="verdict", serialization_alias="verdict")
    passed: bool
    auc: float | None = None


class Audit(BaseModel):
    """A week's audit.

    Parameters
    ----------
    customers, audience
        Customers whose rows were computed again, of all of the week's audience.
    kind
        Whether the audience is the week's buyers or everyone.
    bought
        Bought pairs that the features were held against.
    """

    week: str
    cutoff: datetime
    customers: int
    audience: int
    kind: str
    bought: int
    rows: list[FeatureResult]

    @property
    def failed(self) -> list[FeatureResult]:
        """Rows that did not pass."""
        return [row for row in self.rows if not row.passed]
