"""Pitch and voice quality of short spectra, above the room's steady noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spectrum import Spectra
from .track import CHILD_HZ, PitchTrack

type Floats = NDArray[np.float32]

_LOWEST_HZ, _HIGHEST_HZ = 110.0, 2000.0
_STEPS_PER_OCTAVE = 48
_HARMONICS = 6
_LOW_HZ, _TOP_HZ = 250.0, 4000.0
_BETWEEN_HZ = (800.0, 1250.0)
"""Lows pass into highs: with a sharp edge a harmonic that crosses it would look like another vowel."""
_RANGE_DB = 45.0
_RISE_DB, _FALL_DB = 0.05, 0.15
"""How fast the steady spectrum follows, dB a window: 1.5 dB/s up, 5 dB/s down."""
_STANDS_OUT_DB = 6.0
_OCTAVE_DB = 7.0
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Per window: pitch in Hz, how far its harmonics stand out (dB) and how many do, balance and loudness."""

    pitch_hz: Floats
    harmonicity_db: Floats
    harmonics: NDArray[np.int64]
    highs_db: Floats
    """Power above 1 kHz against that below (0.25-4 kHz), steady noise taken away."""
    loud_db: Floats
    """Power of 0.25-4 kHz in dB of full scale, steady noise included."""
    ends_s: NDArray[np.float64]


class PitchMeter:
    """Harmonic comb over spectra from which what is steady (fans, white noise, hum) has been taken away."""

    def __init__(self) -> None:
        self._steady_db: Floats | None = None
        self._bin_hz = 0.0
        self._bins = self._low = self._top = 0
        self._high_share = np.zeros(0, np.float32)
        self._peaks = np.zeros((0, 0), np.int64)
        self._valleys: tuple[NDArray[np.int64], ...] = ()
        self._weights = np.zeros((0, 0), np.float32)
        self._highest_child = 0
        self._track = PitchTrack()

    def interrupt(self) -> None:
        """Sound is missing: no voice goes on over the gap."""
        self._track.reset()

    def reset(self) -> None:
        """Forget the room."""
        self.interrupt()
        self._steady_db = None

    def measure(self, spectra: Spectra) -> Voices:
        """Judge every window of `spectra`."""
        if spectra.bin_hz != self._bin_hz:
            self._prepare(spectra.bin_hz, spectra.power.shape[1])
        power = spectra.power[:, : self._bins] + np.float32(_NOTHING)
        power_db = 10 * np.log10(power)
        steady_db = self._steady(power_db)
        reference = np.maximum(steady_db + 3, power_db.max(axis=1, keepdims=True) - _RANGE_DB)
        above = np.maximum(power_db - reference, 0)
        contrasts, outstanding = self._comb(above)
        rows = np.arange(contrasts.shape[0])
        best = self._undivided(contrasts, contrasts.argmax(axis=1))
        best = self._track.follow(contrasts, outstanding, best)
        return Voices(
            self._refine(power_db, best),
            contrasts[rows, best],
            outstanding[rows, best],
            self._highs(power, steady_db),
            10 * np.log10(power[:, self._low : self._top].sum(axis=1)),
            spectra.ends_s,
        )

    def _prepare(self, bin_hz: float, bins: int) -> None:
        self._bin_hz, self._steady_db = bin_hz, None
        self._bins = min(bins, int(_TOP_HZ * 1.15 / bin_hz))
        self._low, self._top = (min(self._bins - 1, int(hz / bin_hz)) for hz in (_LOW_HZ, _TOP_HZ))
        hz = np.arange(self._low, self._top) * bin_hz
        self._high_share = np.interp(np.log(hz), np.log(_BETWEEN_HZ), (0, 1)).astype(np.float32)
        octaves = np.log2(_HIGHEST_HZ / _LOWEST_HZ)
        pitches = _LOWEST_HZ * 2 ** np.linspace(0, octaves, int(octaves * _STEPS_PER_OCTAVE))
        order = np.arange(1, _HARMONICS + 1)
        self._highest_child = int(np.searchsorted(pitches, CHILD_HZ[1]))
        self._track.begin(pitches)

        def at(factors: NDArray[np.floating]) -> NDArray[np.int64]:
            index = np.minimum(np.rint(np.outer(pitches, factors) / bin_hz), self._bins - 2)
            whole: NDArray[np.int64] = index.astype(np.int64)
            return whole

        self._peaks = at(order.astype(float))
        # A third of the way as well: each third harmonic of a deep voice makes a comb of its own.
        self._valleys = (at(order - 0.5), at(order - 2 / 3), at(order - 1 / 3))
        inside = np.outer(pitches, order) / bin_hz <= self._bins - 2
        self._weights = (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32)

    def _comb(self, above: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """For each window and pitch: how far its harmonics stand out in the mean (dB), and how many do."""
        # Bins first: a gather then copies whole rows of windows.
        above = np.ascontiguousarray(above.T)
        # A harmonic may lie between two bins: the higher of three neighbours counts.
        ridge = above.copy()
        ridge[1:-1] = np.maximum(np.maximum(above[:-2], above[2:]), above[1:-1])
        half, third, other = self._valleys
        valley = above[half]
        # Higher harmonics of a bending voice are too broad for the thirds.
        valley[:, :3] = np.maximum(valley[:, :3], np.maximum(above[third[:, :3]], above[other[:, :3]]))
        contrast = ridge[self._peaks] - valley
        outstanding = (contrast > _STANDS_OUT_DB) & (self._weights > 0)[:, :, None]
        mean = np.einsum("pho,ph->op", contrast, self._weights)
        return mean, outstanding.sum(axis=1).T

    def _undivided(self, contrasts: Floats, best: NDArray[np.int64]) -> NDArray[np.int64]:
        """A rough voice swings at half its pitch as well: where the octave above stands out too, that is meant."""
        octave = np.minimum(best[:, None] + _STEPS_PER_OCTAVE + np.arange(-1, 2), contrasts.shape[1] - 1)
        rows = np.arange(best.size)
        above = octave[rows, contrasts[rows[:, None], octave].argmax(axis=1)]
        found = contrasts[rows, above]
        is_meant = (found > _OCTAVE_DB) & (found > contrasts[rows, best] / 2) & (above <= self._highest_child)
        return np.where(is_meant, above, best)

    def _steady(self, power_db: Floats) -> Floats:
        """The room's steady spectrum before these windows; then it follows them."""
        middle = np.median(power_db, axis=0)
        if self._steady_db is None:
            self._steady_db = middle.astype(np.float32)
        before = self._steady_db
        count = np.float32(power_db.shape[0])
        step = np.clip(middle - before, -_FALL_DB * count, _RISE_DB * count).astype(np.float32)
        self._steady_db = before + step
        return before

    def _refine(self, power_db: Floats, best: NDArray[np.int64]) -> Floats:
        """Pitch finer than the comb's grid: from the strongest of the first harmonics, by a parabola."""
        rows = np.arange(best.size)
        candidates = self._peaks[best, :4]
        strongest = np.where(self._weights[best, :4] > 0, power_db[rows[:, None], candidates], -999).argmax(axis=1)
        middle = candidates[rows, strongest]
        near = np.clip(middle[:, None] + np.arange(-1, 2), 1, power_db.shape[1] - 2)
        middle = near[rows, power_db[rows[:, None], near].argmax(axis=1)]
        left, top, right = (power_db[rows, middle + side] for side in (-1, 0, 1))
        offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-3)
        pitch = (middle + np.clip(offset, -0.5, 0.5)) * self._bin_hz / (strongest + 1)
        refined: Floats = pitch.astype(np.float32)
        return refined

    def _highs(self, power: Floats, steady_db: Floats) -> Floats:
        inside = slice(self._low, self._top)
        fresh = np.maximum(power[:, inside] - 10 ** (steady_db[inside] / 10), _NOTHING)
        high = fresh @ self._high_share
        balance: Floats = 10 * np.log10(high / (fresh.sum(axis=1) - high))
        return balance
