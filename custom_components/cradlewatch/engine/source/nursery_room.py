"""The room of the drawn nursery: wall, window, furniture, and the crib as a layer of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .nursery_pen import Pen, Rgb, cast_shadow, ellipse, rounded
from .nursery_things import draw_bunny, draw_bunting, draw_dresser, draw_lamp, draw_mobile, draw_picture

SIZE_WH = (1280, 720)
_FRAME = (0, 0, *SIZE_WH)

_WOOD: Rgb = (226, 194, 152)
_WOOD_DARK: Rgb = (199, 163, 122)
_WOOD_LIGHT: Rgb = (240, 214, 178)

type Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Room:
    """What stands still: `empty` without the crib, `crib` (RGBA) and `rail` (RGBA), the part before the child."""

    empty: Image.Image
    crib: Image.Image
    rail: Image.Image

    def picture(self) -> Floats:
        """Room and empty crib, float32 (720, 1280, 3)."""
        whole = self.empty.copy()
        whole.alpha_composite(self.crib)
        whole.alpha_composite(self.rail)
        picture: Floats = np.asarray(whole.convert("RGB"), dtype=np.float32)
        return picture


def draw_room(*, infrared: bool) -> Room:
    """Draw the nursery by day, or as it stands at night with the curtains drawn and the lamp off."""
    wall = _wall_and_floor()
    wall.alpha_composite(_window(dark=infrared))
    wall.alpha_composite(_furniture(lamp_on=not infrared))
    if not infrared:
        wall = _daylight(wall)
    crib, rail = _crib_back(), _crib_front()
    ground = Image.new("RGBA", SIZE_WH, (0, 0, 0, 0))
    ImageDraw.Draw(ground).ellipse((285, 625, 1000, 690), fill=(60, 40, 40, 110))
    wall.alpha_composite(ground.filter(ImageFilter.GaussianBlur(14)))
    return Room(empty=wall, crib=crib, rail=rail)


def night_light() -> Floats:
    """Infrared lamps light the middle of the picture: brightness 0-1, float32 (720, 1280)."""
    y, x = np.mgrid[0:720, 0:1280].astype(np.float32)
    far = ((x - 640) / 820) ** 2 + ((y - 440) / 520) ** 2
    light: Floats = np.clip(1.12 - 0.62 * far, 0.18, 1.05).astype(np.float32)
    return light


def day_light() -> Floats:
    """A lens is a little darker at its edges: brightness 0-1, float32 (720, 1280)."""
    y, x = np.mgrid[0:720, 0:1280].astype(np.float32)
    far = ((x - 620) / 900) ** 2 + ((y - 360) / 620) ** 2
    light: Floats = np.clip(1.04 - 0.17 * far, 0.6, 1.0).astype(np.float32)
    return light


def _wall_and_floor() -> Image.Image:
    rows = np.linspace(0, 1, 720, dtype=np.float32)[:, None, None]
    wall = np.array((243, 231, 214), np.float32) * (1 - 0.07 * rows)
    sheet = np.broadcast_to(wall, (720, 1280, 3)).copy()
    image = Image.fromarray(sheet.astype(np.uint8)).convert("RGBA")
    pen = Pen(_FRAME, scale=2)
    for row, y in enumerate(range(34, 330, 62)):
        for x in range(30 + row % 2 * 44, 1280, 88):
            pen.oval(x, y, 3.2, 3.2, (231, 213, 190))
    _box(pen, (0, 338, 1280, 496), (190, 206, 190))
    for x in range(-20, 1280, 46):
        _box(pen, (x, 346, x + 2, 496), (176, 194, 177))
    _box(pen, (0, 330, 1280, 346), (246, 243, 232))
    _box(pen, (0, 346, 1280, 349), (164, 182, 166))
    _box(pen, (0, 496, 1280, 720), (207, 171, 131))
    for row, (top, bottom) in enumerate(((496, 524), (524, 562), (562, 610), (610, 664), (664, 720))):
        for x in range(-160 + row * 97 % 260, 1280, 330):
            shade = (x * 7 + row * 13) % 11 - 5
            _box(pen, (x, top, x + 328, bottom - 1), (211 + shade, 176 + shade, 136 + shade))
    _box(pen, (0, 482, 1280, 498), (244, 240, 228))
    _box(pen, (0, 497, 1280, 500), (160, 124, 92))
    for rx, ry, colour in ((520, 76, (224, 176, 160)), (496, 68, (238, 204, 188)), (440, 54, (229, 186, 170))):
        pen.oval(642, 655, rx, ry, colour)
    image.alpha_composite(pen.lift())
    return image


def _window(*, dark: bool) -> Image.Image:
    pen = Pen(_FRAME, scale=2)
    _box(pen, (84, 56, 372, 310), (250, 247, 238))
    sky: Rgb = (66, 74, 92) if dark else (190, 224, 240)
    _box(pen, (98, 70, 358, 296), sky)
    if not dark:
        for cx, cy, r in (
            (150, 130, 24),
            (178, 120, 30),
            (208, 132, 22),
            (290, 180, 18),
            (312, 172, 24),
            (334, 182, 17),
        ):
            pen.oval(cx, cy, r, r * 0.62, (250, 252, 252))
        pen.blob([(98, 300), (98, 262), (150, 240), (220, 262), (290, 236), (358, 258), (358, 300)], (158, 196, 150))
        pen.blob([(98, 302), (98, 284), (180, 270), (270, 282), (358, 272), (358, 302)], (134, 178, 130))
        _box(pen, (84, 296, 372, 310), (250, 247, 238))
    _box(pen, (223, 62, 233, 300), (250, 247, 238))
    _box(pen, (90, 176, 366, 184), (250, 247, 238))
    _box(pen, (72, 306, 384, 322), (247, 241, 228))
    _box(pen, (72, 320, 384, 324), (206, 192, 170))
    frame = rounded(pen.lift(), depth=0.25, size_px=4)
    pull = 62 if dark else 0
    cloth: Rgb = (232, 176, 148)
    fold: Rgb = (218, 158, 130)
    for side in (-1, 1):
        edge = 228 + side * 158
        inner = 228 + side * (78 - pull)
        waist = 228 + side * (112 - pull * 1.4)
        pen.blob([(edge, 40), (inner, 42), (waist, 190), (inner - side * -8, 338), (edge + side * 8, 340)], cloth)
        for share in (0.25, 0.5, 0.75):
            top, bottom = inner + (edge - inner) * share, waist + (edge - waist) * share
            pen.stroke([(top, 48), (bottom, 190), (top + side * 4, 334)], 5, fold, 8)
    pen.stroke([(52, 42), (404, 42)], 9, (188, 146, 104))
    for x in (50, 406):
        pen.oval(x, 42, 9, 9, (206, 164, 120))
    curtains = rounded(pen.lift(), depth=0.35, size_px=6)
    frame.alpha_composite(cast_shadow(curtains, dx=3, dy=4, blur_px=5, strength=0.3))
    return frame


def _furniture(*, lamp_on: bool) -> Image.Image:
    pen = Pen(_FRAME, scale=2)
    draw_bunting(pen)
    sheet = cast_shadow(pen.lift(), dx=2, dy=4, blur_px=3, strength=0.3)
    draw_picture(pen)
    sheet.alpha_composite(cast_shadow(pen.lift(), dx=3, dy=5, blur_px=4, strength=0.4))
    draw_dresser(pen)
    sheet.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.3, size_px=5), dx=-6, dy=4, blur_px=9, strength=0.35))
    draw_lamp(pen, lit=lamp_on)
    draw_bunny(pen)
    sheet.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.4, size_px=5), dx=2, dy=3, blur_px=4, strength=0.3))
    draw_mobile(pen)
    sheet.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.3, size_px=3), dx=8, dy=10, blur_px=8, strength=0.2))
    return sheet


def _daylight(room: Image.Image) -> Image.Image:
    """A slanting patch of sun on wall and floor, and the lamp's warm glow."""
    glow = Image.new("RGBA", SIZE_WH, (255, 238, 196, 0))
    mask = Image.new("L", SIZE_WH, 0)
    draw = ImageDraw.Draw(mask)
    draw.polygon([(150, 500), (290, 500), (470, 720), (250, 720)], fill=66)
    draw.polygon([(420, 120), (520, 150), (560, 330), (440, 330)], fill=34)
    mask = mask.filter(ImageFilter.GaussianBlur(14))
    spot = Image.new("L", SIZE_WH, 0)
    ImageDraw.Draw(spot).polygon(ellipse(1128, 218, 120, 100), fill=90)
    spot = spot.filter(ImageFilter.GaussianBlur(42))
    glow.putalpha(Image.fromarray(np.maximum(np.asarray(mask), np.asarray(spot))))
    lit = room.copy()
    lit.alpha_composite(glow)
    return lit


def _crib_back() -> Image.Image:
    pen = Pen(_FRAME, scale=2)
    for x in range(384, 912, 33):
        _box(pen, (x, 318, x + 12, 424), _WOOD_DARK)
    pen.blob([(344, 330), (350, 300), (640, 282), (930, 300), (936, 330), (640, 318)], _WOOD)
    for x in (340, 918):
        _box(pen, (x, 296, x + 24, 470), _WOOD)
        pen.oval(x + 12, 292, 15, 13, _WOOD_LIGHT)
    sheet = cast_shadow(rounded(pen.lift(), depth=0.35, size_px=4), dx=6, dy=6, blur_px=6, strength=0.3)
    for left, right in ((352, 312), (928, 968)):
        for share in (0.2, 0.4, 0.6, 0.8):
            slat = left + (right - left) * share
            top = 338 + (470 - 338) * share
            _box(pen, (slat - 5, top, slat + 5, top + 140), _WOOD_DARK)
        pen.stroke([(left, 318), (right, 452)], 17, _WOOD)
    _box(pen, (318, 560, 962, 640), (150, 118, 88))
    pen.fill([(372, 404), (908, 404), (960, 566), (320, 566)], (250, 245, 236))
    pen.fill([(320, 566), (960, 566), (958, 606), (322, 606)], (226, 216, 204))
    for seam in range(1, 12):
        pen.stroke([(372 + 536 * seam / 12, 408), (320 + 640 * seam / 12, 562)], 1.6, (240, 230, 220))
    sheet.alpha_composite(rounded(pen.lift(), depth=0.25, size_px=6))
    pen.fill([(372, 404), (908, 404), (918, 436), (362, 436)], (70, 52, 60))
    shade = pen.lift().filter(ImageFilter.GaussianBlur(9))
    shade.putalpha(shade.getchannel("A").point(lambda value: value * 0.22))
    sheet.alpha_composite(shade)
    return sheet


def _crib_front() -> Image.Image:
    pen = Pen(_FRAME, scale=2)
    for x in range(338, 940, 37):
        _box(pen, (x, 556, x + 14, 652), _WOOD)
    sheet = cast_shadow(rounded(pen.lift(), depth=0.5, size_px=3), dx=4, dy=3, blur_px=4, strength=0.35)
    _box(pen, (306, 646, 974, 664), _WOOD)
    pen.stroke([(300, 553), (980, 553)], 22, _WOOD_LIGHT)
    for x in (292, 962):
        _box(pen, (x, 452, x + 28, 690), _WOOD)
        pen.oval(x + 14, 448, 18, 15, _WOOD_LIGHT)
    sheet.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.4, size_px=5), dx=0, dy=5, blur_px=5, strength=0.35))
    _blanket(pen)
    sheet.alpha_composite(cast_shadow(rounded(pen.lift(), depth=0.4, size_px=7), dx=3, dy=5, blur_px=6, strength=0.35))
    return sheet


def _blanket(pen: Pen) -> None:
    """Folded over the rail, out of the child's reach."""
    pen.blob(
        [(838, 544), (866, 540), (940, 541), (944, 560), (941, 634), (890, 640), (836, 633), (834, 566)],
        (214, 140, 128),
    )
    for y, colour in ((572, (246, 226, 204)), (590, (246, 226, 204)), (622, (232, 178, 120))):
        pen.stroke([(836, y), (890, y + 4), (942, y)], 5, colour)


def _box(pen: Pen, box: tuple[float, float, float, float], colour: Rgb) -> None:
    x0, y0, x1, y1 = box
    pen.fill([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
