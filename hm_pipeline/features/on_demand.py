"""Features that depend on the request: what the article on a customer's screen is to that customer.

Feast registers the source of :func:`seen_article` and runs it alone, so it must not use anything outside itself.
"""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feast import FeatureView, OnDemandFeatureView

SOURCES = ("rankings", "needs", "activity")
ASKED = {
    "seen_article_id": ("Int64", "article on the screen"),
    "seen_type_no": ("Int64", "its clothing type"),
    "seen_price": ("Float64", "its price, in the unit of the raw files"),
}
ANSWERED = {
    "seen_rank": ("Int64", "place of the article in the customer's list, 1 is best; null if it is not in it"),
    "seen_type_prob": ("Float64", "probability that the customer buys its type, if anything is bought; null if not among the most needed"),
    "seen_price_ratio": ("Float64", "its price over the mean price the customer has paid; null if nothing was bought"),
}


def seen_article(inputs: dict[str, Any]) -> dict[str, Any]:
    """Place the seen articles in the customers' lists, needs and prices."""

    def place(values: Any, value: Any) -> int | None:
        listed = [] if values is None else list(values)
        return listed.index(value) if value in listed else None

    ranks = [place(*pair) for pair in zip(inputs["ranking_articles"], inputs["seen_article_id"], strict=True)]
    types = [place(*pair) for pair in zip(inputs["needed_types"], inputs["seen_type_no"], strict=True)]
    paid = zip(inputs["seen_price"], inputs["activity_price"], strict=True)
    return {
        "seen_rank": [None if rank is None else rank + 1 for rank in ranks],
        "seen_type_prob": [None if at is None else probs[at] for at, probs in zip(types, inputs["needed_type_probs"], strict=True)],
        "seen_price_ratio": [price / mean if price is not None and mean else None for price, mean in paid],
    }


def on_demand_views(views: "Mapping[str, FeatureView]", owner: str) -> "tuple[OnDemandFeatureView, ...]":
    """Return the on-demand views whose sources are among the views."""
    from feast import Field, OnDemandFeatureView, RequestSource, types  # noqa: PLC0415 - feast takes seconds to import

    if not set(SOURCES) <= views.keys():
        return ()
    asked = [Field(name=name, dtype=getattr(types, dtype), description=text) for name, (dtype, text) in ASKED.items()]
    request = RequestSource(name="seen", schema=asked, description="The article on the screen.", owner=owner)
    # Feast keeps no description of an on-demand view's fields, so they are part of the view's own.
    meanings = "; ".join(f"{name}: {text}" for name, (_, text) in ANSWERED.items())
    view = OnDemandFeatureView(
        name="seen_article",
        sources=[request, *(views[name] for name in SOURCES)],
        schema=[Field(name=name, dtype=getattr(types, dtype)) for name, (dtype, _) in ANSWERED.items()],
        mode="python",
        udf=seen_article,
        udf_string=inspect.getsource(seen_article),
        description=f"What the article on a customer's screen is to that customer. {meanings}.",
        owner=owner,
    )
    return (view,)
