"""Articles with their names, as photos, or as swatches of their colour where there is none."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from PIL import Image, ImageOps

from hm_pipeline.recommender.plots.canvas import Canvas

# Longer names stand before those they contain, so that "Greenish Khaki" is not read as green.
INKS = {
    "transparent": "#f4f4f4", "off white": "#f7f3e8", "turquoise": "#40c0c0", "lilac": "#b79ad6", "purple": "#7d4fa0", "khaki": "#7b7a52",
    "beige": "#d6c3a1", "mole": "#8a7a6c", "bronze": "#9c6b3f", "copper": "#b2694a", "silver": "#b9bcc2", "gold": "#c9a54c",
    "metal": "#a9abb0", "black": "#1c1c1e", "white": "#ffffff", "grey": "#8e9095", "brown": "#7a5237", "orange": "#e8863a",
    "yellow": "#f0cf45", "pink": "#e79ab4", "red": "#bf2733", "blue": "#3a66ad", "green": "#4c8a55",
}  # fmt: skip
UNKNOWN = "#cfcfcf"
THUMBNAIL = (93, 117)  # pixels of a photo
TINTS = {"light": (1.0, 0.55), "dark": (0.0, 0.45)}  # what a shade is mixed with, and how much


def rgb(name: str | None) -> tuple[float, float, float]:
    """Return the red, green and blue of a colour's name, grey where it has none.

    Examples
    --------
    >>> rgb("Dark Blue") < rgb("Blue") < rgb("Light Blue"), rgb(None) == to_rgb(UNKNOWN)
    (True, True)
    """
    words = (name or "").lower()
    red, green, blue = to_rgb(next((value for key, value in INKS.items() if key in words), UNKNOWN))
    for shade, (towards, share) in TINTS.items():
        if shade in words.split():
            red, green, blue = ((1 - share) * part + share * towards for part in (red, green, blue))
    return red, green, blue


def draw_articles(articles: pl.DataFrame, photos: Mapping[int, Path] | None = None, *, columns: int = 6) -> bytes:
    """Draw articles in their order, best first.

    Parameters
    ----------
    articles
        ``article_id``, ``prod_name``, ``product_type_name``, ``colour_group_name`` and ``customers``, how many were given it.
    photos
        Files of the articles that have one.

    Returns
    -------
    bytes
        A JPEG where there are photos, else a PNG.
    """
    pictures = {article: _thumbnail(path) for article, path in (photos or {}).items()}
    rows = -(-articles.height // columns) or 1
    sheet = Canvas(columns * 1.45, rows * (2.1 if pictures else 1.6))
    axes = sheet.axes
    axes.set_axis_off()
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    tall = 0.7 if pictures else 0.56
    for place, article in enumerate(articles.iter_rows(named=True)):
        row, column = divmod(place, columns)
        picture = pictures.get(article["article_id"])
        if picture is None:
            axes.add_patch(_patch(column, row, rgb(article["colour_group_name"])))
        else:
            axes.imshow(picture, extent=(column + 0.1, column + 0.9, row + tall, row + 0.04), aspect="auto", interpolation="lanczos")
        name = article["prod_name"] or article["product_type_name"] or "unnamed"
        words = f"{name[:18]}\n{(article['colour_group_name'] or '')[:18]}\n{article['customers']:,} customers"
        axes.text(column + 0.5, row + tall + 0.04, words, ha="center", va="top", fontsize=6.5, parse_math=False)
    axes.set(xlim=(0, columns), ylim=(rows, 0))  # pictures move them
    return sheet.jpeg() if pictures else sheet.png()


def _thumbnail(path: Path) -> np.ndarray:
    """Read a photo small, cut to the shape of its place."""
    with Image.open(path) as photo:
        photo.draft("RGB", (THUMBNAIL[0] * 2, THUMBNAIL[1] * 2))  # a JPEG is read at a fraction of its size
        return np.asarray(ImageOps.fit(photo.convert("RGB"), THUMBNAIL, centering=(0.5, 0.4)))


def _patch(column: int, row: int, colour: tuple[float, float, float]) -> Rectangle:
    return Rectangle((column + 0.1, row + 0.06), 0.8, 0.5, facecolor=colour, edgecolor="#999999", linewidth=0.6)
