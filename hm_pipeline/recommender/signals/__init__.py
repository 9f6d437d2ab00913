"""Need, season, style and availability, with what supports them: one file a signal."""

from hm_pipeline.recommender.signals import (
    activity,
    availability,
    habit,
    momentum,
    need_propensity,
    seasonality,
    style_similarity,
    type_need,
    visit_propensity,
)
from hm_pipeline.recommender.signals._lib.signal import Signal

# The order is the order of the ensemble's columns.  Article signals come first: candidates may read them.
SIGNALS: tuple[Signal, ...] = (
    seasonality.SIGNAL,
    availability.SIGNAL,
    momentum.SIGNAL,
    activity.SIGNAL,
    visit_propensity.SIGNAL,
    type_need.SIGNAL,
    need_propensity.SIGNAL,
    habit.SIGNAL,
    style_similarity.SIGNAL,
)
