"""A child's voice that goes on while a deeper one speaks as well, or while it is rough."""

import numpy as np
from numpy.typing import NDArray

CHILD_HZ = (270.0, 1000.0)
_CLEAR_DB, _CLEAR_HARMONICS = 8.0, 3
_SHARE = 0.35
"""Of the deeper comb's contrast: the deeper one has the harmonics of both voices."""
_NEAR_STEPS = 10
"""Of 48 an octave: so far a voice bends from one window to the next, or over a few that are lost."""
_LOST_WINDOWS = 4
_KEPT_WINDOWS = 3
_OCTAVE_STEPS = 48
_ROUGH_DB = 6.0
_ROUGH_FOLLOWS, _ROUGH_SHARE = 0.2, 0.5
"""Share of the last windows, five weigh most, in which the octave stands out: 0.8 in a rough voice, 0.1 in others."""


class PitchTrack:
    """Follows one pitch on the comb's grid, window by window.

    The harmonics of two voices together make the comb of a deeper third one, of the grown person or of a fraction of
    the child's pitch. Where the child's own harmonics still stand out near the pitch that it has had, it is meant.
    """

    def __init__(self) -> None:
        self._lowest = self._highest = 0
        self._place = 0
        self._rough = 0.0
        self._kept, self._lost = 0, _LOST_WINDOWS + 1

    def begin(self, pitches_hz: NDArray[np.floating]) -> None:
        """Grid of the pitches from now on; what was followed is forgotten."""
        self._lowest, self._highest = (int(place) for place in np.searchsorted(pitches_hz, CHILD_HZ))
        self.reset()

    def reset(self) -> None:
        """Nothing is followed."""
        self._rough = 0.0
        self._kept, self._lost = 0, _LOST_WINDOWS + 1

    def follow(
        self, contrasts: NDArray[np.float32], outstanding: NDArray[np.int64], best: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The best pitches (windows,), those of a deeper voice replaced where the child's goes on.

        `contrasts` (dB) and `outstanding` (harmonics): (windows, pitches).
        """
        rows = np.arange(best.size)
        clear = (contrasts[rows, best] >= _CLEAR_DB) & (outstanding[rows, best] >= _CLEAR_HARMONICS)
        if not clear.any():
            self._lost += best.size
            return best
        followed = best.copy()
        for row in rows:
            if clear[row]:
                followed[row] = self._go_on(contrasts[row], outstanding[row], int(best[row]))
            else:
                self._lost += 1
        return followed

    def _go_on(self, contrasts: NDArray[np.float32], outstanding: NDArray[np.int64], best: int) -> int:
        """One window's pitch, followed if it is a child's."""
        best = self._undivided(contrasts, outstanding, best)
        goes_on = self._lost <= _LOST_WINDOWS
        if goes_on and self._kept >= _KEPT_WINDOWS and best < self._place - _NEAR_STEPS:
            best = self._nearby(contrasts, outstanding, best)
        if not self._lowest <= best <= self._highest:
            self._lost += 1
            return best
        self._kept = self._kept + 1 if goes_on and abs(best - self._place) <= _NEAR_STEPS else 1
        self._place, self._lost = best, 0
        return best

    def _undivided(self, contrasts: NDArray[np.float32], outstanding: NDArray[np.int64], best: int) -> int:
        """A rough voice swings at half its pitch: its octave stands out nearly always, another voice's now and then."""
        low = best + _OCTAVE_STEPS - 1
        if low + 2 > self._highest:
            return best
        octave = low + int(contrasts[low : low + 3].argmax())
        stands_out = bool(contrasts[octave] >= _ROUGH_DB and outstanding[octave] >= _CLEAR_HARMONICS)
        self._rough += _ROUGH_FOLLOWS * (stands_out - self._rough)
        return octave if stands_out and self._rough >= _ROUGH_SHARE else best

    def _nearby(self, contrasts: NDArray[np.float32], outstanding: NDArray[np.int64], best: int) -> int:
        """Where near the pitch so far a comb stands out on its own; `best` if none does."""
        low = self._place - _NEAR_STEPS
        near = low + int(contrasts[low : self._place + _NEAR_STEPS + 1].argmax())
        is_peak = abs(near - self._place) < _NEAR_STEPS
        is_clear = contrasts[near] >= max(_CLEAR_DB, _SHARE * contrasts[best])
        return near if is_peak and is_clear and outstanding[near] >= _CLEAR_HARMONICS else best
