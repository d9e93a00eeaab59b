"""Soft shapes drawn with Pillow: several times too large, then made small, which gives smooth edges."""

from collections.abc import Callable, Sequence
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

type Point = tuple[float, float]
type Rgb = tuple[int, int, int]


def spline(points: Sequence[Point], *, closed: bool = True, steps: int = 8) -> list[Point]:
    """A smooth (Catmull-Rom) curve through `points`, `steps` points for each piece."""
    knots = np.asarray(points, dtype=np.float64)
    before, after = (knots[-1:], knots[:2]) if closed else (knots[:1], knots[-1:])
    knots = np.concatenate([before, knots, after])
    at = (np.arange(steps) / steps)[None, :, None]
    p0, p1, p2, p3 = (knots[shift : len(knots) - 3 + shift, None, :] for shift in range(4))
    curve = 0.5 * (
        2 * p1 + (p2 - p0) * at + (2 * p0 - 5 * p1 + 4 * p2 - p3) * at**2 + (3 * p1 - p0 - 3 * p2 + p3) * at**3
    )
    path = [(float(x), float(y)) for x, y in curve.reshape(-1, 2)]
    return path if closed else [*path, (float(points[-1][0]), float(points[-1][1]))]


def ellipse(cx: float, cy: float, rx: float, ry: float, turn_deg: float = 0.0) -> list[Point]:
    """Outline of a turned ellipse."""
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    x, y = rx * np.cos(angles), ry * np.sin(angles)
    turn = math.radians(turn_deg)
    xs, ys = cx + x * math.cos(turn) - y * math.sin(turn), cy + x * math.sin(turn) + y * math.cos(turn)
    return list(zip(xs.tolist(), ys.tolist(), strict=True))


class Pen:
    """Draws on a transparent sheet that covers `box` (x0, y0, x1, y1, even pixels of the frame)."""

    def __init__(self, box: tuple[int, int, int, int], *, scale: int = 3) -> None:
        self.box = box
        self._scale = scale
        self._matrix: NDArray[np.float64] = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
        self._stroke = 1.0
        x0, y0, x1, y1 = box
        self._sheet = Image.new("RGBA", ((x1 - x0) * scale, (y1 - y0) * scale), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self._sheet)

    def place(self, x: float, y: float, *, turn_deg: float = 0.0, sx: float = 1.0, sy: float = 1.0) -> None:
        """From now on points are turned, then scaled by `sx`, `sy`, then moved to `x`, `y`."""
        c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
        self._matrix = np.array([[sx * c, -sx * s, x], [sy * s, sy * c, y]])
        self._stroke = math.sqrt(sx * sy)

    def _path(self, points: Sequence[Point]) -> list[Point]:
        at = np.asarray(points, dtype=np.float64) @ self._matrix[:, :2].T + self._matrix[:, 2]
        at = (at - np.array(self.box[:2])) * self._scale
        return [(x, y) for x, y in at.tolist()]

    def fill(self, points: Sequence[Point], colour: Rgb) -> None:
        """A filled outline."""
        self._draw.polygon(self._path(points), fill=colour)

    def blob(self, points: Sequence[Point], colour: Rgb) -> None:
        """A filled outline, smoothed."""
        self.fill(spline(points), colour)

    def oval(self, cx: float, cy: float, rx: float, ry: float, colour: Rgb, turn_deg: float = 0.0) -> None:
        """A filled ellipse."""
        self.fill(ellipse(cx, cy, rx, ry, turn_deg), colour)

    def stroke(self, points: Sequence[Point], width: float, colour: Rgb, end_width: float | None = None) -> None:
        """A round-ended line along `points`, smoothed, thinning to `end_width`."""
        path = self._path(spline(points, closed=False, steps=10))
        last = width if end_width is None else end_width
        for index, (x, y) in enumerate(path):
            share = index / max(1, len(path) - 1)
            radius = (width + (last - width) * share) / 2 * self._stroke * self._scale
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
            if index:
                self._draw.line((path[index - 1], (x, y)), fill=colour, width=max(1, round(radius * 2)))

    def lift(self) -> Image.Image:
        """The sheet at frame size, RGBA; the pen gets an empty one."""
        scale = self._scale
        small = Image.new("RGBA", (self._sheet.width // scale, self._sheet.height // scale), (0, 0, 0, 0))
        if drawn := self._sheet.getbbox():
            x0, y0 = drawn[0] // scale, drawn[1] // scale
            x1, y1 = -(-drawn[2] // scale), -(-drawn[3] // scale)
            part = self._sheet.crop((x0 * scale, y0 * scale, x1 * scale, y1 * scale))
            small.paste(part.reduce(scale), (x0, y0))
            self._sheet.paste((0, 0, 0, 0), drawn)
        return small


def rounded(image: Image.Image, *, depth: float, size_px: float, shade: Rgb = (60, 40, 60)) -> Image.Image:
    """Soft shade inside the lower right edge of what `image` (RGBA) shows: gives flat shapes volume."""

    def shaded(part: Image.Image) -> Image.Image:
        alpha = part.getchannel("A")
        lit = ImageChops.offset(alpha, round(-size_px * 0.5), round(-size_px * 0.7))
        dark = ImageChops.invert(_soft(lit, size_px))
        edge = ImageChops.multiply(dark, alpha).point([round(value * depth) for value in range(256)])
        part.paste((*shade, 255), None, edge)
        part.putalpha(alpha)
        return part

    return _where_drawn(image, round(size_px * 2), shaded)


def cast_shadow(image: Image.Image, *, dx: int, dy: int, blur_px: float, strength: float) -> Image.Image:
    """`image` (RGBA) with a soft shadow below it."""

    def shadowed(part: Image.Image) -> Image.Image:
        shadow = _soft(ImageChops.offset(part.getchannel("A"), dx, dy), blur_px)
        under = Image.new("RGBA", part.size, (50, 38, 52, 0))
        under.putalpha(shadow.point([round(value * strength) for value in range(256)]))
        under.alpha_composite(part)
        return under

    return _where_drawn(image, round(max(abs(dx), abs(dy)) + blur_px * 2), shadowed)


def _soft(mask: Image.Image, radius_px: float) -> Image.Image:
    """`mask` blurred, at half its size: a blur hides that, and costs a quarter."""
    small = mask.reduce(2).filter(ImageFilter.GaussianBlur(radius_px / 2))
    return small.resize(mask.size, Image.Resampling.BILINEAR)


def _where_drawn(image: Image.Image, margin: int, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """`image` with `change` done to the part that shows something (and `margin` around): sheets are mostly empty."""
    drawn = image.getbbox()
    if drawn is None:
        return image
    x0, y0 = max(0, drawn[0] - margin), max(0, drawn[1] - margin)
    box = (x0, y0, min(image.width, drawn[2] + margin), min(image.height, drawn[3] + margin))
    image.paste(change(image.crop(box)), box[:2])
    return image
