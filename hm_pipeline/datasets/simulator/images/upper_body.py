"""The trunk with its sleeves, neckline and details, which clothes with shoulders share."""

from typing import NamedTuple

from hm_pipeline.datasets.simulator.images.drawing import Cut, Pen


class Body(NamedTuple):
    """Measures of a torso in units; ``sleeve`` is the height at which the cuff ends, 0 is none."""

    hem: float
    sleeve: float = 0.0
    shoulder: float = 0.47
    flare: float = 0.0
    neck: float = 0.18
    drop: float = 0.12
    cuff: float = 0.14
    spread: float = 0.3
    top: float = 0.35


def torso(pen: Pen, cut: Cut, body: Body) -> Body:
    """Draw trunk and sleeves, with the neckline cut out; return the measures after the cut."""
    shoulder, top = body.shoulder * cut.wide, body.top
    hem = body.hem + cut.long
    chest = shoulder - 0.03
    waist = chest * (0.94 if body.flare else 1) * cut.waist
    drop = body.drop + (0.12 if cut.detail % 8 == 1 else 0)
    sharp = cut.detail % 8 == 1
    neckline = [(0.0, top + drop)] + ([] if sharp else [(body.neck * 0.7, top + drop * 0.75)]) + [(body.neck, top)]
    side = [(shoulder, top + 0.14), (chest, top + 0.6), (waist, top + 0.95), (chest + body.flare, hem), (0.0, hem + 0.02)]
    pen.both([*neckline, *side])
    if body.sleeve:
        end = body.sleeve + (cut.long / 2 if body.sleeve < 1.2 else 0)
        reach = min(shoulder + body.spread * (end - top) / 1.4, 0.96 - body.cuff)  # within the picture
        sleeve = [
            (shoulder - 0.1, top + 0.08),
            (shoulder, top + 0.13),
            (reach + body.cuff, end - 0.04),
            (reach - 0.05, end),
            (chest, top + 0.6),
        ]
        pen.pair(sleeve)
        pen.lines([(shoulder - 0.02, top + 0.15), (chest - 0.02, top + 0.6)], 0.018, fill=140)
        pen.lines([(reach + body.cuff - 0.02, end - 0.12), (reach - 0.06, end - 0.09)], 0.018, fill=140)
    pen.lines([(body.neck, top), (body.neck * 0.7, top + drop * 0.75 + 0.05), (0, top + drop + 0.05)], 0.03, fill=190)
    finish(pen, cut, hem, chest, top)
    return body._replace(shoulder=shoulder, hem=hem)


def finish(pen: Pen, cut: Cut, hem: float, chest: float, top: float) -> None:
    """Draw the detail that the text names."""
    detail = cut.detail % 8
    if detail == 2:
        buttons(pen, top + 0.3, hem - 0.1)
    elif detail == 3:
        pen.lines([(chest * 0.35, hem - 0.3), (chest * 0.8, hem - 0.42)], 0.03)
    elif detail == 4:
        pen.line([(-chest, top + 0.95), (chest, top + 0.95)], 0.06, fill=120)
    elif detail == 6:
        pen.line([(-chest, top + 0.95), (chest, top + 0.95)], 0.05)
        pen.lines([(0, top + 0.95), (0.1, top + 1.2)], 0.04)
    elif detail == 7:
        wave = [(place / 10 * chest, hem - 0.1 + 0.04 * (place % 2)) for place in range(-10, 11)]
        pen.line(wave, 0.03)


def buttons(pen: Pen, first: float, last: float, x: float = 0.0, size: float = 0.028) -> None:
    """Draw a placket with buttons."""
    pen.line([(x, first), (x, last)], 0.015, fill=160)
    for place in range(5):
        pen.oval((x + 0.04, first + (last - first) * (place + 0.5) / 5), (size, size), "trims")


def hem_rib(pen: Pen, body: Body, deep: float = 0.09) -> None:
    """Draw the rib of a knit: short strokes along the hem."""
    chest = body.shoulder - 0.03
    pen.line([(-chest, body.hem - deep), (chest, body.hem - deep)], 0.02)
    for place in range(-6, 7):
        pen.line([(place / 6 * chest * 0.95, body.hem - deep), (place / 6 * chest * 0.95, body.hem)], 0.014, fill=150)


def lapels(pen: Pen, body: Body, meet: float) -> None:
    """Draw lapels that meet at a height."""
    top = body.top
    pen.pair([(0.02, meet), (0.2, top + 0.02), (0.3, top + 0.26), (0.22, top + 0.32), (0.27, top + 0.37)], "seams", 110)
    pen.lines([(0.0, meet), (0.3, top + 0.26), (0.2, top)], 0.025)
    pen.line([(0, meet), (0, body.hem)], 0.025)
