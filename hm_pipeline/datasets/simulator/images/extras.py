"""Silhouettes of shoes, hats, bags, scarves, belts and jewellery."""

from math import cos, pi, sin

from hm_pipeline.datasets.simulator.images.drawing import Cut, Pen


def sneakers(pen: Pen, cut: Cut) -> None:
    """Draw a laced shoe on a thick white sole."""
    top = 1.05 - cut.long
    shoe = [
        (-0.78, top),
        (-0.35, top + 0.06),
        (-0.28, 1.25),
        (0.1, 1.42),
        (0.6, 1.55),
        (0.85, 1.72),
        (0.86, 1.85),
        (-0.84, 1.85),
        (-0.84, 1.4),
    ]
    pen.area(shoe)
    pen.area([(-0.86, 1.8), (0.9, 1.8), (0.92, 1.93), (0.84, 2.02), (-0.84, 2.02)])
    pen.area([(-0.86, 1.8), (0.9, 1.8), (0.92, 1.93), (0.84, 2.02), (-0.84, 2.02)], "trims")
    for place in range(4):
        x = -0.2 + place * 0.13
        pen.line([(x, 1.3 + place * 0.05), (x + 0.14, 1.18 + place * 0.055)], 0.05, "trims")
    pen.line([(-0.5, 1.78), (-0.25, 1.35), (0.25, 1.75)], 0.045)
    pen.line([(0.45, 1.55), (0.5, 1.78)], 0.03)


def boots(pen: Pen, cut: Cut) -> None:
    """Draw a boot with a shaft, a buckle and a heel."""
    top = 0.55 - 2 * cut.long
    pen.area([(-0.55, top), (0.08, top), (0.1, 1.7), (0.35, 1.85), (0.75, 2.0), (0.8, 2.2), (-0.58, 2.2), (-0.52, 1.7)])
    pen.area([(-0.6, 2.16), (0.84, 2.16), (0.82, 2.27), (-0.12, 2.27), (-0.16, 2.48), (-0.58, 2.48)])
    pen.area([(-0.6, 2.17), (0.84, 2.17), (0.82, 2.27), (-0.12, 2.27), (-0.16, 2.48), (-0.58, 2.48)], "seams", 255)
    pen.line([(-0.3, top), (-0.28, 2.1)], 0.025)
    pen.line([(-0.52, 1.75), (0.1, 1.78)], 0.05)
    pen.oval((-0.05, 1.77), (0.06, 0.06), "trims")


def sandals(pen: Pen, cut: Cut) -> None:
    """Draw a sole with bands and a strap around the ankle."""
    sole = [
        (-0.85, 1.9),
        (-0.3, 1.94),
        (0.3, 2.0),
        (0.88, 1.98),
        (0.86, 2.1),
        (0.2, 2.12),
        (-0.3, 2.06 + cut.long),
        (-0.84, 2.1 + cut.long),
    ]
    pen.area(sole)
    pen.area([(-0.82, 1.94), (-0.5, 1.95), (-0.52, 2.2 + cut.long), (-0.8, 2.2 + cut.long)])
    for x in (0.1, 0.5):  # two bands over the foot
        band = [(x - 0.1, 2.02), (x - 0.04, 1.7), (x + 0.06, 1.6), (x + 0.2, 1.68), (x + 0.3, 2.02)]
        pen.area(band)
        pen.line(band[:-1], 0.03)
        pen.line(band[2:], 0.03)
    pen.line([(-0.82, 1.99), (0.3, 2.06), (0.88, 2.05)], 0.03)
    pen.area([(-0.85, 1.92), (-0.82, 1.3), (-0.7, 1.3), (-0.68, 1.92)])
    pen.area([(-0.84, 1.3), (-0.25, 1.36), (-0.2, 1.48), (-0.82, 1.44)])
    pen.area([(-0.3, 1.36), (-0.2, 1.4), (0.12, 1.98), (0.0, 1.98)])
    pen.oval((-0.45, 1.39), (0.07, 0.07), "trims")


def hat(pen: Pen, cut: Cut) -> None:
    """Draw a knitted hat with a brim, on some a bobble."""
    wide = 0.6 * cut.wide
    dome = [(wide * sin(step * pi / 16), 1.75 - 0.95 * cos(step * pi / 16)) for step in range(9)]
    pen.both([*dome, (0, 1.75)])
    pen.both([(0, 1.55), (wide + 0.04, 1.5), (wide + 0.04, 1.9 + cut.long), (0, 1.94 + cut.long)])
    pen.line([(-wide, 1.53), (0, 1.56), (wide, 1.53)], 0.035)
    for place in range(-7, 8):
        pen.line([(place / 7 * wide, 1.56), (place / 7 * wide, 1.92)], 0.016, fill=150)
        pen.line([(place / 7 * wide * 0.95, 1.5), (place / 16 * wide, 0.9)], 0.012, fill=90)
    if cut.detail % 2 == 0:
        pen.oval((0, 0.72), (0.19, 0.19))
        pen.line([(-0.17, 0.82), (0, 0.9), (0.17, 0.82)], 0.03)


def bag(pen: Pen, cut: Cut) -> None:
    """Draw a handbag: handle, flap, clasp."""
    wide, low = 0.7 * cut.wide, 2.3 + cut.long
    arc = [(0.36 * cos(step * pi / 10), 1.25 - 0.75 * sin(step * pi / 10)) for step in range(11)]
    inner = [(0.28 * cos(step * pi / 10), 1.25 - 0.65 * sin(step * pi / 10)) for step in range(11)]
    pen.area([*arc, *inner[::-1]])
    pen.both([(0, 1.2), (wide * 0.84, 1.2), (wide, low - 0.08), (wide * 0.94, low), (0, low)])
    pen.both([(0, 1.24), (wide * 0.84, 1.24), (wide * 0.8, 1.6), (0, 1.74)], "seams", 90)
    pen.lines([(wide * 0.86, 1.24), (wide * 0.8, 1.6), (0, 1.74)], 0.03)
    pen.area([(-0.08, 1.64), (0.08, 1.64), (0.08, 1.84), (-0.08, 1.84)], "trims")


def earring(pen: Pen, cut: Cut) -> None:
    """Draw a pair of hoops, on some a drop."""
    size = 0.3 * cut.wide
    for side in (-0.45, 0.45):
        ring = [(side + size * cos(step * pi / 12), 1.6 + size * 1.2 * sin(step * pi / 12)) for step in range(25)]
        hole = [(side + (size - 0.11) * cos(step * pi / 12), 1.6 + (size * 1.2 - 0.11) * sin(step * pi / 12)) for step in range(25)]
        pen.area([*ring, *hole[::-1]])
        pen.area([(side - 0.03, 1.02), (side + 0.03, 1.02), (side + 0.03, 1.3), (side - 0.03, 1.3)])
        pen.oval((side, 1.0), (0.1, 0.1))
        pen.oval((side, 1.0), (0.045, 0.045), "trims")
        if cut.detail % 2:
            pen.oval((side, 1.6 + size * 1.2 + 0.14), (0.12, 0.16))


def scarf(pen: Pen, cut: Cut) -> None:
    """Draw a scarf wound once, with fringes."""
    low = 2.45 + cut.long
    pen.both([(0, 0.32), (0.32, 0.36), (0.42, 0.6), (0.34, 0.85), (0, 0.95)])
    pen.oval((0, 0.5), (0.2, 0.09), "seams", 200)
    for left, right, end in ((-0.4, -0.06, low), (0.02, 0.38, low - 0.25)):
        pen.area([(left + 0.08, 0.75), (right, 0.75), (right + 0.03, end), (left, end)])
        for place in range(7):
            x = left + (right + 0.03 - left) * (place + 0.5) / 7
            pen.area([(x - 0.018, end - 0.01), (x + 0.018, end - 0.01), (x + 0.018, end + 0.2), (x - 0.018, end + 0.2)])
        pen.line([(left, end - 0.03), (right + 0.03, end - 0.03)], 0.03)
    pen.line([(-0.34, 0.85), (0, 0.97), (0.36, 0.85)], 0.03)
    pen.line([(-0.38, 0.6), (0, 0.75), (0.4, 0.6)], 0.02, fill=150)


def belt(pen: Pen, cut: Cut) -> None:
    """Draw a belt lying in a ring, with its buckle."""
    thick = 0.2 * cut.wide
    turn = [(0.85 * cos(step * pi / 12), 1.45 + 0.42 * sin(step * pi / 12)) for step in range(25)]
    back = [(0.78 * cos(step * pi / 12), 1.45 - thick / 3 + 0.33 * sin(step * pi / 12)) for step in range(25)]
    pen.area([*turn, *back[::-1]])
    band = [(0.85 * cos(step * pi / 12), 1.45 + 0.42 * sin(step * pi / 12)) for step in range(13)]
    pen.area([*band, *((x, y + thick) for x, y in band[::-1])])
    pen.area([(0.05, 1.84), (0.55, 1.76), (0.62, 1.86), (0.56, 1.78 + thick), (0.05, 1.88 + thick)])
    for place in range(4):
        pen.oval((0.22 + place * 0.1, 1.92 - place * 0.022 + thick / 8), (0.022, 0.022), "seams")
    pen.line([(-0.22, 1.82), (0.08, 1.84), (0.08, 1.93 + thick), (-0.22, 1.91 + thick), (-0.22, 1.82)], 0.06, "trims")
    pen.line([(-0.22, 1.87 + thick / 2), (0.08, 1.89 + thick / 2)], 0.04, "trims")
