"""Silhouettes of the upper body: shirts, tops, knits and jackets."""

from dataclasses import replace

from hm_pipeline.datasets.simulator.images.drawing import Cut, Pen
from hm_pipeline.datasets.simulator.images.upper_body import Body, buttons, finish, hem_rib, torso


def sweater(pen: Pen, cut: Cut) -> None:
    """Draw a knitted jumper: long sleeves, ribs, rows of stitches."""
    body = torso(pen, cut, Body(1.85, 1.8, 0.52, cuff=0.17, neck=0.2, drop=0.1))
    hem_rib(pen, body)
    for row in range(3):
        pen.line([(-0.4, 1.0 + row * 0.2), (0.4, 1.0 + row * 0.2)], 0.012, fill=70)


def t_shirt(pen: Pen, cut: Cut) -> None:
    """Draw a T-shirt: short, wide sleeves."""
    torso(pen, cut, Body(1.85, 0.9, 0.5, cuff=0.16, spread=0.55))


def top(pen: Pen, cut: Cut) -> None:
    """Draw a short, flared top with a boat neck and cap sleeves."""
    torso(pen, cut, Body(1.5, 0.68, 0.44, flare=0.16, neck=0.32, drop=0.07, cuff=0.06, spread=0.5))


def blouse(pen: Pen, cut: Cut) -> None:
    """Draw a blouse: a bow at the neck, full sleeves."""
    body = torso(pen, cut, Body(1.8, 1.6, 0.46, flare=0.12, cuff=0.3, spread=0.32, neck=0.15, drop=0.1))
    pen.area([(0, 0.46), (-0.2, 0.36), (-0.22, 0.56)], "seams", 170)  # a bow at the neck
    pen.area([(0, 0.46), (0.2, 0.36), (0.22, 0.56)], "seams", 170)
    pen.lines([(0, 0.46), (0.09, 0.95)], 0.05)
    for place in (-0.25, 0.25):
        pen.line([(place, 0.65), (place * 1.3, body.hem)], 0.012, fill=90)


def vest_top(pen: Pen, cut: Cut) -> None:
    """Draw a top on straps."""
    wide, hem = 0.42 * cut.wide, 1.8 + cut.long
    neck = 0.95 if cut.detail % 8 == 1 else 0.8
    pen.both(
        [
            (0, neck),
            (0.13, neck - 0.03),
            (0.22, 0.35),
            (0.3, 0.35),
            (0.31, 0.65),
            (wide, 0.95),
            (wide * cut.waist, 1.3),
            (wide, hem),
            (0, hem),
        ]
    )
    pen.lines([(0, neck + 0.05), (0.15, neck + 0.02), (0.24, 0.36)], 0.025, fill=170)
    finish(pen, cut, hem, wide, 0.35)


def jacket(pen: Pen, cut: Cut) -> None:
    """Draw a jacket: a collar that stands, a zip, slanting pockets."""
    body = torso(pen, replace(cut, detail=0), Body(1.7, 1.7, 0.54, cuff=0.18, neck=0.2, drop=0.06))
    pen.both([(0, 0.24), (0.22, 0.26), (0.24, 0.45), (0, 0.5)])
    pen.lines([(0.22, 0.28), (0.23, 0.45), (0, 0.5)], 0.025)
    pen.line([(0, 0.26), (0, body.hem)], 0.05, "trims")
    pen.line([(0, 0.26), (0, body.hem)], 0.018, fill=255)
    pen.lines([(0.15, 1.35), (0.36, 1.2)], 0.04)
    pen.line([(-0.5, body.hem - 0.12), (0.5, body.hem - 0.12)], 0.03)


def shirt(pen: Pen, cut: Cut) -> None:
    """Draw a shirt: collar, placket, breast pocket, curved hem."""
    body = torso(pen, replace(cut, detail=0), Body(1.85, 1.75, 0.48, cuff=0.14, neck=0.17, drop=0.08))
    pen.both([(0, body.hem - 0.02), (0.44 * cut.wide, body.hem - 0.02), (0.2, body.hem + 0.13), (0, body.hem + 0.15)])
    pen.pair([(0, 0.47), (0.18, 0.29), (0.28, 0.5), (0.14, 0.6)])
    pen.lines([(0, 0.47), (0.14, 0.6), (0.28, 0.5), (0.18, 0.3)], 0.03)
    buttons(pen, 0.55, body.hem + 0.05)
    pen.line([(0.14, 0.85), (0.34, 0.85), (0.34, 1.06), (0.24, 1.12), (0.14, 1.06), (0.14, 0.85)], 0.02)


def hoodie(pen: Pen, cut: Cut) -> None:
    """Draw a sweatshirt with a hood, strings and a pouch."""
    body = torso(pen, replace(cut, detail=0), Body(1.9, 1.85, 0.54, cuff=0.18, neck=0.2, drop=0.1, top=0.5))
    pen.oval((0, 0.42), (0.33, 0.3))
    pen.oval((0, 0.45), (0.2, 0.2), "seams", 235)
    pen.lines([(0.09, 0.62), (0.1, 1.0)], 0.03, "trims")
    pen.line([(-0.2, 1.3), (0.2, 1.3), (0.34, 1.65), (-0.34, 1.65), (-0.2, 1.3)], 0.03)
    hem_rib(pen, body)


def cardigan(pen: Pen, cut: Cut) -> None:
    """Draw a knit that opens at a deep V with buttons."""
    body = torso(pen, replace(cut, detail=1), Body(2.05, 1.85, 0.5, cuff=0.16, neck=0.2, drop=0.42))
    pen.lines([(0.2, 0.36), (0.03, 1.02), (0.03, body.hem)], 0.05, fill=170)
    for place in range(4):
        pen.oval((0.0, 1.15 + place * 0.22), (0.045, 0.045), "trims")
    hem_rib(pen, body)
    pen.lines([(0.17, 1.55), (0.38, 1.55)], 0.05, fill=170)
