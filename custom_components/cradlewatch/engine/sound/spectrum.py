"""Blocks of sound as short spectra: 64 ms windows every 32 ms, at 11-16 kHz (8 kHz cameras as they are)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WINDOW_S = 0.064
_MAX_RATE_HZ = 22000.0
"""Rates above it are lowered by averaging neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Power, (windows, bins), 1 for a full-scale sine; the frequency of a bin step; the time of each window's end."""

    power: NDArray[np.float32]
    bin_hz: float
    ends_s: NDArray[np.float64]


def lowered(rate_hz: int) -> tuple[int, int]:
    """By which factor a rate is lowered, and the samples of a window after that: a power of two near 64 ms."""
    factor = max(1, round(rate_hz / 16000)) if rate_hz > _MAX_RATE_HZ else 1
    return factor, 1 << round(np.log2(rate_hz / factor * _WINDOW_S))


class Spectrograph:
    """Cuts a stream of samples into overlapping windows."""

    def __init__(self) -> None:
        self._rate_hz = 0
        self._factor, self._size = 1, 2
        self._window = np.ones(2, np.float32)
        self._left = np.zeros(0, np.float32)

    def reset(self) -> None:
        """Forget samples that wait for their window."""
        self._left = np.zeros(0, np.float32)

    def take(self, samples: NDArray[np.float32], rate_hz: int, at_s: float) -> Spectra | None:
        """Spectra of all windows that are full now; None if there is none yet.

        `samples`: as many as `lowered` divides without a rest; `at_s`: time of the last one.
        """
        if rate_hz != self._rate_hz:
            self._prepare(rate_hz)
        hop, rate = self._size // 2, rate_hz / self._factor
        slow = samples if self._factor == 1 else samples.reshape(-1, self._factor).mean(axis=1)
        waiting = np.concatenate([self._left, slow])
        count = (waiting.size - self._size) // hop + 1
        if count < 1:
            self._left = waiting
            return None
        frames = np.lib.stride_tricks.sliding_window_view(waiting, self._size)[: count * hop : hop]
        spectrum = np.fft.rfft(frames * self._window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        self._left = waiting[count * hop :].copy()
        behind = (waiting.size - self._size - hop * np.arange(count)) / rate
        return Spectra(power, rate / self._size, at_s - behind)

    def _prepare(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._factor, self._size = lowered(rate_hz)
        # Scaled so that a full-scale sine has the power 1.
        self._window = (np.hanning(self._size) * 4 / self._size).astype(np.float32)
        self.reset()
