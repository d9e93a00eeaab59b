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

from .backend import CELL_PX, Picture, VisionBackend
from .grid import Mask, blur3, grow, windows_of

RECENT_S = 0.85
"""Age of the older reference. It shows slow movement, and is how long a ghost of past movement can stay."""
_FLOOR = 0.35
"""Gray levels: below this nothing is a change, whatever a drawn picture without noise learned."""
_GAIN_LIMIT = 1.6
_QUANTILE = 0.93
_RATE = 0.05
_STEADY_SHIFT_PX = 0.3
"""Working pixels: a shift below it is jitter."""
_SHAKEN_SHIFT_PX = 0.9
"""The same while the camera shakes: what undoing the shake by interpolation may leave."""
_CHRONIC_SHIFT_PX = 1.0
"""What moves by less than this again and again (breathing, a curtain) may be learned as usual."""
_CLEARLY = 2.0
"""Times the limit: below it, movement that goes on and on in one place becomes usual there."""
_LIT_STEP = 2.0
"""Gray levels between two frames."""
LEARN_FRAMES = 8
"""At a start and after a break the noise is learned at once, moving or not."""
_FORGET_WORST = 0.98
_LIGHT_STEP = 0.75
"""Gray levels that many cells must change by before the light's gain is fitted, too."""
_RECODED_STEP, _RECODED_LEVEL = 0.3, 4.0
"""Gray levels: more than this in the middle of the picture, and less than that nearly everywhere."""
_FORGET_PEAK = 0.99
_SPIKES = (1.0, 1.3, 2.4)
"""Lowest, first and highest factor for spikes."""
_LIMIT = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One working picture with the sums that comparing needs."""

    at_s: float
    picture: Picture
    cells: Picture
    mean: Picture
    variance: Picture
    above: Picture
    """How much higher the highest of the 3 x 3 neighbours is, per pixel."""
    below: Picture
    """How much lower the lowest is (negative)."""


class ChangeMeter:
    """Residual change of every window, and the noise it is judged by."""

    def __init__(self, backend: VisionBackend, *, sensitivity: float = 0.5) -> None:
        self._backend = backend
        # 0 -> twice the limit, 1 -> half of the margin above the noise.
        self._limit = _LIMIT * 2 ** (0.5 - sensitivity)
        self._history: deque[Sample] = deque(maxlen=16)
        self._usual: Picture | None = None
        self._texture: Picture | None = None
        self._weights: dict[tuple[int, int], tuple[Picture, Picture]] = {}
        self._learned = 0
        self._worst = 0.0
        self._pulse: float | None = None
        self._peaks: Picture | None = None
        self.spikes = _SPIKES[1]
        self.noise = 1.0

    def sample(self, picture: Picture, at_s: float) -> Sample:
        """Prepare a working picture for comparison."""
        cells = self._backend.cell_means(picture)
        mean = windows_of(cells)
        highest, lowest = self._backend.extremes(picture)
        square = windows_of(self._backend.cell_means(picture * picture))
        return Sample(
            at_s, picture, cells, mean, np.maximum(square - mean * mean, 0), highest - picture, lowest - picture
        )

    @property
    def last(self) -> Sample | None:
        """The newest sample that was kept."""
        return self._history[-1] if self._history else None

    @property
    def learned(self) -> int:
        """Frames learned since the start or the last break."""
        return self._learned

    @property
    def knows_usual(self) -> bool:
        """The usual change is known: whatever changes can be judged."""
        return self._usual is not None

    def residual(self, new: Sample, old: Sample, *, shaking: bool = False) -> Picture:
        """Root mean square per window, in gray levels, of what light and a small shift do not explain."""
        offset = blur3(new.cells) - blur3(old.cells)
        error = new.picture - old.picture
        if _quantile(np.abs(offset), 0.4 if shaking else 0.9) > _LIGHT_STEP:
            gain = self._gain(new, old)
            error -= self._spread(gain - 1, error.shape) * old.picture
            offset = blur3(new.cells) - gain * blur3(old.cells)
        error -= self._spread(offset, error.shape)
        # What lies between a pixel and its neighbours in the old picture is explained by a shift of a fraction of one.
        below, above = old.below, old.above
        if shaking:
            # Undoing a shift blurs, now the one picture, now the other.
            below, above = np.minimum(below, -new.above), np.maximum(above, -new.below)
        share = np.float32(_SHAKEN_SHIFT_PX if shaking else _STEADY_SHIFT_PX)
        error -= np.clip(error, below * share, above * share)
        power = windows_of(self._backend.cell_means(error * error))
        residual: Picture = np.sqrt(power)
        return residual

    def _gain(self, new: Sample, old: Sample) -> Picture:
        """Gain of the light per cell, alike among neighbours. Bounded: what vanished is no light turned down."""
        mean_new, mean_old = blur3(new.cells), blur3(old.cells)
        cross = blur3(self._backend.cell_means(new.picture * old.picture)) - mean_new * mean_old
        power = blur3(self._backend.cell_means(old.picture * old.picture)) - mean_old * mean_old
        gain: Picture = np.clip((cross + 8) / (np.maximum(power, 0) + 8), 1 / _GAIN_LIMIT, _GAIN_LIMIT)
        return gain

    def _spread(self, cells: Picture, shape: tuple[int, ...]) -> Picture:
        """Cells to pixels, bilinear, the outermost cells continued to the edges."""
        key = (shape[0], shape[1])
        if key not in self._weights:
            self._weights = {key: (_weights(cells.shape[0], shape[0]), _weights(cells.shape[1], shape[1]).T.copy())}
        rows, columns = self._weights[key]
        spread: Picture = rows @ (cells @ columns)
        return spread

    def measure(self, new: Sample, *, shaking: bool) -> tuple[Picture, Picture]:
        """Residuals against the last sample, and the larger of it and that against the older one."""
        last = self._history[-1]
        quick = self.residual(new, last, shaking=shaking)
        older = self._older(new.at_s)
        return quick, quick if older is last else np.maximum(quick, self.residual(new, older, shaking=shaking))

    def _older(self, at_s: float) -> Sample:
        for sample in self._history:
            if at_s - sample.at_s <= RECENT_S:
                return sample
        return self._history[-1]

    def restlessness(self, residual: Picture, valid: Mask) -> float:
        """How far the quiet third of the picture is above its usual change; 1 is usual, 0 if not yet known.

        0 also where that third does not change at all: a coder that skips still blocks copies them bit by bit.
        """
        if self._usual is None:
            return 0.0
        ratios = (residual / self._usual)[valid]
        return _quantile(ratios, 0.3) / 0.75 if ratios.size else 0.0

    def ratio(self, residual: Picture, restless: float) -> Picture:
        """The residuals against their limits; above 1 is a change."""
        assert self._usual is not None
        judged: Picture = residual / (self._usual * np.float32(self._limit * self.spikes * max(1.0, restless)))
        return judged

    def is_recoded(self, quick: Picture, valid: Mask) -> bool:
        """All of the picture changed a little, and more than it does from frame to frame: a keyframe."""
        if not valid.any():
            return False
        pulse = _quantile(quick[valid], 0.5)
        surprising = self._pulse is not None and pulse > 2 * self._pulse + _RECODED_STEP
        if not surprising:
            self._pulse = pulse if self._pulse is None else self._pulse + 0.1 * (pulse - self._pulse)
        return surprising and _quantile(quick[valid], 0.9) < _RECODED_LEVEL

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

    def recode(self) -> None:
        """The same picture was coded anew: only what comes after is compared with what comes after."""
        self._history.clear()

    def reset(self) -> None:
        """As new."""
        self.forget()
        self._usual = self._texture = self._peaks = self._pulse = None
        self.spikes = _SPIKES[1]

    def learn(self, new: Sample, residual: Picture, ratio: Picture, valid: Mask) -> None:
        """Learn texture and the usual change; hardly where something clearly moves."""
        self._learned += 1
        if self._texture is None or self._learned % 5 == 1:
            self._learn_texture(new.picture)
        level = max(_FLOOR, _quantile(residual[valid], 0.5)) if valid.any() else _FLOOR
        if self._usual is None:
            self._usual = np.full(residual.shape, 1.3 * level, np.float32)
        usual = self._usual
        rate = max(_RATE, 0.5 / self._learned)
        step = np.where(residual > usual, rate * _QUANTILE, rate * (_QUANTILE - 1)).astype(np.float32)
        moving = ratio > _CLEARLY
        if self._learned <= LEARN_FRAMES:
            np.maximum(usual, np.minimum(residual, 6 * level), out=usual)
        elif moving.any():
            step[grow(moving)] *= 0.1
        self._learn_spikes(residual / usual, valid)
        # What was learned too high (somebody moved meanwhile) falls faster.
        step[residual < 0.4 * usual] *= 2
        usual *= 1 + step
        self.noise += rate * (level - self.noise) if self._learned > 1 else level - self.noise
        # Keyframes come every few seconds and change all of the picture a little.
        self._worst = max(level, self._worst * _FORGET_WORST)
        self._bound(usual, residual, valid, rate)

    def _learn_spikes(self, ratios: Picture, valid: Mask) -> None:
        """How far the change of a typical window spikes now and then: hardly for a sensor, far for a coder."""
        if self._peaks is None or self._peaks.shape != ratios.shape:
            self._peaks = np.full(ratios.shape, _SPIKES[1], np.float32)
        np.maximum(self._peaks * np.float32(_FORGET_PEAK), ratios, out=self._peaks)
        self.spikes = min(_SPIKES[2], max(_SPIKES[0], _quantile(self._peaks[valid], 0.75)))

    def _bound(self, usual: Picture, residual: Picture, valid: Mask, rate: float) -> None:
        """The picture as a whole leads: its noise falls and rises faster than a window alone may."""
        assert self._texture is not None
        follow = self.restlessness(residual, valid)
        if follow > 0:
            usual *= np.float32(np.clip(follow, 1 - 0.2 * rate, 1 + rate))
        chronic = _CHRONIC_SHIFT_PX * self._texture
        np.clip(
            usual,
            max(_FLOOR, 0.7 * self.noise, 0.6 * self._worst),
            np.sqrt(9 * self._worst**2 + chronic * chronic) + _FLOOR,
            out=usual,
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


def _weights(cells: int, pixels: int) -> Picture:
    """(pixels, cells): how much of which cells makes a pixel, linearly between their middles."""
    place = np.clip((np.arange(pixels) + 0.5) / CELL_PX - 0.5, 0, cells - 1)
    weights: Picture = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(cells)[None, :])).astype(np.float32)
    return weights


def fine_shift(reference: Picture, picture: Picture) -> tuple[float, float]:
    """The rest of a shift, below a pixel: least squares over the gradients, without what changed for itself."""
    inner = reference[4:-4, 4:-4]
    gx = (reference[4:-4, 5:-3] - reference[4:-4, 3:-5]) * np.float32(0.5)
    gy = (reference[5:-3, 4:-4] - reference[3:-5, 4:-4]) * np.float32(0.5)
    change = picture[4:-4, 4:-4] - inner
    change -= change.mean()
    # Pixels that differ by more than a pixel or two can explain belong to bodies and light.
    weight = (np.abs(change) < 6 + 1.5 * (np.abs(gx) + np.abs(gy))).astype(np.float32)
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
