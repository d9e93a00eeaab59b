"""Things that stand and hang in the drawn nursery."""

import math

from .nursery_pen import Pen, Point, Rgb

_CREAM: Rgb = (252, 246, 234)


def star(cx: float, cy: float, radius: float, turn_deg: float = 0.0) -> list[Point]:
    """A star with five soft points."""
    points: list[Point] = []
    for corner in range(10):
        angle = math.radians(turn_deg + corner * 36 - 90)
        reach = radius if corner % 2 == 0 else radius * 0.52
        points.append((cx + reach * math.cos(angle), cy + reach * math.sin(angle)))
    return points


def draw_bunting(pen: Pen) -> None:
    """Little flags on a string along the wall."""
    colours: tuple[Rgb, ...] = ((222, 150, 136), (238, 196, 132), (150, 184, 176), (214, 178, 190))
    string = [(430.0 + step * 14, 60 + 34 * math.sin(math.pi * step / 62)) for step in range(63)]
    for step in range(2, 61, 4):
        (x0, y0), (x1, y1) = string[step], string[min(step + 2, 62)]
        pen.fill([(x0, y0), (x1, y1), ((x0 + x1) / 2, (y0 + y1) / 2 + 34)], colours[step // 4 % 4])
    pen.stroke(string, 2.4, (176, 150, 120))


def draw_picture(pen: Pen) -> None:
    """A framed moon over hills."""
    _box(pen, (872, 122, 984, 250), (204, 164, 122))
    _box(pen, (880, 130, 976, 242), _CREAM)
    _box(pen, (890, 140, 966, 232), (120, 146, 172))
    pen.oval(936, 168, 19, 19, (250, 232, 180))
    pen.oval(944, 163, 16, 16, (120, 146, 172))
    for x, y, r in ((905, 156, 4), (912, 184, 3), (955, 196, 3.4)):
        pen.fill(star(x, y, r), (250, 240, 210))
    pen.fill([(890, 232), (890, 212), (915, 200), (940, 214), (966, 204), (966, 232)], (96, 128, 120))


def draw_dresser(pen: Pen) -> None:
    """White chest of drawers at the right."""
    for x in (1052, 1234):
        _box(pen, (x, 520, x + 16, 560), (204, 164, 122))
    _box(pen, (1036, 322, 1266, 540), (244, 239, 230))
    _box(pen, (1028, 312, 1274, 328), (224, 190, 150))
    for top in (340, 406, 472):
        _box(pen, (1048, top, 1254, top + 58), (222, 214, 203))
        _box(pen, (1050, top + 2, 1252, top + 55), (250, 246, 239))
        for x in (1100, 1202):
            pen.oval(x, top + 29, 7, 7, (206, 164, 120))


def draw_lamp(pen: Pen, *, lit: bool) -> None:
    """A table lamp on the dresser."""
    pen.oval(1130, 308, 34, 8, (196, 150, 118))
    pen.blob([(1112, 304), (1104, 278), (1122, 252), (1138, 252), (1156, 278), (1148, 304)], (196, 132, 116))
    shade: Rgb = (255, 238, 190) if lit else (216, 206, 190)
    pen.fill([(1096, 170), (1164, 170), (1184, 252), (1076, 252)], shade)
    pen.stroke([(1096, 171), (1164, 171)], 4, (232, 206, 160))
    pen.stroke([(1077, 251), (1183, 251)], 5, (232, 206, 160))


def draw_bunny(pen: Pen) -> None:
    """A plush rabbit and two books beside the lamp."""
    _box(pen, (1040, 298, 1092, 312), (150, 184, 176))
    _box(pen, (1044, 286, 1088, 298), (222, 150, 136))
    fur: Rgb = (222, 208, 200)
    pen.oval(1226, 284, 27, 28, fur)
    pen.oval(1216, 208, 8, 26, fur, -10)
    pen.oval(1238, 208, 8, 26, fur, 12)
    pen.oval(1216, 210, 4, 18, (232, 184, 178), -10)
    pen.oval(1238, 210, 4, 18, (232, 184, 178), 12)
    pen.oval(1227, 246, 23, 21, fur)
    for x in (1219, 1235):
        pen.oval(x, 243, 2.6, 3, (76, 58, 58))
    pen.oval(1227, 251, 3.4, 2.4, (214, 140, 136))
    for x, turn in ((1206, 24), (1248, -24)):
        pen.oval(x, 282, 8, 17, fur, turn)
    for x in (1212, 1242):
        pen.oval(x, 306, 12, 8, (234, 222, 214))


def draw_mobile(pen: Pen) -> None:
    """Moon, stars and clouds that hang over the crib."""
    string: Rgb = (170, 140, 112)
    pen.stroke([(640, -6), (640, 62)], 2.6, string)
    pen.stroke([(548, 74), (640, 60), (732, 74)], 7, (224, 190, 150))
    for x, y in ((552, 132), (596, 112), (684, 116), (728, 136)):
        pen.stroke([(x, 72), (x, y)], 1.8, string)
    pen.stroke([(640, 64), (640, 138)], 1.8, string)
    pen.fill(star(596, 124, 17, 8), (242, 204, 132))
    pen.fill(star(728, 148, 16, -12), (226, 156, 140))
    for x, y, colour in ((552, 146, (168, 196, 208)), (684, 130, (250, 246, 240))):
        for dx, dy, r in ((-13, 3, 10), (0, -3, 14), (14, 3, 10)):
            pen.oval(x + dx, y + dy, r, r * 0.85, colour)
    moon: list[Point] = []
    for step in range(24):
        angle = math.radians(50 + step * 260 / 23)
        moon.append((638 + 22 * math.cos(angle), 160 + 22 * math.sin(angle)))
    for step in range(24):
        angle = math.radians(298 - step * 236 / 23)
        moon.append((648 + 16 * math.cos(angle), 158 + 16 * math.sin(angle)))
    pen.fill(moon, (248, 226, 166))


def _box(pen: Pen, box: tuple[float, float, float, float], colour: Rgb) -> None:
    x0, y0, x1, y1 = box
    pen.fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
