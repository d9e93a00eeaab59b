"""What is left of a change once light, tremble and a small shift are taken away.

A new picture is compared with the mean of the last ones. A tremble of the whole picture and what light does to a
surface (gain and offset, alike among neighbours) are fitted away, and what a shift by half a pixel would do to the
texture is tolerated. What is left is averaged over 2 x 2 pixels before it is squared: grain averages out.
"""

import numpy as np

from .backend import Picture, VisionBackend
from .grid import WIDE, breadth, exceeds, windows_of
from .reference import Mean, Sample
from .slopes import EDGE_PX, Slopes

_GAIN_LIMIT = 1.6
_STEADY_SHIFT_PX = 0.5
"""Working pixels: a shift below it is jitter."""
_SHAKEN_SHIFT_PX = 0.9
"""The same while the camera shakes: what undoing the shake by interpolation may leave."""
_TREMBLE_PX, _TREMBLE_EXPLAINS = 0.08, 0.12
"""Working pixels, and the share of the change that a tremble must explain: a body in one place explains less."""
_TREMBLED_SHIFT_PX, _TREMBLE_MEMORY_S = 0.9, 4.0
_SLOPES_FRAMES = 5
_LIGHT_STEP = 0.75
"""Gray levels that many cells must change by before the light's gain is fitted, too."""


class Comparison:
    """Takes differences of pictures. Works in buffers of its own: a frame is short, and memory is slow."""

    def __init__(self, backend: VisionBackend) -> None:
        self._backend = backend
        self._error = self._spare = np.empty((0, 0), np.float32)
        self._slopes: Slopes | None = None
        self._slopes_age = 0
        self._trembled_s = -1e9

    @property
    def trembled_s(self) -> float:
        """When a tremble of the whole picture was taken away last (monotonic)."""
        return self._trembled_s

    def is_lenient(self, at_s: float) -> bool:
        """The picture trembled of late: nearly all that a quiet one shows is explained by that."""
        return at_s - self._trembled_s < _TREMBLE_MEMORY_S

    def residual(self, new: Sample, old: Mean, *, shaking: bool = False) -> Picture:
        """Root mean square per window, in gray levels, of what light and a small shift do not explain."""
        if self._error.shape != new.picture.shape:
            self._error, self._spare = np.empty_like(new.picture), np.empty_like(new.picture)
        offset = new.smooth - old.smooth
        error = np.subtract(new.picture, old.picture, out=self._error)
        below, above = self._backend.reach(old.picture)
        share = _SHAKEN_SHIFT_PX if shaking else _STEADY_SHIFT_PX
        if not shaking:
            if self._fit_shift(error, old.picture, below, above, new.at_s):
                offset = self._backend.smooth(self._backend.cell_means(error))
            if self.is_lenient(new.at_s):
                shaking, share = True, _TREMBLED_SHIFT_PX
        if exceeds(np.abs(offset), _LIGHT_STEP, 0.4 if shaking else 0.9):
            gain = self._gain(new, old)
            error -= self._backend.enlarge(gain - 1, self._spare) * old.picture
            offset = new.smooth - gain * old.smooth
        error -= self._backend.enlarge(offset, self._spare)
        # What lies between a pixel and its neighbours in the old picture is explained by a shift of a fraction of one.
        if shaking:
            # Undoing a shift blurs, now the one picture, now the other.
            lower, higher = self._backend.reach(new.picture)
            np.minimum(below, np.negative(higher, out=higher), out=below)
            np.maximum(above, np.negative(lower, out=lower), out=above)
        self._tolerate(error, below, above, np.float32(share))
        power = windows_of(self._backend.powers(error))
        # The fewer pictures the mean is of, the more of its own noise is in the difference.
        power *= np.float32(1 / (1 + 1 / old.count))
        residual: Picture = np.sqrt(power, out=power)
        return residual

    def _tolerate(self, error: Picture, below: Picture, above: Picture, share: np.float32) -> None:
        """Take away, in place, what a shift by this share of a pixel explains."""
        below *= share
        above *= share
        explained = np.maximum(error, below, out=self._spare)
        error -= np.minimum(explained, above, out=explained)

    def _fit_shift(self, error: Picture, old: Picture, below: Picture, above: Picture, at_s: float) -> bool:
        """Take away what a tremble of the whole picture by less than a pixel does to its slopes; True if it did."""
        if self._slopes is None or self._slopes.x.shape != error.shape or self._slopes_age >= _SLOPES_FRAMES:
            self._slopes, self._slopes_age = Slopes(old), 0
        self._slopes_age += 1
        # A body changes more than a pixel's shift can: what it does beyond that is left out of the fit.
        possible = np.maximum(error, below, out=self._spare)
        dx, dy, explained = self._slopes.shift(np.minimum(possible, above, out=possible))
        if max(abs(dx), abs(dy)) < _TREMBLE_PX or explained < _TREMBLE_EXPLAINS:
            return False
        step = self._slopes.x * np.float32(dx)
        step += self._slopes.y * np.float32(dy)
        # In a room without texture a body's edges are all the slopes there are: a tremble shows in more places.
        if breadth(-self._backend.cell_means(step * (2 * possible + step))) < WIDE:
            return False
        self._trembled_s = at_s
        error += step
        # What comes in from outside has no slope to tell it by.
        for edge in (error[:EDGE_PX], error[-EDGE_PX:], error[:, :EDGE_PX], error[:, -EDGE_PX:]):
            edge[:] = 0
        return True

    def _gain(self, new: Sample, old: Mean) -> Picture:
        """Gain of the light per cell, alike among neighbours. Bounded: what vanished is no light turned down."""
        mean_new, mean_old = new.smooth, old.smooth
        backend, product = self._backend, self._spare
        cross = backend.smooth(backend.cell_means(np.multiply(new.picture, old.picture, out=product)))
        cross -= mean_new * mean_old
        power = backend.smooth(backend.cell_means(np.multiply(old.picture, old.picture, out=product)))
        power -= mean_old * mean_old
        gain: Picture = np.clip((cross + 8) / (np.maximum(power, 0) + 8), 1 / _GAIN_LIMIT, _GAIN_LIMIT)
        return gain

    def reset(self) -> None:
        """Forget the slopes of the picture."""
        self._slopes = None
