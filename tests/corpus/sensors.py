"""What sensors, lamps and cameras put into a picture that is no movement: grain of many kinds, bands, clocks, dust.

Nothing here knows the detectors. A grain takes (generator, deviation per pixel, time) and gives the noise of one frame.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from .rooms import HEIGHT_PX, WIDTH_PX, Camera, Grain, Gray, Plane, white

type MakeCamera = Callable[[np.random.Generator], Camera]


def coarse(rng: np.random.Generator, deviation: Plane, _t_s: float) -> Plane:
    """Grain of 3 x 3 pixels, as demosaicing and a camera's own smoothing leave it; a third of the strength."""
    grain = rng.standard_normal((HEIGHT_PX + 2, WIDTH_PX + 2), dtype=np.float32)
    rows = grain[:-2] + grain[1:-1] + grain[2:]
    return deviation * (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 5)


def denoised(period_s: float) -> Grain:
    """A camera's noise filter over time: the grain creeps, and swells and ebbs with the filter's strength."""
    before = np.zeros((HEIGHT_PX, WIDTH_PX), np.float32)

    def grain(rng: np.random.Generator, deviation: Plane, t_s: float) -> Plane:
        nonlocal before
        hold = np.float32(0.5 + 0.35 * np.sin(2 * np.pi * t_s / period_s))
        before = hold * before + (1 - hold) * deviation * rng.standard_normal(deviation.shape, dtype=np.float32)
        return before

    return grain


def banded(strength: float) -> Grain:
    """Every row has an offset of its own in every frame."""

    def grain(rng: np.random.Generator, deviation: Plane, t_s: float) -> Plane:
        rows = rng.standard_normal((HEIGHT_PX, 1), dtype=np.float32) * np.float32(strength)
        return white(rng, deviation, t_s) + rows

    return grain


def blinking(rng: np.random.Generator) -> Grain:
    """Hot pixels that come and go, single and in pairs."""
    y, x = rng.integers(0, HEIGHT_PX, 300), rng.integers(0, WIDTH_PX - 1, 300)
    heights = rng.uniform(15, 80, 300).astype(np.float32)

    def grain(own: np.random.Generator, deviation: Plane, t_s: float) -> Plane:
        noise = white(own, deviation, t_s)
        lit = own.random(300) < 0.2
        noise[y[lit], x[lit]] += heights[lit]
        noise[y[lit], x[lit] + 1] += heights[lit] / 2
        return noise

    return grain


def rolling_flicker(strength: float, drift_hz: float) -> Callable[[float], Plane]:
    """Bands of light that roll through the picture: a lamp's or an infrared LED's pulse against the shutter."""
    y = np.linspace(0, 1, HEIGHT_PX, dtype=np.float32)[:, None]
    return lambda t_s: np.broadcast_to(
        1 + np.float32(strength) * np.sin(2 * np.pi * (1.5 * y - drift_hz * t_s)), (HEIGHT_PX, WIDTH_PX)
    ).astype(np.float32)


_FONT = {
    "0": ("111", "101", "101", "101", "111"),
    "1": ("010", "110", "010", "010", "111"),
    "2": ("111", "001", "111", "100", "111"),
    "3": ("111", "001", "111", "001", "111"),
    "4": ("101", "101", "111", "001", "001"),
    "5": ("111", "100", "111", "001", "111"),
    "6": ("111", "100", "111", "101", "111"),
    "7": ("111", "001", "010", "010", "010"),
    "8": ("111", "101", "111", "101", "111"),
    "9": ("111", "101", "111", "001", "111"),
    ":": ("000", "010", "000", "010", "000"),
}


def clock(rng: np.random.Generator) -> Callable[[Plane, float], None]:
    """A time of day that the camera draws into a corner, ticking every second; minutes and hours roll over."""
    start_s = int(rng.integers(0, 86400 - 4000))
    left, top = (8, WIDTH_PX - 76)[int(rng.integers(2))], (5, HEIGHT_PX - 17)[int(rng.integers(2))]

    def draw(picture: Plane, t_s: float) -> None:
        now = start_s + int(t_s + 0.37)
        text = f"{now // 3600:02}:{now // 60 % 60:02}:{now % 60:02}"
        for place, letter in enumerate(text):
            rows = np.array([[char == "1" for char in row] for row in _FONT[letter]])
            glyph = np.kron(rows, np.ones((2, 2), bool))
            part = picture[top : top + 10, left + 8 * place : left + 8 * place + 6]
            part[glyph] = 240
            part[~glyph] = np.minimum(part[~glyph], 60)

    return draw


def dust(rng: np.random.Generator) -> Callable[[Plane, float], None]:
    """Lit specks that cross close before the lens, each for a few frames, one every few seconds."""
    born = np.cumsum(rng.uniform(3, 9, 400))
    start = rng.uniform((0, 0), (WIDTH_PX, HEIGHT_PX), (400, 2))
    speed = rng.uniform(120, 400, 400)
    angle = rng.uniform(0, 2 * np.pi, 400)
    radius = rng.uniform(3, 9, 400)
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)

    def draw(picture: Plane, t_s: float) -> None:
        for index in np.flatnonzero((born <= t_s) & (t_s < born + 0.9)):
            way = speed[index] * (t_s - born[index] - 0.2)
            cx, cy = start[index, 0] + way * np.cos(angle[index]), start[index, 1] + way * np.sin(angle[index])
            glow = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius[index] ** 2))
            picture += np.float32(50) * glow

    return draw


def _infrared(_t_s: float) -> bool:
    return True


def _night(rng: np.random.Generator, **more: object) -> Camera:
    return Camera(rng, read_noise=float(rng.uniform(1.5, 4)), infrared=_infrared, **more)  # type: ignore[arg-type]


def _day(rng: np.random.Generator, **more: object) -> Camera:
    return Camera(rng, read_noise=float(rng.uniform(1, 5)), **more)  # type: ignore[arg-type]


CAMERAS: dict[str, MakeCamera] = {
    "white grain": _day,
    "infrared grain": _night,
    "coarse grain": partial(_day, grain=coarse),
    "coarse infrared grain": partial(_night, grain=coarse),
    "noise filter pumps": lambda rng: _night(rng, grain=denoised(float(rng.uniform(3, 12)))),
    "row noise": lambda rng: _night(rng, grain=banded(float(rng.uniform(1, 4)))),
    "hot pixels": lambda rng: _day(rng, grain=blinking(rng)),
    "rolling flicker": lambda rng: _night(
        rng, light=rolling_flicker(float(rng.uniform(0.01, 0.06)), float(rng.uniform(0.05, 3)))
    ),
    "interlaced": lambda rng: _day(rng, shift=lambda t_s: (0.0, 0.25 if round(t_s * 50) % 20 < 10 else -0.25)),
    "trembles": lambda rng: _day(rng, shift=trembling(rng)),
    "clock": lambda rng: _day(rng, marks=clock(rng)),
    "infrared clock": lambda rng: _night(rng, marks=clock(rng)),
}
"""Cameras over a room in which nothing moves."""


def trembling(rng: np.random.Generator) -> Callable[[float], tuple[float, float]]:
    """A shelf that hums: up to half a pixel, another place in every frame."""
    steps = rng.uniform(-0.5, 0.5, (1000, 2))
    return lambda t_s: (float(steps[int(t_s * 5) % 1000, 0]), float(steps[int(t_s * 5) % 1000, 1]))


def cropped(frames: Iterator[tuple[float, Gray]], width_px: int, height_px: int) -> Iterator[tuple[float, Gray]]:
    """The middle of each frame: other sizes and shapes of pictures."""
    top, left = (HEIGHT_PX - height_px) // 2, (WIDTH_PX - width_px) // 2
    for t_s, gray in frames:
        yield t_s, gray[top : top + height_px, left : left + width_px].copy()
