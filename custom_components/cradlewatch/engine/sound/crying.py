"""Crying, told by pitch, rhythm and length.

An infant's cry is a train of bursts, one per breath: each a voice of 300-650 Hz with strong harmonics up to 4 kHz,
held for half a second to three seconds while its pitch bends, then a breath (Wasz-Hoeckert et al. 1968; LaGasse,
Neal and Lester 2005). Speech has lower pitch or short syllables, humming and lullabies have weak highs, instruments
hold a pitch exactly, fans and vacuum cleaners never pause.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ..models import EventKind, Signal
from .pitch import Voices

_PITCH_HZ = (285.0, 680.0)
_HARMONICITY_DB = 7.0
_MIN_HARMONICS = 3
_HIGHS_DB = -9.0
_GAP_S = 0.11
_BURST_S = (0.4, 4.0)
_BEND_SEMITONES = (0.4, 10.0)
_WANDER_SEMITONES = 0.03
"""Between windows 32 ms apart; an instrument's pitch moves less."""
_PAUSE_DB = 2.5
"""The breaths before and after are quieter by this; a machine that only loses its tone is not."""
_LEAP_SEMITONES = 2.5
_MAX_LEAPS = 0.2
_MEMORY_S = 7.0
_CRY_S = 1.1
_BURSTS = 2
OFF_AFTER_S = 20.0


@dataclass(slots=True)
class _Burst:
    start_s: float
    end_s: float
    semitones: list[float] = field(default_factory=list)
    contrast: list[float] = field(default_factory=list)
    loud_db: list[float] = field(default_factory=list)
    before_db: float = -120.0
    """Quietest moment of the pause before it."""

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    def is_cry(self, after_db: float) -> bool:
        """Length, pauses and melody of one cry; `after_db` is the quietest moment after it."""
        if not _BURST_S[0] <= self.duration_s <= _BURST_S[1] or len(self.semitones) < 8:
            return False
        if float(np.median(self.loud_db)) < max(self.before_db, after_db) + _PAUSE_DB:
            return False
        melody = np.array(self.semitones)
        steps = np.abs(np.diff(melody))
        low, high = np.quantile(melody, [0.1, 0.9])
        if not _BEND_SEMITONES[0] <= high - low <= _BEND_SEMITONES[1]:
            return False
        return float(np.median(steps)) > _WANDER_SEMITONES and float((steps > _LEAP_SEMITONES).mean()) < _MAX_LEAPS


class CryDetector:
    """Two bursts that are cries, with a breath between them, within seven seconds."""

    def __init__(self) -> None:
        self._open: _Burst | None = None
        self._pause_db = float(np.inf)
        self._cries: deque[_Burst] = deque(maxlen=16)
        self._on = False
        self._last_cry_s = -1e9

    @property
    def active(self) -> bool:
        """Crying is on."""
        return self._on

    def hear(self, voices: Voices) -> tuple[Signal, ...]:
        """Take in the next windows."""
        voiced = (
            (voices.harmonicity_db >= _HARMONICITY_DB)
            & (voices.harmonics >= _MIN_HARMONICS)
            & (voices.highs_db >= _HIGHS_DB)
            & (voices.pitch_hz >= _PITCH_HZ[0])
            & (voices.pitch_hz <= _PITCH_HZ[1])
        )
        signals: list[Signal] = []
        for index in range(voiced.size):
            at_s = float(voices.ends_s[index])
            if voiced[index]:
                self._extend(voices, index)
                self._pause_db = np.inf
            else:
                self._pause_db = min(self._pause_db, float(voices.loud_db[index]))
                if self._open is not None and at_s - self._open.end_s > _GAP_S:
                    self._finish()
            signals += self._decide(at_s)
        return tuple(signals)

    def _extend(self, voices: Voices, index: int) -> None:
        at_s = float(voices.ends_s[index])
        if self._open is None:
            before_db = self._pause_db if np.isfinite(self._pause_db) else -120.0
            self._open = _Burst(at_s, at_s, before_db=before_db)
        burst = self._open
        burst.end_s = at_s
        if len(burst.semitones) < 256:
            burst.semitones.append(12 * float(np.log2(voices.pitch_hz[index])))
            burst.contrast.append(float(voices.harmonicity_db[index]))
            burst.loud_db.append(float(voices.loud_db[index]))

    def _finish(self) -> None:
        burst, self._open = self._open, None
        if burst is not None and burst.is_cry(self._pause_db):
            self._cries.append(burst)
            self._last_cry_s = burst.end_s

    def _decide(self, at_s: float) -> list[Signal]:
        while self._cries and at_s - self._cries[0].end_s > _MEMORY_S:
            self._cries.popleft()
        if not self._on and len(self._cries) >= _BURSTS:
            cried_s = sum(burst.duration_s for burst in self._cries)
            if cried_s >= _CRY_S:
                self._on = True
                contrast = float(np.mean([np.mean(burst.contrast) for burst in self._cries]))
                details = {"bursts": len(self._cries), "cried_s": round(cried_s, 1)}
                score = round(min(1.0, 0.5 + contrast / 50), 2)
                return [Signal(kind=EventKind.CRYING, active=True, at_s=at_s, score=score, details=details)]
        if self._on and at_s - self._last_cry_s >= OFF_AFTER_S:
            return list(self.close(at_s))
        return []

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self._open = None
        self._cries.clear()
        if not self._on:
            return ()
        self._on = False
        return (Signal(kind=EventKind.CRYING, active=False, at_s=at_s),)

    def reset(self) -> None:
        """Forget what was heard."""
        self._open = None
        self._cries.clear()
