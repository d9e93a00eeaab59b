"""Everything heard in one crib: blocks of sound in, signals out."""

import numpy as np
from numpy.typing import NDArray

from ..models import AudioBlock, Signal
from .crying import CryDetector
from .level import SoundLevel
from .pitch import PitchMeter
from .spectrum import Spectrograph, lowered

_BATCH_WINDOWS = 8
_MAX_BLOCK_S = 10.0
_JUMP_S = 2.0
"""Sound that comes so much later or earlier than its samples say was interrupted."""
_FOLLOW = 0.02


class Listener:
    """Gathers blocks to quarters of a second, counted in samples, so that what is found does not rest on their sizes.

    Time is that of the samples, tied to the arrival of the blocks: a network's jitter makes no burst longer.
    """

    def __init__(self) -> None:
        self._spectrograph = Spectrograph()
        self._pitch = PitchMeter()
        self._crying = CryDetector()
        self._level = SoundLevel()
        self._waiting: list[NDArray[np.float32]] = []
        self._waiting_size = 0
        self._batch_size = 1
        self._rate_hz = 0
        self._ends_s: float | None = None
        """Time of the last sample that was taken in."""
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
            self._begin(block.rate_hz)
        # What is longer than ten seconds is no live sound; its end counts.
        samples = block.samples[-int(_MAX_BLOCK_S * block.rate_hz) :]
        self._keep_time(block.at_s, samples.size / block.rate_hz)
        self.last_s = block.at_s
        self._waiting.append(samples)
        self._waiting_size += samples.size
        return self._judge() if self._waiting_size >= self._batch_size else ()

    def _begin(self, rate_hz: int) -> None:
        factor, size = lowered(rate_hz)
        self._rate_hz, self._batch_size = rate_hz, _BATCH_WINDOWS * (size // 2) * factor
        self._drop_waiting()

    def _drop_waiting(self) -> None:
        self._waiting, self._waiting_size, self._ends_s = [], 0, None
        self._spectrograph.reset()

    def _keep_time(self, at_s: float, duration_s: float) -> None:
        if self._ends_s is not None and abs(self._ends_s + duration_s - at_s) > _JUMP_S:
            self._drop_waiting()
            self._pitch.interrupt()
            self._crying.interrupt()
        if self._ends_s is None:
            self._ends_s = at_s
            return
        self._ends_s += duration_s
        self._ends_s += _FOLLOW * (at_s - self._ends_s)

    def _judge(self) -> tuple[Signal, ...]:
        samples = np.nan_to_num(np.concatenate(self._waiting), nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)
        assert self._ends_s is not None
        size = self._batch_size
        signals: list[Signal] = []
        whole = samples.size // size * size
        for start in range(0, whole, size):
            ends_s = self._ends_s - (samples.size - start - size) / self._rate_hz
            signals += self._judge_batch(samples[start : start + size], ends_s)
        self._waiting, self._waiting_size = [samples[whole:]], samples.size - whole
        return tuple(signals)

    def _judge_batch(self, samples: NDArray[np.float32], ends_s: float) -> tuple[Signal, ...]:
        signals = self._level.hear(samples, samples.size / self._rate_hz, ends_s)
        spectra = self._spectrograph.take(samples, self._rate_hz, ends_s)
        if spectra is None:
            return signals
        return (*signals, *self._crying.hear(self._pitch.measure(spectra)))

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off-signals for what is on."""
        self._drop_waiting()
        self.last_s = None
        self._level.level_dbfs = None
        return (*self._level.close(at_s), *self._crying.close(at_s))

    def reset(self) -> None:
        """Forget the room."""
        self._drop_waiting()
        self._pitch.reset()
        self._crying.reset()
        self._level.reset()
