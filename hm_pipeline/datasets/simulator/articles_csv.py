"""Writer of the simulated catalogue as articles.csv, all 25 columns, with texts made of the attributes."""

import numpy as np
import polars as pl

from hm_pipeline.base.contracts import RAW_ARTICLES
from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.catalogue import Array, Catalogue
from hm_pipeline.datasets.simulator.compatibility import has_details

COLUMNS = (  # in Kaggle's order
    "article_id",
    "product_code",
    "prod_name",
    "product_type_no",
    "product_type_name",
    *(name for name in RAW_ARTICLES.optional if name != "prod_name"),
)


def articles_table(shop: Catalogue) -> pl.DataFrame:
    """Return the catalogue in Kaggle's columns, sorted by article."""
    columns = {**_product_columns(shop), **_colour_columns(shop), **_range_columns(shop), "detail_desc": _descriptions(shop)}
    return pl.DataFrame({"article_id": shop.article_id, "product_code": 100_000 + shop.product, **columns}).select(COLUMNS)


def _named(names: list[str], at: Array) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(at)


def _product_columns(shop: Catalogue) -> dict[str, object]:
    kinds = words.TYPES
    names = [
        f"{words.NAMES[product * 7 % len(words.NAMES)]} {kinds[kind].name.lower()}"
        for product, kind in zip(shop.product.tolist(), shop.kind.tolist(), strict=True)
    ]
    return {
        "prod_name": names,
        "product_type_no": np.array([kind.number for kind in kinds])[shop.kind],
        "product_type_name": _named([kind.name for kind in kinds], shop.kind),
        "product_group_name": _named([kind.group for kind in kinds], shop.kind),
        "garment_group_no": np.array([kind.garment for kind in kinds])[shop.kind],
        "garment_group_name": _named([words.GARMENTS[kind.garment] for kind in kinds], shop.kind),
        "graphical_appearance_no": np.array([number for number, _, _ in palette.PATTERNS])[shop.pattern],
        "graphical_appearance_name": _named([name for _, name, _ in palette.PATTERNS], shop.pattern),
    }


def _colour_columns(shop: Catalogue) -> dict[str, object]:
    colours = palette.COLOURS
    return {
        "colour_group_code": _named([f"{colour.code:02d}" for colour in colours], shop.colour),
        "colour_group_name": _named([colour.name for colour in colours], shop.colour),
        "perceived_colour_value_id": np.array([colour.value for colour in colours])[shop.colour],
        "perceived_colour_value_name": _named([palette.VALUES[colour.value] for colour in colours], shop.colour),
        "perceived_colour_master_id": np.array([colour.master for colour in colours])[shop.colour],
        "perceived_colour_master_name": _named([palette.MASTERS[colour.master] for colour in colours], shop.colour),
    }


def _range_columns(shop: Catalogue) -> dict[str, object]:
    indexes = [(code, name) for group in words.GROUPS for code, name in group.indexes]
    sections = [name for group in words.GROUPS for name in group.sections]
    garment = np.array([list(words.GARMENTS).index(kind.garment) for kind in words.TYPES])[shop.kind]
    index = _within([len(group.indexes) for group in words.GROUPS], shop.group, garment)
    section = _within([len(group.sections) for group in words.GROUPS], shop.group, garment + shop.department)
    garments = list(words.GARMENTS.values())
    departments = [f"{garments[place]} {'ABC'[one]}" for place, one in zip(garment.tolist(), shop.department.tolist(), strict=True)]
    return {
        "department_no": 1000 + (shop.group * 100 + garment * 3 + shop.department),
        "department_name": departments,
        "index_code": _named([code for code, _ in indexes], index),
        "index_name": _named([name for _, name in indexes], index),
        "index_group_no": np.array([group.number for group in words.GROUPS])[shop.group],
        "index_group_name": _named([group.name for group in words.GROUPS], shop.group),
        "section_no": 10 + section,
        "section_name": _named(sections, section),
    }


def _within(sizes: list[int], group: Array, choice: Array) -> Array:
    """Return a place among the members of all groups: one of the own group's, by ``choice``."""
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.asarray(starts[group] + choice % np.array(sizes)[group])


def _descriptions(shop: Catalogue) -> list[str]:
    parts = zip(
        *(column.tolist() for column in (shop.kind, shop.pattern, shop.colour, shop.fabric, shop.fit, shop.detail, shop.group)), strict=True
    )
    return [_described(*part) for part in parts]


def _described(kind: int, pattern: int, colour: int, fabric: int, fit: int, detail: int, group: int) -> str:
    looks = f"{palette.PATTERNS[pattern][1].lower()}, in {palette.COLOURS[colour].name.lower()}"
    cut = f", with {words.FITS[fit]} and {words.DETAILS[detail]}" if has_details(kind) else ""
    return f"{words.TYPES[kind].name} in {words.FABRICS[fabric]}, {looks}{cut}. {words.GROUPS[group].name}."
