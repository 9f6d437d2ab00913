"""Textures of clothes: a shade for each colour, and each pattern as it looks in it."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from PIL import Image

from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator.images.drawing import HEIGHT, WIDTH

SHADES = {
    "Black": (28, 28, 30),
    "Dark Blue": (31, 42, 78),
    "White": (252, 252, 252),
    "Light Pink": (245, 205, 210),
    "Grey": (150, 152, 155),
    "Light Beige": (228, 213, 192),
    "Blue": (52, 102, 186),
    "Red": (204, 32, 40),
    "Light Blue": (165, 203, 232),
    "Greenish Khaki": (116, 117, 77),
    "Dark Grey": (80, 82, 86),
    "Off White": (244, 238, 222),
    "Beige": (202, 175, 138),
    "Dark Red": (110, 22, 36),
    "Dark Green": (24, 74, 54),
    "Pink": (236, 112, 155),
    "Yellow": (246, 209, 56),
    "Yellowish Brown": (151, 98, 46),
    "Gold": (203, 166, 78),
    "Lilac": (190, 164, 216),
}
SCALES = 3  # sizes of a pattern
RGB = tuple[int, int, int]
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def contrast(shade: np.ndarray, amount: float) -> np.ndarray:
    """Return a shade moved towards white if it is dark, towards a deep grey if it is light."""
    target = np.array([250, 247, 240] if shade.mean() < 125 else [45, 45, 70], np.float32)
    return np.asarray(shade + (target - shade) * amount)


def solid(_scale: int) -> np.ndarray:
    """Return nothing on the cloth."""
    return np.zeros((HEIGHT, WIDTH), np.float32)


def all_over(scale: int) -> np.ndarray:
    """Return flowers of five petals, scattered."""
    dice = np.random.default_rng([7, scale])
    print_ = solid(scale)
    size, step = 2.2 + scale, 11 + 4 * scale
    for row in range(-1, HEIGHT // step + 2):
        for column in range(-1, WIDTH // step + 2):
            x, y = (column + 0.5 * (row % 2)) * step + dice.uniform(-2, 2), row * step + dice.uniform(-2, 2)
            far, angle = np.hypot(X - x, Y - y), np.arctan2(Y - y, X - x) + dice.uniform(0, 6)
            flower = np.clip(size * (0.75 + 0.45 * np.cos(5 * angle)) - far + 0.5, 0, 1) * 0.85
            print_ = np.maximum(print_, np.where(far < size * 0.3, 0.25, flower))
    return print_


def melange(scale: int) -> np.ndarray:
    """Return threads of two shades, spun together."""
    noise = np.random.default_rng([11, scale]).random((HEIGHT, WIDTH), dtype=np.float32)
    streaks = (noise + np.roll(noise, 1, 1) + np.roll(noise, 2, 1)) / 3
    return np.asarray(np.clip((streaks - 0.35) * 1.6, 0, 1) * 0.45)


def stripe(scale: int) -> np.ndarray:
    """Return stripes that run across."""
    period = 7 + 3 * scale
    return np.asarray((Y % period < period * 0.42).astype(np.float32) * 0.85)


def denim(scale: int) -> np.ndarray:
    """Return twill, worn lighter in the middle."""
    twill = ((X + Y) % 3 < 1).astype(np.float32) * 0.3
    worn = np.exp(-((np.abs(X - WIDTH / 2) - 15) ** 2) / 60) * np.exp(-((Y - 70) ** 2) / (900 + 300 * scale))
    noise = np.random.default_rng([13, scale]).random((HEIGHT, WIDTH), dtype=np.float32) * 0.14
    return np.asarray(twill + 0.35 * worn + noise)


def check(scale: int) -> np.ndarray:
    """Return bands that cross, darker where they meet."""
    period = 12 + 4 * scale
    across, down = X % period < period / 2, Y % period < period / 2
    return np.asarray(across * 0.36 + down * 0.36 + ((X % period < 1) | (Y % period < 1)) * 0.2)


def dot(scale: int) -> np.ndarray:
    """Return round dots in rows that are set off."""
    step = 9 + 3 * scale
    row = np.floor(Y / step)
    x, y = (X + row % 2 * step / 2) % step - step / 2, Y % step - step / 2
    return np.asarray(np.clip(step * 0.27 - np.hypot(x, y) + 0.5, 0, 1) * 0.95)


PRINTS: dict[str, Callable[[int], np.ndarray]] = {
    "Solid": solid,
    "All over pattern": all_over,
    "Melange": melange,
    "Stripe": stripe,
    "Denim": denim,
    "Check": check,
    "Dot": dot,
}


@lru_cache(maxsize=64)
def _print(pattern: str, scale: int) -> np.ndarray:
    return PRINTS[pattern](scale)[:, :, None]


@lru_cache(maxsize=1024)
def weave(colour: int, pattern: int, scale: int) -> tuple[Image.Image, RGB]:
    """Return cloth of the size of a picture, and the shade of its seams.

    Parameters
    ----------
    colour, pattern
        Places in the palette.
    scale
        Size of the pattern, from 0 up to SCALES.
    """
    shade = np.array(SHADES[palette.COLOURS[colour].name], np.float32)
    other = contrast(shade, 0.75)
    cloth = shade + (other - shade) * _print(palette.PATTERNS[pattern][1], scale)
    seam = contrast(shade, 0.35) if shade.mean() < 90 else shade * 0.62
    red, green, blue = np.round(seam).astype(int).tolist()
    return Image.fromarray(np.round(cloth).astype(np.uint8)), (red, green, blue)
