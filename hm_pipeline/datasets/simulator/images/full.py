"""Silhouettes that are worn over all, or as the outermost: blazers, coats, dresses, jumpsuits, bodysuits, pyjamas."""

from dataclasses import replace

from hm_pipeline.datasets.simulator.images.drawing import Cut, Pen
from hm_pipeline.datasets.simulator.images.upper_body import Body, buttons, finish, lapels, torso


def blazer(pen: Pen, cut: Cut) -> None:
    """Draw a tailored jacket: lapels, two buttons, pockets."""
    body = torso(pen, replace(cut, detail=1), Body(2.0, 1.8, 0.52, cuff=0.13, neck=0.16, drop=0.3))
    lapels(pen, body, 1.2)
    for place in (1.3, 1.5):
        pen.oval((0.07, place), (0.04, 0.04), "trims")
    pen.lines([(0.17, 1.55), (0.4, 1.52)], 0.05)
    pen.line([(0.2, 0.95), (0.34, 0.92)], 0.04)


def coat(pen: Pen, cut: Cut) -> None:
    """Draw a long coat: lapels, two rows of buttons."""
    body = torso(pen, replace(cut, detail=1), Body(2.75, 1.75, 0.5, flare=0.14, cuff=0.16, neck=0.17, drop=0.2, top=0.2))
    lapels(pen, body, 0.95)
    for place in range(3):
        for side in (-0.16, 0.16):
            pen.oval((side, 1.1 + place * 0.3), (0.045, 0.045), "trims")
    pen.lines([(0.26, 1.75), (0.42, 1.6)], 0.06)


def bodysuit(pen: Pen, cut: Cut) -> None:
    """Draw a top on straps that ends in a brief."""
    wide, low = 0.4 * cut.wide, 2.05 + cut.long
    neck = 0.95 if cut.detail % 8 == 1 else 0.75
    shoulder = [(0.24, 0.35), (0.32, 0.35), (0.32, 0.65), (wide, 0.95)]
    pen.both([(0, neck), (0.15, neck - 0.04), *shoulder, (wide * 0.86, 1.3), (wide, 1.65), (0.2, low - 0.15), (0.1, low), (0, low)])
    pen.lines([(wide, 1.65), (0.22, low - 0.17), (0.1, low - 0.03)], 0.03)
    finish(pen, cut, 1.7, wide * 0.8, 0.35)


def dress(pen: Pen, cut: Cut) -> None:
    """Draw a dress: a narrow top and a wide skirt."""
    body, wide = 0.36 * cut.wide, 0.34 * cut.wide * cut.waist
    hem = 2.55 + 2.5 * cut.long
    sleeved = cut.fit % 5 in (0, 2, 3)
    drop = 0.6 if cut.detail % 8 == 1 else 0.42
    pen.both(
        [
            (0, drop),
            (0.12, drop - 0.05),
            (0.2, 0.22),
            (0.33, 0.25),
            (0.34, 0.45),
            (body, 0.65),
            (wide * 0.85, 1.15),
            (0.75, hem - 0.04),
            (0.35, hem),
            (0, hem + 0.02),
        ]
    )
    if sleeved:
        pen.pair([(0.25, 0.23), (0.36, 0.27), (0.58, 0.7), (0.4, 0.76), (body - 0.02, 0.6)])
    pen.line([(-wide * 0.88, 1.15), (wide * 0.88, 1.15)], 0.04)
    for place in (-0.4, -0.13, 0.13, 0.4):
        pen.line([(place * 0.5, 1.18), (place * 1.1, hem)], 0.014, fill=120)
    finish(pen, cut, hem, 0.3, 0.2)


def jumpsuit(pen: Pen, cut: Cut) -> None:
    """Draw a top sewn to trousers, or to shorts."""
    wide, low = 0.38 * cut.wide, (2.0 if cut.length == 0 else 2.8)
    drop = 0.62 if cut.detail % 8 == 1 else 0.45
    leg = 0.4 * cut.wide
    pen.both(
        [
            (0, drop),
            (0.16, drop - 0.08),
            (0.2, 0.2),
            (0.31, 0.22),
            (0.32, 0.48),
            (wide, 0.7),
            (wide * 0.82, 1.12),
            (wide + 0.04, 1.4),
            (0, 1.55),
        ]
    )
    pen.pair([(0, 1.3), (wide * 0.9, 1.2), (wide + 0.04, 1.4), (leg + 0.1, low), (0.1, low), (0.01, 1.62)])
    pen.line([(-wide * 0.83, 1.12), (wide * 0.83, 1.12)], 0.06)
    pen.line([(0, 1.15), (0, 1.62)], 0.02)
    pen.lines([(wide * 0.6, 1.22), (wide * 0.95, 1.4)], 0.03)
    finish(pen, cut, 1.1, 0.3, 0.2)


def pyjama_set(pen: Pen, cut: Cut) -> None:
    """Draw a buttoned shirt above trousers with a string."""
    wide, low = 0.34 * cut.wide, (2.35 if cut.length == 0 else 2.85)
    pen.both([(0, 0.32), (0.12, 0.18), (wide, 0.26), (0.62, 0.95), (0.46, 1.02), (wide, 0.68), (wide + 0.02, 1.22), (0, 1.22)])
    pen.lines([(0, 0.34), (0.14, 0.46), (0.17, 0.22)], 0.03)
    buttons(pen, 0.45, 1.18)
    pen.line([(0.1, 0.6), (0.26, 0.6), (0.26, 0.76), (0.1, 0.76), (0.1, 0.6)], 0.02)
    pen.pair([(0, 1.36), (0.33, 1.36), (wide + 0.12, low), (0.08, low), (0, 1.8)])
    pen.line([(-0.33, 1.42), (0.33, 1.42)], 0.05, fill=150)
    pen.lines([(0, 1.42), (0.08, 1.62)], 0.03, "trims")
