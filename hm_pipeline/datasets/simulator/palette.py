"""Colours and patterns of the simulated shop, named as Kaggle names them."""

from typing import NamedTuple


class Colour(NamedTuple):
    """A colour with its lightness and family."""

    code: int
    name: str
    value: int
    master: int
    share: float


COLOURS = (
    Colour(9, "Black", 4, 5, 24.0),
    Colour(73, "Dark Blue", 4, 2, 11.0),
    Colour(10, "White", 3, 9, 10.0),
    Colour(51, "Light Pink", 1, 4, 6.0),
    Colour(7, "Grey", 2, 12, 5.0),
    Colour(12, "Light Beige", 1, 11, 5.0),
    Colour(72, "Blue", 2, 2, 4.5),
    Colour(42, "Red", 5, 18, 3.5),
    Colour(71, "Light Blue", 1, 2, 4.0),
    Colour(19, "Greenish Khaki", 2, 20, 3.5),
    Colour(8, "Dark Grey", 4, 12, 3.0),
    Colour(11, "Off White", 1, 9, 3.0),
    Colour(13, "Beige", 2, 11, 3.0),
    Colour(43, "Dark Red", 4, 18, 2.5),
    Colour(93, "Dark Green", 4, 19, 2.5),
    Colour(52, "Pink", 2, 4, 2.0),
    Colour(32, "Yellow", 5, 8, 2.0),
    Colour(17, "Yellowish Brown", 2, 15, 1.5),
    Colour(5, "Gold", 1, 14, 1.0),
    Colour(61, "Lilac", 1, 6, 1.0),
)
VALUES = {1: "Dusty Light", 2: "Medium Dusty", 3: "Light", 4: "Dark", 5: "Bright"}
MASTERS = {
    2: "Blue",
    4: "Pink",
    5: "Black",
    6: "Lilac Purple",
    8: "Yellow",
    9: "White",
    11: "Beige",
    12: "Grey",
    14: "Metal",
    15: "Brown",
    18: "Red",
    19: "Green",
    20: "Khaki green",
}
PATTERNS = (
    (1010016, "Solid", 0.56),
    (1010001, "All over pattern", 0.18),
    (1010010, "Melange", 0.07),
    (1010017, "Stripe", 0.07),
    (1010023, "Denim", 0.06),
    (1010004, "Check", 0.03),
    (1010006, "Dot", 0.03),
)
