"""Compatibility of attributes in the simulated shop: no dresses for men, no bras of denim, no necklines on shoes."""

import numpy as np

from hm_pipeline.datasets.simulator import vocabulary as words

Array = np.ndarray
FABRICS = {  # places in the vocabulary, by garment group
    1002: (0, 4, 7), 1003: (1, 4), 1005: (0, 4, 5, 7), 1007: (3, 6, 7), 1008: (2, 6, 7), 1009: (0, 2, 3, 6, 7), 1010: (2, 5, 6, 7),
    1011: (0, 2, 3, 6), 1012: (2, 3, 5, 6, 7), 1013: (0, 2, 3, 4, 5, 6), 1017: (0, 4, 5), 1018: (4, 7), 1019: (1, 3, 5, 6, 7),
    1020: (3, 5, 6, 7), 1021: (0, 1, 4), 1025: (0, 2, 3, 6),
}  # fmt: skip
DETAILS = {  # places in the vocabulary, by product group; the other groups have none
    words.UPPER: (0, 1, 2, 7),
    words.LOWER: (3, 4, 5, 6),
    words.FULL: (0, 1, 2, 6, 7),
    words.UNDER: (4, 7),
    "Swimwear": (6, 7),
    "Nightwear": (0, 1, 2, 7),
}
INSTEAD = {  # of a part of the range: what it sells in place of types it has not
    "Menswear": {
        "Dress": "Shirt",
        "Blouse": "Shirt",
        "Skirt": "Trousers",
        "Leggings/Tights": "Trousers",
        "Bra": "Underwear bottom",
        "Bikini top": "Swimwear bottom",
        "Bodysuit": "T-shirt",
        "Jumpsuit/Playsuit": "Hoodie",
        "Earring": "Belt",
    },
    "Baby/Children": {"Bra": "Underwear bottom", "Blazer": "Jacket", "Bikini top": "Swimwear bottom"},
    "Sport": {"Blouse": "Top", "Blazer": "Jacket", "Boots": "Sneakers", "Sandals": "Sneakers", "Earring": "Bag", "Coat": "Jacket"},
}


def suitable_types(kind: Array, group: Array) -> Array:
    """Return the types with those replaced that a part of the range has not."""
    place = {one.name: number for number, one in enumerate(words.TYPES)}
    instead = np.tile(np.arange(len(words.TYPES)), (len(words.GROUPS), 1))
    for row, part in enumerate(words.GROUPS):
        for name, other in INSTEAD.get(part.name, {}).items():
            instead[row, place[name]] = place[other]
    return np.asarray(instead[group, kind])


def suitable_fabrics(fabric: Array, kind: Array) -> Array:
    """Return fabrics that a type is made of."""
    return _among([FABRICS[one.garment] for one in words.TYPES], fabric, kind)


def suitable_details(detail: Array, kind: Array) -> Array:
    """Return details that a type can have."""
    return _among([DETAILS.get(one.group, (0,)) for one in words.TYPES], detail, kind)


def has_details(kind: int) -> bool:
    """Return whether a type is cut in a fit and has details: shoes, socks and accessories are not."""
    return words.TYPES[kind].group in DETAILS


def _among(allowed: list[tuple[int, ...]], drawn: Array, kind: Array) -> Array:
    widest = max(map(len, allowed))
    table = np.array([(places * widest)[:widest] for places in allowed])
    sizes = np.array([len(places) for places in allowed])
    return np.asarray(table[kind, drawn % sizes[kind]])
