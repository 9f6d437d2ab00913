"""The pen that silhouettes are drawn with: three times the size of the picture, each layer shrunk at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

WIDTH, HEIGHT = 96, 144  # pixels of a picture
UNIT = 48  # pixels of a unit: x runs from -1 to 1, y from 0 at the top to 3
FINE = 3  # how much larger is drawn, so that edges come out smooth
Point = tuple[float, float]


@dataclass(frozen=True)
class Cut:
    """Variation of one article of a type: places in the vocabulary's fits and details, and its length.

    ``length`` counts from 0, short, to 2, long.
    """

    fit: int
    detail: int
    length: int

    @property
    def wide(self) -> float:
        """Factor of the width: relaxed, slim, boxy, oversized, fitted."""
        return (1.06, 0.9, 1.0, 1.16, 0.96)[self.fit % 5]

    @property
    def waist(self) -> float:
        """Factor of the waist alone."""
        return (1.0, 0.92, 1.04, 1.06, 0.8)[self.fit % 5]

    @property
    def long(self) -> float:
        """Units by which it is longer than the middle length."""
        return 0.09 * (self.length - 1)


@dataclass(frozen=True)
class Drawing:
    """Layers of a silhouette: where cloth is, where seams are, where trimmings are.

    Grey pictures of the size of the picture, from 0 to 255.
    """

    cloth: Image.Image
    seams: Image.Image
    trims: Image.Image


class Pen:
    """Draws areas of cloth, seams on it and trimmings of another stuff: soles, buttons, buckles."""

    def __init__(self) -> None:
        size = (WIDTH * FINE, HEIGHT * FINE)
        self._layers = {name: Image.new("L", size, 0) for name in ("cloth", "seams", "trims")}
        self._draw = {name: ImageDraw.Draw(layer) for name, layer in self._layers.items()}

    def area(self, points: Sequence[Point], layer: str = "cloth", fill: int = 255) -> None:
        """Fill a polygon."""
        self._draw[layer].polygon([_place(point) for point in points], fill=fill)

    def both(self, half: Sequence[Point], layer: str = "cloth", fill: int = 255) -> None:
        """Fill a polygon given by its right half, from top to bottom, and its mirror image."""
        self.area([*half, *mirrored(half)[::-1]], layer, fill)

    def pair(self, points: Sequence[Point], layer: str = "cloth", fill: int = 255) -> None:
        """Fill a polygon and its mirror image, each by itself."""
        self.area(points, layer, fill)
        self.area(mirrored(points), layer, fill)

    def oval(self, centre: Point, radius: Point, layer: str = "cloth", fill: int = 255) -> None:
        """Fill an ellipse."""
        (x, y), (across, down) = centre, radius
        self._draw[layer].ellipse([*_place((x - across, y - down)), *_place((x + across, y + down))], fill=fill)

    def line(self, points: Sequence[Point], width: float = 0.025, layer: str = "seams", fill: int = 255) -> None:
        """Draw a line, in units of width."""
        self._draw[layer].line([_place(point) for point in points], fill=fill, width=max(round(width * UNIT * FINE), 1), joint="curve")

    def lines(self, points: Sequence[Point], width: float = 0.025, layer: str = "seams", fill: int = 255) -> None:
        """Draw a line and its mirror image."""
        self.line(points, width, layer, fill)
        self.line(mirrored(points), width, layer, fill)

    def done(self) -> Drawing:
        """Return the layers at the size of the picture; the cloth gets an edge, so that white shows on a light ground."""
        _, top, _, bottom = self._layers["cloth"].getbbox() or (0, 0, 0, 0)
        down = (HEIGHT * FINE - top - bottom) // 2  # to the middle of the picture
        cloth, seams, trims = (ImageChops.offset(self._layers[name], 0, down) for name in ("cloth", "seams", "trims"))
        inside = cloth
        for across, along in ((2, 0), (-2, 0), (0, 2), (0, -2)):
            inside = ImageChops.darker(inside, ImageChops.offset(cloth, across, along))
        edge = ImageChops.subtract(cloth, inside)
        seams = ImageChops.multiply(ImageChops.lighter(seams, edge.point(lambda value: value * 3 // 4)), cloth)
        layers = (cloth, seams, trims)
        return Drawing(*(layer.reduce(FINE) for layer in layers))


def mirrored(points: Sequence[Point]) -> list[Point]:
    """Return points on the other side of the middle."""
    return [(-x, y) for x, y in points]


def _place(point: Point) -> Point:
    return (point[0] + WIDTH / UNIT / 2) * UNIT * FINE, point[1] * UNIT * FINE
