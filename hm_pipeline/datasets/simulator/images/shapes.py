"""Silhouettes of the clothing types, by name."""

from collections.abc import Callable
from functools import lru_cache

from hm_pipeline.datasets.simulator.images import extras, full, lower, upper
from hm_pipeline.datasets.simulator.images.drawing import Cut, Drawing, Pen

Silhouette = Callable[[Pen, Cut], None]
OF_TYPE: dict[str, Silhouette] = {
    "Trousers": lower.trousers,
    "Dress": full.dress,
    "Sweater": upper.sweater,
    "T-shirt": upper.t_shirt,
    "Top": upper.top,
    "Blouse": upper.blouse,
    "Vest top": upper.vest_top,
    "Jacket": upper.jacket,
    "Shorts": lower.shorts,
    "Shirt": upper.shirt,
    "Underwear bottom": lower.underwear_bottom,
    "Skirt": lower.skirt,
    "Hoodie": upper.hoodie,
    "Bra": lower.bra,
    "Socks": lower.socks,
    "Leggings/Tights": lower.leggings,
    "Sneakers": extras.sneakers,
    "Cardigan": upper.cardigan,
    "Hat/beanie": extras.hat,
    "Bikini top": lower.bikini_top,
    "Swimwear bottom": lower.swimwear_bottom,
    "Bag": extras.bag,
    "Earring": extras.earring,
    "Jumpsuit/Playsuit": full.jumpsuit,
    "Pyjama set": full.pyjama_set,
    "Blazer": full.blazer,
    "Boots": extras.boots,
    "Scarf": extras.scarf,
    "Bodysuit": full.bodysuit,
    "Sandals": extras.sandals,
    "Coat": full.coat,
    "Belt": extras.belt,
}


@lru_cache(maxsize=8192)  # types, fits, details and lengths: each is drawn once
def draw(name: str, cut: Cut) -> Drawing:
    """Return the drawing of a type in a cut.

    Raises
    ------
    KeyError
        If the type has no silhouette.
    """
    pen = Pen()
    OF_TYPE[name](pen, cut)
    return pen.done()
