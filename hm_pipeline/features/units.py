"""Unit of a feature: that of its contract, else that of its name's ending or beginning."""

import dataframely as dy

CURRENCY = "price, in the unit of the raw files"
ENDINGS = {
    "_share": "share, 0 to 1",
    "_prob": "probability, 0 to 1",
    "_propensity": "probability, 0 to 1",
    "_need": "probability, 0 to 1",
    "_count": "count",
    "_units": "articles sold",
    "_days": "days",
    "_weeks": "weeks",
    "_rank": "rank, 1 is best",
    "_score": "score, larger is better",
    "_ratio": "ratio, 1 is even",
    "_growth": "ratio, 1 is even",
    "_gap": "years",
    "_age": "years",
    "_price": CURRENCY,
    "_value": CURRENCY,
    "_no": "code",
    "_code": "code",
}
NAMES = {
    "age": "years",
    "activity": "articles bought, halved every 30 days",
    "availability": "probability, 0 to 1",
    **dict.fromkeys(
        ("habit", "habit_7", "habit_30", "habit_365", "habit_product", "habit_type_30", "habit_type_365"), "articles bought, decayed"
    ),
    "habit_in_last": "1 is yes, 0 is no",
    "momentum": "ratio, 1 is even",
    "seasonality": "ratio, 1 is even",
    "style_similarity": "cosine, -1 to 1",
    "style_collaborative": "cosine, -1 to 1",
    "style_text": "cosine, -1 to 1",
    **dict.fromkeys(
        ("style_type", "style_department", "style_section", "style_colour", "style_pattern"), "logarithm of a ratio, 0 is average"
    ),
}


def unit_of(name: str, column: dy.Column) -> str:
    """Return the unit of a feature, nothing where there is none.

    Parameters
    ----------
    column
        Its contract; ``metadata={"unit": ...}`` goes before the name.

    Examples
    --------
    >>> unit_of("momentum_online_share", dy.Float32()), unit_of("warmth", dy.Float32(metadata={"unit": "degrees"}))
    ('share, 0 to 1', 'degrees')
    """
    declared = (column.metadata or {}).get("unit") or NAMES.get(name)
    if declared is None and isinstance(column, dy.Bool):
        return "yes or no"
    return declared or next((unit for ending, unit in ENDINGS.items() if name.endswith(ending)), "")
