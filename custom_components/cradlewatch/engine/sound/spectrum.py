"""Blocks of sound as short spectra: 64 ms windows every 32 ms, at 11-16 kHz (8 kHz cameras as they are)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WINDOW_S = 0.064
_MAX_RATE_HZ = 22000.0
"""Rates above it are lowered by averaging neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Power in dB, (windows, bins), the frequency of a bin step, and the time of each window's end."""

    power_db: NDArray[np.float32]
    bin_hz: float
    ends_s: NDArray[np.float64]


class Spectrograph:
    """Cuts a stream of samples into overlapping windows."""

    def __init__(self) -> None:
        self._rate_hz = 0
        self._left = np.zeros(0, np.float32)
        self._tail = np.zeros(0, np.float32)

    def reset(self) -> None:
        """Forget samples that wait for their window."""
        self._left = self._tail = np.zeros(0, np.float32)

    def take(self, samples: NDArray[np.float32], rate_hz: int, at_s: float) -> Spectra | None:
        """Spectra of all windows that are full now; None if there is none yet. `at_s`: time of the last sample."""
        if rate_hz != self._rate_hz:
            self._rate_hz = rate_hz
            self.reset()
        factor = max(1, round(rate_hz / 16000)) if rate_hz > _MAX_RATE_HZ else 1
        slow = self._decimate(samples, factor)
        rate = rate_hz / factor
        # An even count of samples near 64 ms whose FFT is fast.
        size = 1 << round(np.log2(rate * _WINDOW_S))
        hop = size // 2
        waiting = np.concatenate([self._left, slow])
        count = (waiting.size - size) // hop + 1
        if count < 1:
            self._left = waiting
            return None
        frames = np.lib.stride_tricks.sliding_window_view(waiting, size)[: count * hop : hop]
        power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), axis=1)) ** 2
        self._left = waiting[count * hop :].copy()
        behind = (waiting.size - size - hop * np.arange(count)) / rate
        decibels = (10 * np.log10(power / (size * size / 16) + 1e-12)).astype(np.float32)
        return Spectra(decibels, rate / size, at_s - behind)

    def _decimate(self, samples: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
        if factor == 1:
            return samples
        samples = np.concatenate([self._tail, samples]) if self._tail.size else samples
        whole = samples.size // factor * factor
        self._tail = samples[whole:].copy()
        means: NDArray[np.float32] = samples[:whole].reshape(-1, factor).mean(axis=1)
        return means
