"""Feast, first class: views generated from the registries, retrieval by key, and an offline store that scales.

The only package that imports feast, and only when a function that needs it is called: the import takes seconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    Frame = TypeVar("Frame", pl.DataFrame, pd.DataFrame)


def pull(pairs: "Frame", *, home: str | Path | None = None, service: str = "ranking", features: Sequence[str] = ()) -> "Frame":
    """Return the features of pairs through Feast, as of their weeks' cutoffs: one row per pair, in the given order.

    Parameters
    ----------
    pairs
        ``customer_id`` (64 hex digits, or the integer used inside), ``article_id``, and ``week_id`` or ``week``, its first
        day.  Other columns stay.
    home
        Home of the data, that of ``HM_HOME`` where not given.
    service
        Feast service that names the features: ``ranking`` or ``signals``.
    features
        Those of them that are wanted; all where not given.

    Returns
    -------
    polars.DataFrame or pandas.DataFrame
        As the pairs came: their columns, ``is_candidate``, the features.  A pair that is no candidate has the features of
        its customer and of its article, and nulls for the rest.

    Raises
    ------
    HMError
        If a column, id, service, feature or week is not there.
    """
    import polars as pl  # noqa: PLC0415 - the package stays light for who needs its contracts only

    from hm_pipeline.base.settings import Settings  # noqa: PLC0415 - as above
    from hm_pipeline.features.pairs import features_of_pairs  # noqa: PLC0415 - as above

    settings = Settings.from_environment()
    settings = settings if home is None else settings.model_copy(update={"home": Path(home)})
    found = features_of_pairs(pairs, settings, service=service, features=features)
    if isinstance(pairs, pl.DataFrame):
        return pl.concat([pairs, found], how="horizontal")
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.concat([pairs, found.to_pandas().set_axis(pairs.index)], axis=1)
