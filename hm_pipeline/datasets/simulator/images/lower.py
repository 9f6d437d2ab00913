"""Silhouettes below the waist, underwear, swimwear and socks."""

from hm_pipeline.datasets.simulator.images.drawing import Cut, Pen


def waistband(pen: Pen, cut: Cut, half: float, y: float) -> None:
    """Draw the waistband, and the detail that the text names."""
    detail = cut.detail % 8
    pen.line([(-half, y + 0.1), (half, y + 0.1)], 0.03)
    if detail == 3:
        pen.lines([(half * 0.55, y + 0.12), (half, y + 0.36)], 0.035)
    elif detail == 4:
        for place in range(-6, 7):
            pen.line([(place / 6 * half * 0.95, y), (place / 6 * half * 0.95, y + 0.1)], 0.016, fill=180)
    elif detail == 6:
        pen.lines([(0, y + 0.08), (0.12, y + 0.4)], 0.045)
    elif detail in (2, 5):
        pen.oval((0, y + 0.05), (0.035, 0.035), "trims")
    else:
        pen.lines([(half * 0.5, y + 0.1), (half * 0.5, y + 0.02)], 0.03)


def legs(pen: Pen, cut: Cut, *, low: float, ankle: float, hip: float = 0.42, crotch: float = 1.1) -> None:
    """Draw two legs from a waist at the top."""
    hips = hip * (1 + (cut.wide - 1) / 2)
    inner = 0.05
    pen.pair([(0, 0.25), (0.34, 0.25), (hips, 0.75), (inner + ankle * 0.95 + 0.12, low), (inner + 0.06, low), (0.0, crotch)])
    pen.line([(0, 0.35), (0, crotch)], 0.02)
    pen.line([(0.0, 0.75), (0.09, 0.62), (0.09, 0.36)], 0.016, fill=170)


def trousers(pen: Pen, cut: Cut) -> None:
    """Draw straight trousers with creases and hems."""
    low = 2.82 + cut.long / 2
    ankle = 0.3 * cut.wide**2
    legs(pen, cut, low=low, ankle=ankle)
    waistband(pen, cut, 0.34, 0.25)
    pen.lines([(0.26, 0.9), (0.1 + ankle * 0.6, low)], 0.012, fill=90)
    pen.lines([(0.11, low - 0.06), (0.2 + ankle, low - 0.06)], 0.015, fill=130)


def leggings(pen: Pen, cut: Cut) -> None:
    """Draw legs as narrow as legs are."""
    low = 2.85 + cut.long / 2
    pen.pair(
        [
            (0, 0.25),
            (0.27, 0.25),
            (0.34, 0.75),
            (0.25, 1.6),
            (0.23, 2.0),
            (0.17, low - 0.12),
            (0.22, low),
            (0.1, low),
            (0.07, 1.7),
            (0, 0.95),
        ]
    )
    pen.line([(-0.28, 0.42), (0.28, 0.42)], 0.02, fill=180)
    pen.line([(0, 0.42), (0, 0.98)], 0.015, fill=180)
    pen.lines([(0.2, 1.85), (0.12, 1.9)], 0.015, fill=110)


def shorts(pen: Pen, cut: Cut) -> None:
    """Draw trousers that end above the knee."""
    low = 1.75 + 1.5 * cut.long
    wide = 0.56 * cut.wide
    pen.pair([(0, 0.7), (0.4, 0.7), (0.5, 1.1), (wide + 0.06, low), (0.08, low + 0.05), (0, 1.4)])
    pen.line([(0, 0.8), (0, 1.42)], 0.02)
    pen.lines([(0.09, low - 0.05), (wide + 0.03, low - 0.1)], 0.02)
    waistband(pen, cut, 0.41, 0.7)


def skirt(pen: Pen, cut: Cut) -> None:
    """Draw a skirt of panels."""
    low, hem = 2.0 + 4 * cut.long, 0.7 * cut.wide
    pen.both([(0, 0.55), (0.32, 0.53), (0.46, 0.9), (hem, low - 0.05), (hem * 0.5, low + 0.02), (0, low + 0.04)])
    waistband(pen, cut, 0.33, 0.54)
    for place in (-0.6, -0.2, 0.2, 0.6):
        pen.line([(place * 0.5, 0.72), (place * hem, low)], 0.02, fill=150)
    if cut.detail % 8 == 7:
        pen.line([(place / 10 * hem, low - 0.15 + 0.05 * (place % 2)) for place in range(-10, 11)], 0.03)


def underwear_bottom(pen: Pen, cut: Cut) -> None:
    """Draw a brief with a wide band and a bow."""
    high, wide = 1.15 - cut.long, 0.62 * cut.wide
    pen.both([(0, high + 0.03), (wide, high), (wide + 0.02, high + 0.25), (0.35, 1.65), (0.14, 1.95), (0, 1.98)])
    pen.lines([(wide, high + 0.27), (0.34, 1.63), (0.13, 1.92)], 0.035)
    pen.line([(-wide, high + 0.1), (0, high + 0.13), (wide, high + 0.1)], 0.03)
    pen.lines([(0, high + 0.07), (0.09, high + 0.02)], 0.05, "trims")
    pen.line([(-0.14, 1.8), (0, 1.76), (0.14, 1.8)], 0.02)


def swimwear_bottom(pen: Pen, cut: Cut) -> None:
    """Draw a small brief tied at the sides."""
    wide = 0.5 * cut.wide
    pen.both([(0, 1.28), (wide, 1.15), (wide, 1.23 + cut.long), (0.2, 1.75), (0.1, 1.92), (0, 1.94)])
    for end in ((wide + 0.3, 1.0), (wide + 0.34, 1.2)):
        pen.pair([(wide - 0.02, 1.15), end, (wide - 0.02, 1.24)])
    for end in ((wide + 0.1, 1.62), (wide + 0.22, 1.58)):
        pen.pair([(wide - 0.02, 1.17), (end[0] + 0.05, end[1]), (end[0], end[1] + 0.03), (wide - 0.03, 1.22)])
    pen.lines([(wide, 1.24), (0.2, 1.73), (0.1, 1.9)], 0.025, fill=170)


def bra(pen: Pen, cut: Cut) -> None:
    """Draw two wired cups on a band and straps."""
    size = 0.32 * cut.wide
    pen.both([(0, 1.42), (0.7, 1.4), (0.72, 1.58), (0, 1.6)])
    for side in (-1, 1):
        pen.oval((side * 0.33, 1.28), (size, size))
    pen.pair([(0.36, 1.1), (0.42, 0.5), (0.49, 0.5), (0.46, 1.1)])
    pen.pair([(0.42, 0.5), (0.49, 0.48), (0.73, 1.45), (0.65, 1.48)])
    for side in (-1, 1):
        pen.line(
            [(side * 0.33 + size * x, 1.28 + size * y) for x, y in ((-0.95, 0.2), (-0.6, 0.75), (0, 0.95), (0.6, 0.75), (0.95, 0.2))], 0.035
        )
        pen.line([(side * (0.33 - size), 1.2), (side * 0.4, 1.12), (side * (0.33 + size), 1.2)], 0.02, fill=170)
    pen.oval((0, 1.43), (0.045, 0.045), "trims")
    if cut.detail % 8 == 7:
        pen.line([(place / 10 * 0.7, 1.56 + 0.04 * (place % 2)) for place in range(-10, 11)], 0.03)


def bikini_top(pen: Pen, cut: Cut) -> None:
    """Draw two triangles on strings."""
    wide = 0.3 * cut.wide
    pen.pair([(0.34, 0.85 - cut.long), (0.34 + wide, 1.55), (0.34 - wide + 0.02, 1.55)])
    pen.pair([(0.31, 1.0), (0.04, 0.2), (0.09, 0.18), (0.37, 1.0)])
    pen.both([(0, 1.52), (0.62, 1.52), (0.95, 1.42), (0.95, 1.47), (0.64, 1.58), (0, 1.58)])
    pen.pair([(0.04, 0.2), (0.22, 0.08), (0.24, 0.14), (0.08, 0.24)])
    pen.lines([(0.34, 0.95), (0.34, 1.5)], 0.015, fill=120)
    pen.lines([(0.34 + wide - 0.04, 1.5), (0.34 - wide + 0.06, 1.5)], 0.02)


def socks(pen: Pen, cut: Cut) -> None:
    """Draw a pair of socks with heels and toes."""
    top = 0.6 - 2 * cut.long
    for shift in (-0.42, 0.28):
        leg = [
            (0.0, top),
            (0.3, top),
            (0.3, 1.7),
            (0.36, 1.95),
            (0.3, 2.15),
            (-0.12, 2.4),
            (-0.34, 2.4),
            (-0.4, 2.22),
            (-0.3, 2.1),
            (0.0, 1.75),
        ]
        pen.area([(x + shift, y) for x, y in leg])
        pen.line([(shift, top + 0.22), (shift + 0.3, top + 0.22)], 0.025)
        for place in range(1, 6):
            pen.line([(shift + place * 0.05, top), (shift + place * 0.05, top + 0.22)], 0.012, fill=150)
        pen.line([(shift + 0.16, 2.2), (shift + 0.2, 1.98), (shift + 0.36, 1.9)], 0.03)
        pen.line([(shift - 0.26, 2.08), (shift - 0.16, 2.25), (shift - 0.18, 2.4)], 0.03)
