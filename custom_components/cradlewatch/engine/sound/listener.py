"""Everything heard in one crib: blocks of sound in, signals out."""

import numpy as np
from numpy.typing import NDArray

from ..models import AudioBlock, Signal
from .crying import CryDetector
from .level import SoundLevel
from .pitch import PitchMeter
from .spectrum import Spectrograph

_BATCH_S = 0.25
_MAX_BLOCK_S = 10.0


class Listener:
    """Gathers blocks to quarters of a second and judges those."""

    def __init__(self) -> None:
        self._spectrograph = Spectrograph()
        self._pitch = PitchMeter()
        self._crying = CryDetector()
        self._level = SoundLevel()
        self._waiting: list[NDArray[np.float32]] = []
        self._waiting_s = 0.0
        self._rate_hz = 0
        self.last_s: float | None = None

    @property
    def sound(self) -> bool:
        """Louder than the room usually is."""
        return self._level.active

    @property
    def crying(self) -> bool:
        """Somebody small cries."""
        return self._crying.active

    @property
    def level_dbfs(self) -> float | None:
        """Level of the last second."""
        return self._level.level_dbfs

    def hear(self, block: AudioBlock) -> tuple[Signal, ...]:
        """Take in one block of any length and rate; not-a-number samples are silence."""
        if block.rate_hz <= 0 or not block.samples.size:
            return ()
        if block.rate_hz != self._rate_hz:
            self._rate_hz, self._waiting, self._waiting_s = block.rate_hz, [], 0.0
        # What is longer than ten seconds is no live sound; its end counts.
        self._waiting.append(block.samples[-int(_MAX_BLOCK_S * block.rate_hz) :])
        self._waiting_s += self._waiting[-1].size / block.rate_hz
        self.last_s = block.at_s
        if self._waiting_s < _BATCH_S:
            return ()
        samples = np.nan_to_num(np.concatenate(self._waiting), nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)
        self._waiting, self._waiting_s = [], 0.0
        return self._judge(samples, block.at_s)

    def _judge(self, samples: NDArray[np.float32], at_s: float) -> tuple[Signal, ...]:
        signals: list[Signal] = []
        size = max(1, int(_BATCH_S * self._rate_hz))
        for start in range(0, samples.size - size // 2, size):
            part = samples[start : start + size] if samples.size - start >= 1.5 * size else samples[start:]
            ends_s = at_s - (samples.size - start - part.size) / self._rate_hz
            signals += self._level.hear(part, part.size / self._rate_hz, ends_s)
            spectra = self._spectrograph.take(part, self._rate_hz, ends_s)
            if spectra is not None:
                signals += self._crying.hear(self._pitch.measure(spectra))
        return tuple(signals)

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off-signals for what is on."""
        self._waiting, self._waiting_s, self.last_s = [], 0.0, None
        self._spectrograph.reset()
        self._level.level_dbfs = None
        return (*self._level.close(at_s), *self._crying.close(at_s))

    def reset(self) -> None:
        """Forget the room."""
        self._spectrograph.reset()
        self._pitch.reset()
        self._crying.reset()
        self._level.reset()
