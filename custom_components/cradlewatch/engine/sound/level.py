"""Sound level and `sound`: louder than the room usually is."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..models import EventKind, Signal

SILENCE_DBFS = -96.0
_FLOOR_S = 60.0
_FLOOR_QUANTILE = 0.2
_ABOVE_DB = 10.0
_BELOW_DB = 6.0
_QUIETEST_DBFS = -55.0
"""Below it nothing is a sound, however silent the room is."""
_ON_S = 0.4
_OFF_S = 3.0
_WARM_UP_S = 2.0


def level_dbfs(samples: NDArray[np.float32]) -> float:
    """Root mean square in dB of full scale, SILENCE_DBFS at the least."""
    if not samples.size:
        return SILENCE_DBFS
    power = float(np.dot(samples, samples)) / samples.size
    return max(SILENCE_DBFS, 10.0 * float(np.log10(power + 1e-12)))


class SoundLevel:
    """Level of the last second, an adaptive floor (a low quantile of the last minute), and sound on or off."""

    def __init__(self) -> None:
        self._levels: deque[tuple[float, float]] = deque()
        self._loud_s = 0.0
        self._last_loud_s = -1e9
        self._on = False
        self._floor_dbfs = SILENCE_DBFS
        self._floor_at_s = -1e9
        self.level_dbfs: float | None = None

    @property
    def active(self) -> bool:
        """A sound is on."""
        return self._on

    @property
    def floor_dbfs(self) -> float:
        """The room's own level."""
        return self._floor_dbfs

    def hear(self, samples: NDArray[np.float32], duration_s: float, at_s: float) -> tuple[Signal, ...]:
        """Take in `duration_s` seconds that end at `at_s`; about a quarter of a second each."""
        level = level_dbfs(samples)
        self._levels.append((at_s, level))
        while self._levels[0][0] < at_s - _FLOOR_S:
            self._levels.popleft()
        recent = [old for old_s, old in reversed(self._levels) if at_s - old_s < 1.0]
        self.level_dbfs = round(10 * float(np.log10(np.mean(10 ** (np.array(recent) / 10)))), 1)
        if at_s - self._levels[0][0] < _WARM_UP_S:
            return ()
        if at_s - self._floor_at_s >= 1.0:
            self._floor_dbfs = float(np.quantile([old for _, old in self._levels], _FLOOR_QUANTILE))
            self._floor_at_s = at_s
        return self._judge(level, duration_s, at_s)

    def _judge(self, level: float, duration_s: float, at_s: float) -> tuple[Signal, ...]:
        limit = max(self._floor_dbfs + _ABOVE_DB, _QUIETEST_DBFS)
        self._loud_s = self._loud_s + duration_s if level >= limit else 0.0
        if level >= limit - (_ABOVE_DB - _BELOW_DB):
            self._last_loud_s = at_s
        if not self._on and self._loud_s >= _ON_S:
            self._on = True
            details = {"level_dbfs": round(level, 1), "floor_dbfs": round(self._floor_dbfs, 1)}
            return (Signal(kind=EventKind.NOISE, active=True, at_s=at_s, details=details),)
        if self._on and at_s - self._last_loud_s >= _OFF_S:
            return self.close(at_s)
        return ()

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._loud_s = 0.0
        if not self._on:
            return ()
        self._on = False
        return (Signal(kind=EventKind.NOISE, active=False, at_s=at_s),)

    def reset(self) -> None:
        """Forget the room."""
        self._levels.clear()
        self.level_dbfs, self._floor_dbfs = None, SILENCE_DBFS
