"""The drawn adult who looks in: walking, and holding the child."""

from PIL import Image

from .nursery_pen import Pen, Rgb, cast_shadow, rounded

CARER_X = 640
"""Where the carer stands in the pictures made here; they are moved from there."""

_BOX = (500, 0, 780, 640)
_SKIN: Rgb = (236, 188, 156)
_HAIR: Rgb = (94, 64, 54)
_CARDIGAN: Rgb = (226, 174, 98)
_CARDIGAN_DARK: Rgb = (206, 152, 80)
_SHIRT: Rgb = (250, 242, 228)
_SKIRT: Rgb = (92, 108, 136)
_INK: Rgb = (74, 48, 46)


def draw_carer(*, arms: str) -> tuple[Image.Image, tuple[int, int]]:
    """The carer, RGBA, and the frame position of its upper left pixel.

    `arms`: "down", "away" (drawn apart), "folded" (down to the elbows).
    """
    pen = Pen(_BOX, scale=2)
    for side in (-1, 1):
        pen.stroke([(640 + side * 22, 520), (640 + side * 22, 600)], 30, _SKIN, 24)
        pen.blob(
            [(640 + side * 8, 596), (640 + side * 38, 596), (640 + side * 44, 618), (640 + side * 4, 618)],
            (150, 96, 84),
        )
    pen.blob([(590, 356), (640, 346), (690, 356), (722, 540), (640, 560), (558, 540)], _SKIRT)
    sheet = rounded(pen.lift(), depth=0.4, size_px=9)
    pen.blob(
        [(614, 196), (666, 196), (704, 214), (706, 300), (698, 376), (640, 386), (582, 376), (574, 300), (576, 214)],
        _CARDIGAN,
    )
    pen.blob([(620, 198), (660, 198), (664, 290), (656, 378), (624, 378), (616, 290)], _SHIRT)
    pen.stroke([(616, 200), (616, 290), (623, 378)], 5, _CARDIGAN_DARK)
    pen.stroke([(664, 200), (664, 290), (657, 378)], 5, _CARDIGAN_DARK)
    if arms == "down":
        for side in (-1, 1):
            pen.oval(640 + side * 88, 378, 15, 19, _SKIN)
            pen.stroke([(640 + side * 54, 226), (640 + side * 80, 290), (640 + side * 87, 362)], 40, _CARDIGAN, 32)
    elif arms == "folded":
        pen.stroke([(586, 226), (566, 268), (560, 322)], 40, _CARDIGAN, 36)
        pen.stroke([(694, 226), (716, 262), (718, 300)], 40, _CARDIGAN, 36)
    sheet.alpha_composite(rounded(pen.lift(), depth=0.4, size_px=9))
    sheet.alpha_composite(_head(pen))
    return cast_shadow(sheet, dx=8, dy=8, blur_px=10, strength=0.3), _BOX[:2]


def draw_holding_arms() -> tuple[Image.Image, tuple[int, int]]:
    """The lower arms alone, around a child in front of the chest."""
    pen = Pen(_BOX, scale=2)
    pen.oval(652, 352, 18, 14, _SKIN)
    pen.stroke([(560, 322), (584, 352), (640, 352)], 37, _CARDIGAN, 31)
    pen.oval(634, 310, 18, 14, _SKIN)
    pen.stroke([(718, 300), (700, 318), (646, 312)], 37, _CARDIGAN, 31)
    return cast_shadow(rounded(pen.lift(), depth=0.45, size_px=7), dx=2, dy=5, blur_px=5, strength=0.3), _BOX[:2]


def draw_reaching_arms() -> tuple[Image.Image, tuple[int, int]]:
    """The arms alone, stretched down to the mattress in front."""
    pen = Pen(_BOX, scale=2)
    for shoulder, elbow, wrist in (((590, 228), (566, 310), (586, 420)), ((690, 228), (700, 310), (652, 424))):
        pen.oval(wrist[0] - 2, wrist[1] + 22, 16, 21, _SKIN)
        pen.stroke([shoulder, elbow, wrist], 40, _CARDIGAN, 31)
    return cast_shadow(rounded(pen.lift(), depth=0.45, size_px=7), dx=4, dy=8, blur_px=6, strength=0.3), _BOX[:2]


def _head(pen: Pen) -> Image.Image:
    pen.oval(652, 42, 30, 26, _HAIR)
    pen.blob(
        [(584, 96), (596, 58), (640, 42), (684, 58), (696, 96), (690, 150), (668, 170), (612, 170), (590, 150)], _HAIR
    )
    pen.stroke([(640, 160), (640, 206)], 38, (222, 170, 140))
    pen.blob([(640, 64), (674, 78), (684, 112), (674, 146), (640, 168), (606, 146), (596, 112), (606, 78)], _SKIN)
    pen.blob(
        [(594, 112), (596, 78), (640, 56), (684, 78), (686, 112), (672, 92), (648, 80), (622, 88), (606, 98)], _HAIR
    )
    for side in (-1, 1):
        x = 636 + side * 18
        for size, colour in ((9.0, (233, 176, 148)), (6.0, (231, 164, 140))):
            pen.oval(x + side * 8, 130, size, size * 0.75, colour)
        pen.stroke([(x - 7, 113), (x, 117), (x + 7, 113)], 3.2, _INK)
        pen.stroke([(x - 8, 100), (x, 97), (x + 8, 100)], 3, _HAIR)
    pen.stroke([(633, 124), (636, 128), (640, 125)], 3, (206, 146, 118))
    pen.stroke([(623, 140), (635, 147), (648, 140)], 3.4, (178, 84, 78))
    return cast_shadow(rounded(pen.lift(), depth=0.3, size_px=8), dx=2, dy=5, blur_px=5, strength=0.25)
