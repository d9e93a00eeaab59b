"""The drawn child: one puppet in a sleeping bag, posed by figures so that every move is a blend of two poses."""

from dataclasses import dataclass, fields
import math

from PIL import Image

from .nursery_pen import Pen, Point, Rgb, cast_shadow, rounded
from .nursery_things import star

_SKIN: Rgb = (248, 211, 184)
_SKIN_SHADE: Rgb = (236, 188, 160)
_BLUSH: tuple[Rgb, ...] = ((247, 202, 177), (246, 192, 170), (244, 181, 163))
_ANGRY: tuple[Rgb, ...] = ((245, 190, 168), (241, 170, 152), (236, 150, 138))
_HAIR: Rgb = (142, 98, 68)
_HAIR_LIGHT: Rgb = (166, 120, 84)
_INK: Rgb = (78, 52, 50)
_BAG: Rgb = (118, 166, 172)
_BAG_DARK: Rgb = (96, 144, 152)
_STAR: Rgb = (250, 236, 204)
_SLEEVE: Rgb = (250, 240, 222)
_STRIPE: Rgb = (232, 196, 160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A pose. The neck is at `x`, `y` (frame pixels); lengths below it are in the puppet's own upright pixels."""

    x: float
    y: float
    turn_deg: float = 0.0
    flat: float = 1.0
    """Foreshortening of the height on the screen: lying children are seen at an angle."""
    length: float = 200.0
    hip: float = 66.0
    breath: float = 0.0
    kick_left: float = 0.0
    kick_right: float = 0.0
    left_x: float = -84.0
    left_y: float = -22.0
    right_x: float = 84.0
    right_y: float = -22.0
    elbow: float = 26.0
    head_x: float = 0.0
    head_y: float = 0.0
    head_deg: float = 0.0
    eyes: float = 0.0
    squeeze: float = 0.0
    smile: float = 0.0
    mouth: float = 0.0
    gaze: float = 0.0

    def toward(self, other: Figure, share: float) -> Figure:
        """The pose `share` (0-1) of the way to `other`."""
        return Figure(
            **{
                item.name: getattr(self, item.name) * (1 - share) + getattr(other, item.name) * share
                for item in fields(self)
            }
        )


def draw_child(figure: Figure, *, infrared: bool) -> tuple[Image.Image, tuple[int, int]]:
    """The child, RGBA, and the frame position of its upper left pixel."""
    pen = _pen_for(figure)
    _draw_bag(pen, figure)
    image = rounded(pen.lift(), depth=0.42, size_px=9)
    _draw_arms(pen, figure)
    image.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.4, size_px=5), dx=2, dy=4, blur_px=4, strength=0.28))
    _draw_head(pen, figure)
    head = rounded(pen.lift(), depth=0.3, size_px=9, shade=(150, 84, 70))
    _draw_face(pen, figure, infrared=infrared)
    head.alpha_composite(pen.lift())
    image.alpha_composite(cast_shadow(head, dx=3, dy=5, blur_px=5, strength=0.3))
    return cast_shadow(image, dx=2, dy=7, blur_px=7, strength=0.3), pen.box[:2]


def draw_hands(figure: Figure) -> Image.Image:
    """The hands alone, RGBA, of the size and at the place of `draw_child`'s picture."""
    pen = _pen_for(figure)
    for side, hand in ((-1, (figure.left_x, figure.left_y)), (1, (figure.right_x, figure.right_y))):
        _draw_hand(pen, side, hand)
    return rounded(pen.lift(), depth=0.35, size_px=4)


def _pen_for(figure: Figure) -> Pen:
    pen = Pen(_box_of(figure), scale=2)
    pen.place(figure.x, figure.y, turn_deg=figure.turn_deg, sx=1.0, sy=figure.flat)
    return pen


def _box_of(figure: Figure) -> tuple[int, int, int, int]:
    """Frame pixels around head, body and arms, whatever the turn; even numbers, inside the frame."""
    turn = math.radians(figure.turn_deg)
    down_x, down_y = -math.sin(turn), math.cos(turn) * figure.flat
    ends = [(figure.x + down_x * at, figure.y + down_y * at) for at in (-66.0, figure.length)]
    left, right = min(x for x, _ in ends) - 122, max(x for x, _ in ends) + 122
    top, bottom = min(y for _, y in ends) - 112, max(y for _, y in ends) + 112
    return (
        int(max(0, left)) // 2 * 2,
        int(max(0, top)) // 2 * 2,
        int(min(1280, right)) // 2 * 2,
        int(min(720, bottom)) // 2 * 2,
    )


def _draw_bag(pen: Pen, figure: Figure) -> None:
    chest = 42 + figure.breath * 0.9
    waist = 50 + figure.breath * 1.2
    length, hip = figure.length, figure.hip
    left, right = figure.kick_left, figure.kick_right
    outline: list[Point] = [
        (-24, -2),
        (-chest, 16),
        (-waist, length * 0.45),
        (-hip - left * 0.3, length * 0.82),
        (-hip * 0.62 - left * 0.2, length + left),
        (0, length * 0.97 + (left + right) * 0.3),
        (hip * 0.62 + right * 0.2, length + right),
        (hip + right * 0.3, length * 0.82),
        (waist, length * 0.45),
        (chest, 16),
        (24, -2),
    ]
    pen.blob(outline, _BAG)
    pen.stroke([(0, 14), (1, length * 0.5), (0, length * 0.9)], 2.6, _BAG_DARK)
    for x, y, radius in ((-25, 0.28, 7), (24, 0.22, 6), (-32, 0.62, 8), (30, 0.55, 8), (-12, 0.84, 6), (22, 0.84, 7)):
        swell = 1 + figure.breath * 0.02
        pen.fill(star(x * swell, length * y, radius, x * 3), _STAR)
    pen.stroke([(-26, 3), (0, 13), (26, 3)], 8, _SLEEVE)


def _draw_arms(pen: Pen, figure: Figure) -> None:
    for side, (x, y) in ((-1, (figure.left_x, figure.left_y)), (1, (figure.right_x, figure.right_y))):
        shoulder = (side * 37.0, 20.0)
        middle = ((shoulder[0] + x) / 2, (shoulder[1] + y) / 2)
        reach = math.hypot(x - shoulder[0], y - shoulder[1]) or 1.0
        away = side * figure.elbow / reach
        # The elbow lies off the line from shoulder to hand, outwards and down.
        elbow = (
            middle[0] - (y - shoulder[1]) * away * side * 0.2 + side * figure.elbow * 0.6,
            middle[1] + figure.elbow * 0.7,
        )
        _draw_hand(pen, side, (x, y))
        cuff = (x + (elbow[0] - x) * 0.16, y + (elbow[1] - y) * 0.16)
        pen.stroke([shoulder, elbow, cuff], 33, _SLEEVE, 25)
        pen.stroke([cuff, (cuff[0] + (elbow[0] - x) * 0.02, cuff[1] + (elbow[1] - y) * 0.02)], 26, _STRIPE)


def _draw_hand(pen: Pen, side: int, hand: Point) -> None:
    x, y = hand
    pen.oval(x, y, 13, 13, _SKIN)
    pen.oval(x - side * 9, y + 3, 5, 7, _SKIN_SHADE, side * 20)


def _local(figure: Figure) -> tuple[float, float, float, float]:
    """Head centre, and cosine and sine of its tilt."""
    tilt = math.radians(figure.head_deg)
    return figure.head_x, figure.head_y - 54, math.cos(tilt), math.sin(tilt)


def _spot(figure: Figure, x: float, y: float) -> Point:
    return _on_head(figure, [(x, y)])[0]


def _on_head(figure: Figure, points: list[Point]) -> list[Point]:
    cx, cy, c, s = _local(figure)
    return [(cx + x * c - y * s, cy + x * s + y * c) for x, y in points]


def _draw_head(pen: Pen, figure: Figure) -> None:
    tilt = figure.head_deg
    for side in (-1, 1):
        pen.oval(*_spot(figure, side * 55, 8), 11, 13, _SKIN, tilt)
        pen.oval(*_spot(figure, side * 56, 8), 6, 8, _SKIN_SHADE, tilt)
    pen.blob(
        _on_head(
            figure,
            [
                (0, -54),
                (34, -44),
                (55, -12),
                (57, 14),
                (42, 40),
                (18, 51),
                (-18, 51),
                (-42, 40),
                (-57, 14),
                (-55, -12),
                (-34, -44),
            ],
        ),
        _SKIN,
    )
    cap: list[Point] = [
        (-57, 2),
        (-56, -20),
        (-36, -48),
        (0, -58),
        (36, -48),
        (56, -20),
        (57, 2),
        (49, -10),
        (38, -26),
        (14, -36),
        (-6, -32),
        (-28, -26),
        (-48, -10),
    ]
    pen.blob(_on_head(figure, cap), _HAIR)
    pen.stroke(_on_head(figure, [(-30, -40), (-8, -48), (18, -46)]), 4, _HAIR_LIGHT, 2)
    pen.stroke(_on_head(figure, [(-4, -54), (2, -68), (16, -70), (17, -60), (9, -60)]), 7, _HAIR, 4)


def _draw_face(pen: Pen, figure: Figure, *, infrared: bool) -> None:
    tilt = figure.head_deg
    for size, colour in zip((13.0, 10.0, 6.5), _ANGRY if figure.squeeze > 0.5 else _BLUSH, strict=True):
        for side in (-1, 1):
            pen.oval(*_spot(figure, side * 34, 23), size, size * 0.78, colour, tilt)
    for side in (-1, 1):
        _draw_eye(pen, figure, side, infrared=infrared)
    pen.stroke(_on_head(figure, [(-3.5, 15), (0, 18), (3.5, 15)]), 3.2, (222, 160, 134))
    _draw_mouth(pen, figure)
    if figure.squeeze > 0.5:
        for side, fall in ((-1, 12 + 14 * figure.mouth), (1, 24 - 8 * figure.mouth)):
            pen.oval(*_spot(figure, side * 36, 10 + fall), 4, 5.5, (196, 226, 240), tilt)
            pen.oval(*_spot(figure, side * 36 - 1, 9 + fall), 1.5, 2, (240, 250, 255), tilt)


def _draw_eye(pen: Pen, figure: Figure, side: int, *, infrared: bool) -> None:
    x = side * 22 + figure.gaze
    lift = -3 * figure.smile
    if figure.squeeze > 0.5:
        pen.stroke(_on_head(figure, [(x - side * 9, 1), (x + side * 4, 6), (x - side * 8, 10)]), 3.6, _INK)
        pen.stroke(_on_head(figure, [(x - side * 9, -9), (x + side * 8, -12)]), 4, _HAIR)
        return
    pen.stroke(_on_head(figure, [(x - 9, -14 + lift), (x, -17 + lift), (x + 9, -14 + lift)]), 3.4, _HAIR_LIGHT)
    if figure.eyes < 0.3:
        pen.stroke(_on_head(figure, [(x - 9, 4), (x - 4, 8.5), (x + 4, 8.5), (x + 9, 4)]), 3.2, _INK)
        pen.stroke(_on_head(figure, [(x + side * 8, 5), (x + side * 12, 8)]), 2.4, _INK)
        return
    centre = _on_head(figure, [(x, 5)])[0]
    pen.oval(*centre, 7.6, 9.2 * figure.eyes, (190, 180, 176) if infrared else (70, 44, 42), figure.head_deg)
    if infrared:
        pen.oval(*centre, 5.2, 6.4 * figure.eyes, (255, 255, 255))
        return
    for dx, dy, radius in ((-2.4, -3.4, 2.8), (2.4, 3.0, 1.4)):
        pen.oval(*_on_head(figure, [(x + dx, 5 + dy * figure.eyes)])[0], radius, radius * figure.eyes, (255, 255, 252))


def _draw_mouth(pen: Pen, figure: Figure) -> None:
    if figure.mouth > 0.12:
        wide, tall = 9 + 8 * figure.mouth, 3 + 13 * figure.mouth
        frown = 4 * figure.squeeze
        lips: list[Point] = [
            (-wide, 32 + frown),
            (-wide * 0.6, 31 - tall * 0.35),
            (wide * 0.6, 31 - tall * 0.35),
            (wide, 32 + frown),
            (wide * 0.6, 32 + tall * 0.55),
            (-wide * 0.6, 32 + tall * 0.55),
        ]
        pen.blob(_on_head(figure, lips), (150, 58, 62))
        pen.oval(
            *_on_head(figure, [(0, 32 + tall * 0.36)])[0], wide * 0.55, tall * 0.26, (232, 128, 124), figure.head_deg
        )
        return
    curve = 5 * figure.smile
    wide = 6 + 7 * figure.smile
    pen.stroke(_on_head(figure, [(-wide, 29), (0, 30 + curve), (wide, 29)]), 3.2, (186, 92, 84))
