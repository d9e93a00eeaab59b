"""Drawn rooms with bodies in them: gray pictures of 320 x 180 and where and when something moves.

Nothing here knows the detectors: bodies are textured, shaded and soft-edged, noise is that of a sensor (shot and read
noise), light is multiplicative with an uneven field, infrared removes contrast and adds noise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 320, 180
FPS = 5.0

type Gray = NDArray[np.uint8]
type Plane = NDArray[np.float32]
type Grain = Callable[[np.random.Generator, Plane, float], Plane]
"""Noise of one frame for a deviation per pixel, at a time."""


def white(rng: np.random.Generator, deviation: Plane, _t_s: float) -> Plane:
    """Every pixel for itself."""
    return rng.standard_normal(deviation.shape, dtype=np.float32) * deviation


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale_px: int) -> Plane:
    """Soft random texture, about -1..1."""
    rows, columns = shape[0] // scale_px + 3, shape[1] // scale_px + 3
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    y = np.arange(shape[0]) / scale_px
    x = np.arange(shape[1]) / scale_px
    y0, x0 = y.astype(int), x.astype(int)
    fy, fx = (y - y0)[:, None].astype(np.float32), (x - x0)[None, :].astype(np.float32)
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    top = coarse[y0][:, x0] * (1 - fx) + coarse[y0][:, x0 + 1] * fx
    low = coarse[y0 + 1][:, x0] * (1 - fx) + coarse[y0 + 1][:, x0 + 1] * fx
    return top * (1 - fy) + low * fy


def room(rng: np.random.Generator, *, margin_px: int = 12) -> Plane:
    """A room with furniture and a crib with bars: reflectance 0-255, larger than the picture by the margin."""
    shape = (HEIGHT_PX + 2 * margin_px, WIDTH_PX + 2 * margin_px)
    picture = 110 + 25 * smooth_noise(rng, shape, 90) + 5 * smooth_noise(rng, shape, 9)
    picture += 3 * smooth_noise(rng, shape, 3)
    for _ in range(int(rng.integers(4, 9))):
        y, x = int(rng.integers(0, shape[0] - 30)), int(rng.integers(0, shape[1] - 40))
        height, width = int(rng.integers(15, 80)), int(rng.integers(20, 110))
        patch = picture[y : y + height, x : x + width]
        patch[:] = (
            rng.uniform(30, 215) + 6 * smooth_noise(rng, (height + 9, width + 9), 8)[: patch.shape[0], : patch.shape[1]]
        )
    left, top = int(rng.integers(60, 110)), int(rng.integers(70, 100))
    picture[top : top + 70, left : left + 130] = (
        175 + 6 * smooth_noise(rng, (70, 130), 14) + 2 * smooth_noise(rng, (70, 130), 3)
    )
    for bar in range(left, left + 131, 10):
        picture[top - 8 : top + 72, bar : bar + 2] = 60
    return np.clip(picture, 5, 250).astype(np.float32)


@dataclass(slots=True)
class Body:
    """A soft-edged ellipse with its own texture. `at(t)` gives its middle (x, y) in px and angle, None when away."""

    radii_px: tuple[float, float]
    brightness: float
    at: Callable[[float], tuple[float, float, float] | None]
    seed: int = 0
    texture: float = 14.0
    _skin: Plane | None = field(default=None, init=False)

    def draw(self, picture: Plane, t_s: float) -> None:
        place = self.at(t_s)
        if place is None:
            return
        x, y, angle = place
        reach = int(max(self.radii_px)) + 3
        y0, y1 = max(0, int(y) - reach), min(picture.shape[0], int(y) + reach)
        x0, x1 = max(0, int(x) - reach), min(picture.shape[1], int(x) + reach)
        if y0 >= y1 or x0 >= x1:
            return
        rows = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(y)
        columns = np.arange(x0, x1, dtype=np.float32)[None, :] - np.float32(x)
        along = (columns * np.cos(angle) + rows * np.sin(angle)) / self.radii_px[0]
        across = (rows * np.cos(angle) - columns * np.sin(angle)) / self.radii_px[1]
        distance = np.sqrt(along**2 + across**2)
        cover = np.clip((1 - distance) * min(self.radii_px) / 1.5 + 0.5, 0, 1)
        if self._skin is None:
            self._skin = smooth_noise(np.random.default_rng(self.seed), (64, 64), 9)
        v = np.clip((across * 24 + 32), 0, 63).astype(int)
        u = np.clip((along * 24 + 32), 0, 63).astype(int)
        shade = self.brightness * (1 - 0.25 * np.clip(distance, 0, 1) ** 2) + self.texture * self._skin[v, u]
        picture[y0:y1, x0:x1] += cover * (shade - picture[y0:y1, x0:x1])


@dataclass(slots=True)
class Camera:
    """Turns reflectance into gray levels: light, infrared, shake, sensor noise, 8 bits."""

    rng: np.random.Generator
    read_noise: float = 1.5
    shot_noise: float = 0.12
    light: Callable[[float], float | Plane] = lambda _t: 1.0
    infrared: Callable[[float], bool] = lambda _t: False
    shift: Callable[[float], tuple[float, float]] = lambda _t: (0.0, 0.0)
    grain: Grain = white
    marks: Callable[[Plane, float], None] | None = None
    """What the camera draws, or what passes close before its lens."""

    def take(self, scene: Plane, t_s: float, margin_px: int = 12) -> Gray:
        dx, dy = self.shift(t_s)
        picture = _window(scene, margin_px - dx, margin_px - dy)
        noise = self.read_noise
        if self.infrared(t_s):
            picture = 45 + 0.55 * picture * _vignette()
            noise = max(noise * 3, 6.0)
        picture = picture * self.light(t_s)
        deviation = np.sqrt(noise**2 + (self.shot_noise**2) * np.maximum(picture, 0))
        picture = picture + self.grain(self.rng, deviation, t_s)
        if self.marks is not None:
            self.marks(picture, t_s)
        return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


_VIGNETTE: list[Plane] = []


def _vignette() -> Plane:
    if not _VIGNETTE:
        y = np.linspace(-1, 1, HEIGHT_PX, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, WIDTH_PX, dtype=np.float32)[None, :]
        _VIGNETTE.append(np.exp(-0.8 * (x * x + y * y)) * 1.3)
    return _VIGNETTE[0]


def _window(scene: Plane, left: float, top: float) -> Plane:
    """The picture's part of the scene, at a fraction of a pixel."""
    x0, y0 = int(np.floor(left)), int(np.floor(top))
    fx, fy = np.float32(left - x0), np.float32(top - y0)
    part = scene[y0 : y0 + HEIGHT_PX + 1, x0 : x0 + WIDTH_PX + 1]
    part = part[:, :-1] * (1 - fx) + part[:, 1:] * fx
    return part[:-1] * (1 - fy) + part[1:] * fy


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A scene of `duration_s` seconds; `moving` are the true intervals of motion."""

    name: str
    duration_s: float
    moving: tuple[tuple[float, float], ...]
    frames: Callable[[], Iterator[tuple[float, Gray]]]
    family: str = ""


def film(
    rng: np.random.Generator, scene: Plane, bodies: list[Body], camera: Camera, duration_s: float, *, fps: float = FPS
) -> Iterator[tuple[float, Gray]]:
    """Draw all frames."""
    for index in range(int(duration_s * fps)):
        t_s = index / fps
        picture = scene.copy() if bodies else scene
        for body in bodies:
            body.draw(picture, t_s)
        yield t_s, camera.take(picture, t_s)
