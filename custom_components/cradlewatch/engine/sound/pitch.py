"""Pitch and voice quality of short spectra, above the room's steady noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .spectrum import Spectra

_LOWEST_HZ, _HIGHEST_HZ = 110.0, 1000.0
_STEPS_PER_OCTAVE = 48
_HARMONICS = 6
_TOP_HZ = 4000.0
_RANGE_DB = 45.0
_RISE_DB, _FALL_DB = 0.05, 0.15
"""How fast the steady spectrum follows, dB a window: 1.5 dB/s up, 5 dB/s down."""


@dataclass(frozen=True, slots=True, eq=False)
class Voices:
    """Per window: pitch in Hz, how far harmonics stand out (dB), how many do, and the balance of highs (dB)."""

    pitch_hz: NDArray[np.float32]
    harmonicity_db: NDArray[np.float32]
    harmonics: NDArray[np.int64]
    highs_db: NDArray[np.float32]
    loud_db: NDArray[np.float32]
    """Power of 0.25-4 kHz, steady noise included."""
    ends_s: NDArray[np.float64]


class PitchMeter:
    """Harmonic comb over spectra from which what is steady (fans, white noise, hum) has been taken away."""

    def __init__(self) -> None:
        self._steady_db: NDArray[np.float32] | None = None
        self._bin_hz = 0.0
        self._pitches = np.zeros(0, np.float32)
        self._peaks = self._valleys = np.zeros((0, 0), np.int64)

    def reset(self) -> None:
        """Forget the room."""
        self._steady_db = None

    def measure(self, spectra: Spectra) -> Voices:
        """Judge every window of `spectra`."""
        if spectra.bin_hz != self._bin_hz:
            self._prepare(spectra.bin_hz, spectra.power_db.shape[1])
        power_db = spectra.power_db
        steady = self._steady(power_db)
        reference = np.maximum(steady + 3, power_db.max(axis=1, keepdims=True) - _RANGE_DB)
        above = np.maximum(power_db - reference, 0)
        # A harmonic may lie between two bins: the higher of three neighbours counts, in the valleys the lower.
        ridge = above.copy()
        ridge[:, 1:-1] = np.maximum(np.maximum(above[:, :-2], above[:, 2:]), above[:, 1:-1])
        peaks, valleys = ridge[:, self._peaks], above[:, self._valleys]
        contrast = (peaks - valleys).mean(axis=2)
        best = contrast.argmax(axis=1)
        rows = np.arange(best.size)
        stands_out = (peaks[rows, best] - valleys[rows, best]) > 6
        return Voices(
            self._refine(power_db, best),
            contrast[rows, best].astype(np.float32),
            stands_out.sum(axis=1),
            self._highs(power_db, steady),
            self._loud(power_db),
            spectra.ends_s,
        )

    def _prepare(self, bin_hz: float, bins: int) -> None:
        self._bin_hz = bin_hz
        self._steady_db = None
        octaves = np.log2(_HIGHEST_HZ / _LOWEST_HZ)
        self._pitches = (_LOWEST_HZ * 2 ** np.linspace(0, octaves, int(octaves * _STEPS_PER_OCTAVE))).astype(np.float32)
        order = np.arange(1, _HARMONICS + 1)
        top = min(_TOP_HZ / bin_hz, bins - 2)
        self._peaks = np.minimum(np.rint(np.outer(self._pitches, order) / bin_hz), top).astype(np.int64)
        self._valleys = np.minimum(np.rint(np.outer(self._pitches, order - 0.5) / bin_hz), top).astype(np.int64)

    def _steady(self, power_db: NDArray[np.float32]) -> NDArray[np.float32]:
        """The room's steady spectrum before these windows; then it follows them."""
        middle = np.median(power_db, axis=0)
        if self._steady_db is None:
            self._steady_db = middle.astype(np.float32)
        before = self._steady_db
        count = np.float32(power_db.shape[0])
        step = np.clip(middle - before, -_FALL_DB * count, _RISE_DB * count).astype(np.float32)
        self._steady_db = before + step
        return before

    def _refine(self, power_db: NDArray[np.float32], best: NDArray[np.int64]) -> NDArray[np.float32]:
        """Pitch finer than the comb's grid: from the strongest of the first harmonics, by a parabola."""
        rows = np.arange(best.size)
        candidates = self._peaks[best, :4]
        strongest = power_db[rows[:, None], candidates].argmax(axis=1)
        middle = candidates[rows, strongest]
        near = middle[:, None] + np.arange(-1, 2)
        middle = near[rows, power_db[rows[:, None], np.clip(near, 1, power_db.shape[1] - 2)].argmax(axis=1)]
        middle = np.clip(middle, 1, power_db.shape[1] - 2)
        left, top, right = (power_db[rows, middle + side] for side in (-1, 0, 1))
        offset = 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-3)
        pitch: NDArray[np.float32] = ((middle + np.clip(offset, -0.5, 0.5)) * self._bin_hz / (strongest + 1)).astype(
            np.float32
        )
        return pitch

    def _loud(self, power_db: NDArray[np.float32]) -> NDArray[np.float32]:
        low, high = int(250 / self._bin_hz), int(_TOP_HZ / self._bin_hz)
        loud: NDArray[np.float32] = 10 * np.log10((10 ** (power_db[:, low:high] / 10)).sum(axis=1)).astype(np.float32)
        return loud

    def _highs(self, power_db: NDArray[np.float32], steady_db: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power of 1-4 kHz against 0.25-1 kHz, the steady noise taken away, in dB."""
        power = np.maximum(10 ** (power_db / 10) - 10 ** (steady_db / 10), 1e-12)
        low, middle, high = (int(hz / self._bin_hz) for hz in (250, 1000, _TOP_HZ))
        balance: NDArray[np.float32] = 10 * np.log10(
            power[:, middle:high].sum(axis=1) / power[:, low:middle].sum(axis=1)
        ).astype(np.float32)
        return balance
