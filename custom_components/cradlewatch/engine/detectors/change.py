"""How much a window of the picture changed beyond its noise, the light and the shake.

Every window (8 x 8 working pixels) is compared with the mean of itself over the last 0.85 s, so that the reference has
little noise of its own (`compare.py`). What light and a small shift leave is judged against the window's own usual
change, scaled by how restless the whole picture is right now, and against what this place does by itself now and then
(`habits.py`): sensor noise, compression and jitter all stay below their limit.
"""

from collections import deque

import numpy as np

from .backend import Picture, VisionBackend
from .compare import Comparison
from .grid import Mask, exceeds, grow, quantile, windows_of
from .habits import Habits
from .reference import Reference, Sample

_FLOOR = 0.35
"""Gray levels: below this nothing is a change, whatever a drawn picture without noise learned."""
_ABOVE_MEAN = 1.3
"""The usual change is so many times the mean one: about its 93rd percentile in plain grain."""
_QUIET = 0.75
"""The quiet third of the picture changes by so much of the usual, usually."""
_RATE = 0.04
_PERHAPS, _MOVING_RATE = 0.7, 0.1
"""While something moves: times the limit above which a window may be part of it, and how much of it is learned."""
_BREATH_PX = 0.04
"""Working pixels."""
_CHRONIC_SHIFT_PX = 1.0
"""What moves by less than this again and again (breathing, a curtain) may be learned as usual."""
_CLEARLY = 2.0
"""Times the limit: below it, movement that goes on and on in one place becomes usual there."""
_GRAIN = 8**0.5
"""The noise is measured on means of four pixels and without the share of the reference."""
_LIT_STEP = 2.0
"""Gray levels between two frames."""
LEARN_FRAMES = 8
"""At a start and after a break the noise is learned at once, moving or not."""
_FORGET_WORST = 0.98
_BEYOND_HABIT = 1.25
_RECODED_JUMP, _RECODED_STEP, _RECODED_LEVEL = 1.3, 0.04, 4.0
"""Times the pulse of late, and gray levels above it; gray levels that nearly all of it stays below."""
_RECODED_PAUSE_S = 0.5
_RECODED_SPREAD, _RECODED_LEAST = 3.0, 1.2
"""Times the middle one, and gray levels: a keyframe leaves nearly all windows below one of them."""
_RISES = 1.12
_STANDS = 0.1
"""Gray levels: less in half of the picture is no sensor's noise; a coder leaves out what hardly changed."""
_CODER, _CODER_MOST, _FORGET_CODER = 1.0, 1.5, 0.9995
"""What a coder does to a block that it codes anew, against what a keyframe does to nine tenths of the picture."""
_CODER_LEAST, _CODER_ASSUMED_FRAMES = 0.7, 75
"""Gray levels: the same before a keyframe was seen to do it, for the longest time between two of them. In a picture
without noise, as a drawn one, keyframes do nothing: there it would be assumed for ever, and bodies lost by it."""
_FORGET_PEAK = 0.99
_SPIKES = (1.0, 1.3, 2.4)
"""Lowest, first and highest factor for spikes."""
_CODED_SPIKES = 1.12
_CODED_KEYFRAME = 0.5
"""Gray levels: what a keyframe did to the picture not long ago."""
_LIMIT = 1.5


class ChangeMeter:
    """Residual change of every window, and the noise it is judged by."""

    def __init__(self, backend: VisionBackend, *, sensitivity: float = 0.5) -> None:
        self._backend = backend
        # 0 -> twice the limit, 1 -> half of the margin above the noise.
        self._limit = _LIMIT * 2 ** (0.5 - sensitivity)
        self._reference = Reference()
        self._usual: Picture | None = None
        self._texture: Picture | None = None
        self._rich: tuple[Mask, float] | None = None
        self._comparison = Comparison(backend)
        self._learned = 0
        self._worst = 0.0
        self._pulse = 0.0
        self._pulse_s = -1e9
        self._pulses: deque[float] = deque(maxlen=3)
        self._coder = 0.0
        self._stands = False
        self._habits = Habits()
        self.rises = False
        """Even the quiet part of the picture changes more than in the last frames: so does what is coded anew."""
        self._peaks: Picture | None = None
        self.spikes = _SPIKES[1]
        self.noise = 1.0

    def sample(self, picture: Picture, at_s: float) -> Sample:
        """Prepare a working picture for comparison."""
        cells = self._backend.cell_means(picture)
        return Sample(at_s, picture, cells, self._backend.smooth(cells), windows_of(cells))

    @property
    def last(self) -> Sample | None:
        """The newest sample that was kept."""
        return self._reference.last

    @property
    def learned(self) -> int:
        """Frames learned since the start or the last break."""
        return self._learned

    def residual(self, new: Sample, *, shaking: bool = False) -> Picture:
        """Root mean square per window, in gray levels, of what light and a small shift do not explain."""
        return self._comparison.residual(new, self._reference.mean(new.at_s), shaking=shaking)

    @property
    def grain(self) -> float:
        """The usual difference of one pixel between two frames, if its noise is that of a sensor."""
        return _GRAIN * self.noise

    @property
    def trembled_s(self) -> float:
        """When the whole picture was last found moved by a fraction of a pixel (monotonic)."""
        return self._comparison.trembled_s

    @property
    def coded(self) -> bool:
        """A coder's blocks are seen changing by themselves, or most of the picture is copied by it."""
        return self._stands or self._coder > _CODED_KEYFRAME or self.spikes > _CODED_SPIKES

    @property
    def knows_usual(self) -> bool:
        """Something was learned to judge changes by."""
        return self._usual is not None

    def restlessness(self, residual: Picture, valid: Mask) -> float:
        """How far the quiet third of the picture is above its usual change; 1 is usual, 0 where it stands still."""
        if self._usual is None:
            return 0.0
        return quantile((residual / self._usual)[valid], 0.3) / _QUIET

    def ratio(self, residual: Picture) -> Picture:
        """The residuals against their limits; above 1 is a change, where the picture is no more restless than usual."""
        assert self._usual is not None
        limit: Picture | np.float32 = np.float32(self._limit * self.spikes)
        if self._habits.usual is not None:
            limit = np.maximum(self._habits.usual * np.float32(_BEYOND_HABIT), limit)
        judged: Picture = residual / (self._usual * limit)
        return judged

    def is_recoded(self, residual: Picture, restless: float, at_s: float, valid: Mask) -> bool:
        """Even the quiet part of the picture changed a little, and more than it has of late: a keyframe."""
        # A noise filter that pumps lets the pulse fall quickly: the last frames say more than the longer mean then.
        of_late = min(self._pulse, max(self._pulses, default=self._pulse)) if self.coded else self._pulse
        surprising = restless > _RECODED_JUMP * of_late + _RECODED_STEP / max(self.noise, _FLOOR)
        self.rises = restless > _RISES * of_late
        self._pulses.append(restless)
        if surprising and self._learned > LEARN_FRAMES and at_s - self._pulse_s > _RECODED_PAUSE_S:
            self._pulse_s = at_s
            middle, high = quantile(residual[valid], 0.5), quantile(residual[valid], 0.9)
            # A shake changes what has texture, and that by far more than the rest.
            alike = max(_RECODED_LEAST, _RECODED_SPREAD * middle)
            if not valid.any() or high > min(_RECODED_LEVEL + 2 * self.noise, alike):
                return False
            self._coder = max(self._coder, min(_CODER_MOST, _CODER * high))
            return True
        self._pulse += 0.2 * (restless - self._pulse)
        return False

    def textured(self, valid: Mask) -> Mask:
        """The windows in which a shift of the whole picture would show best."""
        assert self._texture is not None
        if self._rich is None or self._rich[0] is not valid:
            self._rich = valid, quantile(self._texture[valid], 0.7)
        return valid & (self._texture > np.float32(max(4 * self.noise, self._rich[1])))

    def lit_anew(self, new: Sample, valid: Mask) -> bool:
        """The level of most of the picture changed since the last frame: a lamp, infrared, the exposure."""
        last = self._reference.last
        assert last is not None
        return exceeds(np.abs(new.mean - last.mean)[valid], _LIT_STEP + self.noise, 0.4)

    def keep(self, new: Sample) -> None:
        """Make `new` a reference."""
        self._reference.keep(new)

    def forget(self) -> None:
        """Nothing before can be compared with what comes (break); the noise is learned anew quickly."""
        self._reference.forget()
        self._learned = 0

    def recode(self) -> None:
        """The same picture was coded anew: only what comes after is compared with what comes after."""
        self._reference.forget()

    def reset(self) -> None:
        """As new."""
        self.forget()
        self._usual = self._texture = self._peaks = self._rich = None
        self._comparison.reset()
        self._pulse, self._pulse_s, self._coder = 0.0, -1e9, 0.0
        self._pulses.clear()
        self._stands = False
        self._habits.reset()
        self.spikes = _SPIKES[1]

    def learn(
        self, new: Sample, residual: Picture, ratio: Picture, restless: float, valid: Mask, *, moving: bool
    ) -> None:
        """Learn texture and the usual change; hardly where something clearly moves."""
        self._learned += 1
        if self._texture is None or self._learned % 5 == 1:
            self._learn_texture(new.picture)
        median = quantile(residual[valid], 0.5)
        level = max(_FLOOR, median)
        if self._usual is None:
            self._usual = np.full(residual.shape, 1.3 * level, np.float32)
        usual = self._usual
        rate = max(_RATE, 0.5 / self._learned)
        step = residual * np.float32(_ABOVE_MEAN)
        step -= usual
        step *= np.float32(rate)
        if self._learned <= LEARN_FRAMES:
            np.maximum(usual, np.minimum(residual, 6 * level), out=usual)
        else:
            # What moves is not usual; what moves for minutes becomes so.
            changes = ratio > (_PERHAPS if moving else _CLEARLY)
            if changes.any():
                step[grow(changes) & (step > 0)] *= _MOVING_RATE
        units = residual / usual
        self._learn_spikes(units, valid)
        if self._learned > LEARN_FRAMES:
            assert self._texture is not None
            texture = self._texture
            self._habits.update(units, new.at_s, moving=moving, small=lambda: np.float32(_BREATH_PX) * texture / usual)
        usual += step
        self.noise += rate * (level - self.noise) if self._learned > 1 else level - self.noise
        # Keyframes come every few seconds and change all of the picture a little.
        self._worst = max(level, self._worst * _FORGET_WORST)
        if self._learned > LEARN_FRAMES:
            # As if measured against what was just learned.
            follow = restless / (1 + rate * (_ABOVE_MEAN * _QUIET * restless - 1))
        else:
            follow = self.restlessness(residual, valid)
        self._coder *= _FORGET_CODER
        self._stands = median < _STANDS and not self._comparison.is_lenient(new.at_s)
        coder = self._coder if median < _STANDS else 0.0
        if self._stands and not self._coder and self._learned < _CODER_ASSUMED_FRAMES:
            coder = _CODER_LEAST
        self._bound(usual, follow, rate, coder)

    def _learn_spikes(self, ratios: Picture, valid: Mask) -> None:
        """How far the change of a typical window spikes now and then: hardly for a sensor, far for a coder."""
        if self._peaks is None or self._peaks.shape != ratios.shape:
            self._peaks = np.full(ratios.shape, _SPIKES[1], np.float32)
        self._peaks *= np.float32(_FORGET_PEAK)
        np.maximum(self._peaks, ratios, out=self._peaks)
        self.spikes = min(_SPIKES[2], max(_SPIKES[0], quantile(self._peaks[valid], 0.75)))

    def _bound(self, usual: Picture, follow: float, rate: float, coder: float) -> None:
        """The picture as a whole leads: its noise falls and rises faster than a window alone may."""
        assert self._texture is not None
        if follow > 0:
            usual *= np.float32(min(1 + rate, max(1 - 0.2 * rate, follow)))
        chronic = _CHRONIC_SHIFT_PX * self._texture
        highest = np.sqrt(9 * self._worst**2 + chronic * chronic)
        highest += np.float32(_FLOOR)
        np.maximum(usual, np.float32(max(_FLOOR, 0.7 * self.noise, 0.6 * self._worst)), out=usual)
        np.minimum(usual, highest, out=usual)
        if coder:
            np.maximum(usual, np.float32(coder), out=usual)

    def _learn_texture(self, picture: Picture) -> None:
        """Root mean square gradient per window, without the share of the noise."""
        square = np.zeros_like(picture)
        line, flat = square.reshape(-1), picture.reshape(-1)
        np.subtract(flat[1:], flat[:-1], out=line[1:])
        square[:, 0] = 0
        square *= square
        steps = picture[1:] - picture[:-1]
        steps *= steps
        square[1:] += steps
        power = windows_of(self._backend.cell_means(square))
        texture = np.sqrt(np.maximum(power - 2 * self.grain**2, 0))
        self._rich = None
        self._texture = (
            texture if self._texture is None else self._texture + np.float32(0.3) * (texture - self._texture)
        )
