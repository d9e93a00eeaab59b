"""How much a window of the picture changed beyond its noise, the light and the shake.

Every window (8 x 8 working pixels) is compared with the same window a moment and 0.8 s ago. Before the residual is
taken, what light does to a surface (gain and offset, alike among neighbours) is fitted away, so that lamps, clouds,
exposure and soft shadows leave little. What remains is judged against the window's own usual change (a high quantile
learned over the last minute), scaled by how restless the whole picture is right now, and against what a shift by a
fraction of a pixel would do to its texture: sensor noise, compression and jitter all stay below their limit.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from .backend import Picture, VisionBackend
from .grid import Mask, blur3, grow, windows_of

RECENT_S = 0.85
"""Age of the older reference. It shows slow movement, and is how long a ghost of past movement can stay."""
_FLOOR = 0.35
"""Gray levels: below this nothing is a change, whatever a drawn picture without noise learned."""
_GAIN_LIMIT = 1.6
_QUANTILE = 0.93
_RATE = 0.05
_STEADY_SHIFT_PX = 0.18
"""Working pixels: a shift below it is jitter."""
_SHAKEN_SHIFT_PX = 0.6
"""The same while the camera shakes: what undoing the shake by interpolation may leave."""
_CHRONIC_SHIFT_PX = 1.0
"""What moves by less than this again and again (breathing, a curtain) may be learned as usual."""
_CLEARLY = 2.0
"""Times the limit: below it, movement that goes on and on in one place becomes usual there."""
_LIT_STEP = 2.0
"""Gray levels between two frames."""
_LIMIT = 1.7


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One working picture with the sums that comparing needs."""

    at_s: float
    picture: Picture
    cells: Picture
    mean: Picture
    variance: Picture


class ChangeMeter:
    """Residual change of every window, and the noise it is judged by."""

    def __init__(self, backend: VisionBackend, *, sensitivity: float = 0.5) -> None:
        self._backend = backend
        # 0 -> twice the limit, 1 -> half of the margin above the noise.
        self._limit = _LIMIT * 2 ** (0.5 - sensitivity)
        self._history: deque[Sample] = deque(maxlen=16)
        self._usual: Picture | None = None
        self._texture: Picture | None = None
        self._learned = 0
        self.noise = 1.0

    def sample(self, picture: Picture, at_s: float) -> Sample:
        """Prepare a working picture for comparison."""
        cells = self._backend.cell_means(picture)
        mean = windows_of(cells)
        square = windows_of(self._backend.cell_means(picture * picture))
        return Sample(at_s, picture, cells, mean, np.maximum(square - mean * mean, 0))

    @property
    def last(self) -> Sample | None:
        """The newest sample that was kept."""
        return self._history[-1] if self._history else None

    @property
    def learned(self) -> int:
        """Frames learned since the start or the last break."""
        return self._learned

    def residual(self, new: Sample, old: Sample) -> Picture:
        """Root mean square of what gain and offset do not explain, per window, in gray levels."""
        cross = windows_of(self._backend.cell_means(new.picture * old.picture))
        covariance = cross - new.mean * old.mean
        # Alike among neighbours, and bounded: an object that vanished must not pass for a light turned down.
        gain = (blur3(covariance) + 4) / (blur3(old.variance) + 4)
        np.clip(gain, 1 / _GAIN_LIMIT, _GAIN_LIMIT, out=gain)
        power = new.variance - 2 * gain * covariance + gain * gain * old.variance
        residual: Picture = np.sqrt(np.maximum(power, 0))
        return residual

    def measure(self, new: Sample) -> tuple[Picture, Picture]:
        """Residuals against the last sample, and the larger of it and that against the older one."""
        last = self._history[-1]
        quick = self.residual(new, last)
        older = self._older(new.at_s)
        return quick, quick if older is last else np.maximum(quick, self.residual(new, older))

    def _older(self, at_s: float) -> Sample:
        for sample in self._history:
            if at_s - sample.at_s <= RECENT_S:
                return sample
        return self._history[-1]

    def restlessness(self, residual: Picture, valid: Mask) -> float:
        """How far the quiet third of the picture is above its usual change; 1 is usual, 0 if not yet known."""
        if self._usual is None:
            return 0.0
        ratios = (residual / self._usual)[valid]
        return _quantile(ratios, 0.3) / 0.75 if ratios.size else 0.0

    def ratio(self, residual: Picture, restless: float, *, shaking: bool) -> Picture:
        """The residuals against their limits; above 1 is a change."""
        assert self._usual is not None
        assert self._texture is not None
        shift_px = _SHAKEN_SHIFT_PX if shaking else _STEADY_SHIFT_PX
        usual = self._usual * (self._limit * max(1.0, restless))
        tolerated = self._texture * (shift_px * self._limit)
        judged: Picture = residual / np.sqrt(usual * usual + tolerated * tolerated)
        return judged

    def textured(self, valid: Mask) -> Mask:
        """The windows in which a shift of the whole picture would show best."""
        assert self._texture is not None
        return valid & (self._texture > max(4 * self.noise, _quantile(self._texture[valid], 0.7)))

    def lit_anew(self, new: Sample, valid: Mask) -> bool:
        """The level of most of the picture changed since the last frame: a lamp, infrared, the exposure."""
        steps = np.abs(new.mean - self._history[-1].mean)[valid]
        return bool(steps.size) and _quantile(steps, 0.4) > _LIT_STEP + self.noise

    def keep(self, new: Sample) -> None:
        """Make `new` a reference."""
        self._history.append(new)

    def forget(self) -> None:
        """Nothing before can be compared with what comes (break); the noise is learned anew quickly."""
        self._history.clear()
        self._learned = 0

    def reset(self) -> None:
        """As new."""
        self.forget()
        self._usual = self._texture = None

    def learn(self, new: Sample, quick: Picture, residual: Picture, ratio: Picture, valid: Mask) -> None:
        """Learn texture and the usual change; hardly where something clearly moves."""
        self._learned += 1
        if self._texture is None or self._learned % 5 == 1:
            self._learn_texture(new.picture)
        level = max(_FLOOR, _quantile(quick[valid], 0.5)) if valid.any() else _FLOOR
        if self._usual is None:
            self._usual = np.full(residual.shape, 1.3 * level, np.float32)
        usual = self._usual
        rate = max(_RATE, 0.5 / self._learned)
        step = np.where(residual > usual, rate * _QUANTILE, rate * (_QUANTILE - 1)).astype(np.float32)
        moving = ratio > _CLEARLY
        if moving.any():
            step[grow(moving)] *= 0.1
        usual *= 1 + step
        self.noise += rate * (level - self.noise) if self._learned > 1 else level - self.noise
        self._bound(usual, quick, valid, rate)

    def _bound(self, usual: Picture, quick: Picture, valid: Mask, rate: float) -> None:
        """The picture as a whole leads: its noise falls and rises faster than a window alone may."""
        assert self._texture is not None
        follow = self.restlessness(quick, valid)
        if follow > 0:
            usual *= np.float32(np.clip(follow, 1 - rate, 1 + rate))
        chronic = _CHRONIC_SHIFT_PX * self._texture
        np.clip(
            usual, max(_FLOOR, 0.7 * self.noise), np.sqrt(9 * self.noise**2 + chronic * chronic) + _FLOOR, out=usual
        )

    def _learn_texture(self, picture: Picture) -> None:
        """Root mean square gradient per window, without the share of the noise."""
        square = np.zeros_like(picture)
        square[:, 1:] = (picture[:, 1:] - picture[:, :-1]) ** 2
        square[1:] += (picture[1:] - picture[:-1]) ** 2
        power = windows_of(self._backend.cell_means(square))
        # A difference of two noisy frames holds as much noise as a difference of two noisy neighbours.
        texture = np.sqrt(np.maximum(power - 2 * self.noise**2, 0))
        self._texture = (
            texture if self._texture is None else self._texture + np.float32(0.3) * (texture - self._texture)
        )


def fine_shift(reference: Picture, picture: Picture) -> tuple[float, float]:
    """The rest of a shift, below a pixel: least squares over the gradients, without what changed for itself."""
    inner = reference[4:-4, 4:-4]
    gx = (reference[4:-4, 5:-3] - reference[4:-4, 3:-5]) * np.float32(0.5)
    gy = (reference[5:-3, 4:-4] - reference[3:-5, 4:-4]) * np.float32(0.5)
    change = picture[4:-4, 4:-4] - inner
    change -= change.mean()
    # Pixels that differ by more than a fraction of a pixel can explain belong to bodies and light.
    weight = (np.abs(change) < 4 + 0.5 * (np.abs(gx) + np.abs(gy))).astype(np.float32)
    wx, wy = gx * weight, gy * weight
    xx, xy, yy = float((wx * gx).sum()), float((wx * gy).sum()), float((wy * gy).sum())
    tx, ty = float((wx * change).sum()), float((wy * change).sum())
    determinant = xx * yy - xy * xy
    if determinant < 1e-3 * (xx + yy) ** 2 + 1e-6:
        return 0.0, 0.0
    dx, dy = -(yy * tx - xy * ty) / determinant, -(xx * ty - xy * tx) / determinant
    return min(0.5, max(-0.5, dx)), min(0.5, max(-0.5, dy))


def _quantile(values: Picture, share: float) -> float:
    flat = values.ravel()
    return float(np.partition(flat, int(share * (flat.size - 1)))[int(share * (flat.size - 1))]) if flat.size else 0.0
