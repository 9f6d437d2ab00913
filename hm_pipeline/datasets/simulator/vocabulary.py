"""Words and numbers of the simulated shop: clothing types, ranges and texts, named as Kaggle names them."""

from typing import NamedTuple


class ClothingType(NamedTuple):
    """A product type: how much of the range it is, when it sells, how often it is needed, and what it costs in euros."""

    number: int
    name: str
    group: str
    garment: int
    share: float
    peak_week: int  # week of the year, counted from 19 September, in which it sells best
    season: float  # how much better, as a power of e
    rhythm: int  # weeks after which one more is needed
    euros: float


class IndexGroup(NamedTuple):
    """A part of the range: how much of it, its share of the sales, who buys it (age and its spread) and the indexes in it."""

    number: int
    name: str
    share: float
    sold: float
    age: float
    spread: float
    indexes: tuple[tuple[str, str], ...]
    sections: tuple[str, ...]


UPPER, LOWER, FULL, UNDER = "Garment Upper body", "Garment Lower body", "Garment Full body", "Underwear"
TYPES = (
    ClothingType(272, "Trousers", LOWER, 1009, 14.0, 4, 0.3, 9, 24.99),
    ClothingType(265, "Dress", FULL, 1013, 8.2, 38, 0.8, 10, 22.99),
    ClothingType(252, "Sweater", UPPER, 1003, 8.2, 6, 1.0, 8, 19.99),
    ClothingType(255, "T-shirt", UPPER, 1002, 6.8, 36, 0.5, 7, 9.99),
    ClothingType(254, "Top", UPPER, 1005, 5.4, 34, 0.4, 7, 9.99),
    ClothingType(258, "Blouse", UPPER, 1010, 4.5, 30, 0.2, 9, 17.99),
    ClothingType(253, "Vest top", UPPER, 1002, 3.5, 40, 0.8, 7, 6.99),
    ClothingType(262, "Jacket", UPPER, 1007, 3.5, 2, 0.8, 20, 34.99),
    ClothingType(274, "Shorts", LOWER, 1025, 3.5, 40, 1.4, 10, 14.99),
    ClothingType(259, "Shirt", UPPER, 1011, 3.0, 32, 0.2, 10, 19.99),
    ClothingType(286, "Underwear bottom", UNDER, 1017, 3.5, 20, 0.1, 6, 5.99),
    ClothingType(275, "Skirt", LOWER, 1012, 3.0, 34, 0.4, 11, 16.99),
    ClothingType(308, "Hoodie", UPPER, 1005, 2.5, 8, 0.6, 11, 22.99),
    ClothingType(306, "Bra", UNDER, 1017, 3.0, 20, 0.1, 10, 14.99),
    ClothingType(302, "Socks", "Socks & Tights", 1021, 2.0, 12, 0.4, 6, 3.99),
    ClothingType(273, "Leggings/Tights", LOWER, 1002, 2.5, 8, 0.3, 8, 12.99),
    ClothingType(94, "Sneakers", "Shoes", 1020, 1.5, 28, 0.2, 18, 24.99),
    ClothingType(245, "Cardigan", UPPER, 1003, 2.0, 3, 0.7, 11, 19.99),
    ClothingType(75, "Hat/beanie", "Accessories", 1019, 1.2, 9, 1.2, 20, 7.99),
    ClothingType(298, "Bikini top", "Swimwear", 1018, 1.5, 39, 1.8, 14, 12.99),
    ClothingType(59, "Swimwear bottom", "Swimwear", 1018, 1.5, 39, 1.8, 14, 9.99),
    ClothingType(66, "Bag", "Accessories", 1019, 1.2, 14, 0.2, 20, 17.99),
    ClothingType(70, "Earring", "Accessories", 1019, 1.2, 13, 0.2, 10, 3.99),
    ClothingType(267, "Jumpsuit/Playsuit", FULL, 1013, 1.3, 37, 0.7, 18, 24.99),
    ClothingType(297, "Pyjama set", "Nightwear", 1017, 1.2, 12, 0.6, 16, 17.99),
    ClothingType(264, "Blazer", UPPER, 1008, 1.5, 1, 0.4, 20, 34.99),
    ClothingType(87, "Boots", "Shoes", 1020, 1.0, 4, 1.2, 26, 39.99),
    ClothingType(80, "Scarf", "Accessories", 1019, 0.8, 8, 1.2, 22, 9.99),
    ClothingType(256, "Bodysuit", UPPER, 1002, 1.0, 18, 0.1, 9, 12.99),
    ClothingType(91, "Sandals", "Shoes", 1020, 1.0, 37, 1.4, 20, 19.99),
    ClothingType(263, "Coat", UPPER, 1007, 1.0, 6, 1.4, 30, 54.99),
    ClothingType(67, "Belt", "Accessories", 1019, 0.6, 16, 0.1, 24, 9.99),
)
GARMENTS = {
    1002: "Jersey Basic",
    1003: "Knitwear",
    1005: "Jersey Fancy",
    1007: "Outdoor",
    1008: "Dressed",
    1009: "Trousers",
    1010: "Blouses",
    1011: "Shirts",
    1012: "Skirts",
    1013: "Dresses Ladies",
    1017: "Under-, Nightwear",
    1018: "Swimwear",
    1019: "Accessories",
    1020: "Shoes",
    1021: "Socks and Tights",
    1025: "Shorts",
}
GROUPS = (
    IndexGroup(
        1,
        "Ladieswear",
        0.42,
        0.624,
        44.0,
        22.0,
        (("A", "Ladieswear"), ("B", "Lingeries/Tights"), ("C", "Ladies Accessories")),
        ("Womens Everyday Collection", "Womens Everyday Basics", "Womens Tailoring", "Womens Trend", "Womens Casual", "Mama"),
    ),
    IndexGroup(
        2,
        "Divided",
        0.18,
        0.23,
        22.0,
        8.0,
        (("D", "Divided"),),
        ("Divided Collection", "Divided Basics", "Divided Selected", "Ladies Denim"),
    ),
    IndexGroup(
        3,
        "Menswear",
        0.14,
        0.066,
        34.0,
        18.0,
        (("F", "Menswear"),),
        ("Contemporary Casual", "Contemporary Smart", "Men Underwear", "Denim Men"),
    ),
    IndexGroup(
        4,
        "Baby/Children",
        0.20,
        0.04,
        36.0,
        7.0,
        (("G", "Baby Sizes 50-98"), ("H", "Children Sizes 92-140"), ("I", "Children Sizes 134-170")),
        ("Baby Essentials & Complements", "Kids Girl", "Kids Boy", "Young Girl"),
    ),
    IndexGroup(26, "Sport", 0.06, 0.04, 31.0, 14.0, (("S", "Sport"),), ("Ladies H&M Sport", "Men H&M Sport")),
)
FABRICS = (
    "soft cotton jersey",
    "a fine knit",
    "an airy viscose weave",
    "washed denim",
    "ribbed jersey",
    "satin",
    "a linen blend",
    "recycled polyester",
)
FITS = ("a relaxed fit", "a slim fit", "a straight, boxy shape", "an oversized shape", "a fitted waist")
DETAILS = (
    "a round neckline",
    "a V-neck",
    "buttons down the front",
    "side pockets",
    "an elasticated waist",
    "a concealed zip",
    "a tie belt",
    "a frill trim",
)
NAMES = (
    "Alma",
    "Bella",
    "Cirrus",
    "Dahlia",
    "Ester",
    "Fenja",
    "Gyda",
    "Hilma",
    "Iben",
    "Juno",
    "Karma",
    "Luna",
    "Mira",
    "Nova",
    "Opal",
    "Prim",
    "Rio",
    "Saga",
    "Tove",
    "Vilda",
)
