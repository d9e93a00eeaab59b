"""Crying, told by pitch, rhythm and length.

An infant's cry is a train of bursts, one per breath: each a voice of 300-650 Hz with strong harmonics up to 4 kHz,
held for half a second to three seconds while its pitch bends, roughens or breaks into a shriek, then a breath
(Wasz-Hoeckert et al. 1968; LaGasse, Neal and Lester 2005). Speech has lower pitch or short syllables, humming and
lullabies have weak highs, instruments hold a pitch exactly, fans and vacuum cleaners never pause.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from ..models import EventKind, Signal
from .burst import Burst
from .pitch import Voices

_PITCH_HZ = (270.0, 1000.0)
_HARMONICITY_DB = 7.0
_MIN_HARMONICS = 3
_SHRIEK_HARMONICITY_DB = 12.0
_QUIETER_DB = 15.0
"""So much below the burst is its echo, or another voice far away."""
_GAP_S = 0.11
_ROUGH_GAP_S = 0.3
_ROUGH_DB = 6.0
"""A stretch without a pitch, but as loud, belongs to the burst: the voice has broken."""
_AFTER_S = 0.3
"""The breath after a burst is looked for so long, for its quietest moment."""
_MEMORY_S = 8.0
_CRY_S = 1.1
_LIKE = 0.35
_BURSTS = 2
_WAIL_S = 2.5
_WAIL_LIKE = 0.75
"""A single burst so long, and so clear, is enough."""
_MOST_S = 2.0
"""What is longer does not count for more."""
OFF_AFTER_S = 20.0


@dataclass(frozen=True, slots=True)
class _Cry:
    """A burst that is over, judged."""

    start_s: float
    end_s: float
    likeness: float
    harmonicity_db: float

    @property
    def evidence_s(self) -> float:
        return self.likeness * min(self.end_s - self.start_s, _MOST_S)


class CryDetector:
    """Two bursts that are cries, with a breath between them, or a wail, within eight seconds."""

    def __init__(self) -> None:
        self._open: Burst | None = None
        self._closing: Burst | None = None
        """Over, but the breath after it has not been heard yet."""
        self._foreign = False
        self._pause_db = float(np.inf)
        self._cries: deque[_Cry] = deque(maxlen=32)
        self._on = False
        self._last_cry_s = -1e9

    @property
    def active(self) -> bool:
        """Crying is on."""
        return self._on

    def hear(self, voices: Voices) -> tuple[Signal, ...]:
        """Take in the next windows."""
        clear = voices.harmonicity_db >= _HARMONICITY_DB
        pitched = (voices.pitch_hz >= _PITCH_HZ[0]) & (voices.pitch_hz <= _PITCH_HZ[1])
        voiced = clear & pitched & (voices.harmonics >= _MIN_HARMONICS)
        shriek = (voices.pitch_hz > _PITCH_HZ[1]) & (voices.harmonicity_db >= _SHRIEK_HARMONICITY_DB)
        for index in range(voiced.size):
            self._window(voices, index, voiced=bool(voiced[index] or shriek[index]), clear=bool(clear[index]))
        return self._decide(float(voices.ends_s[-1]))

    def _window(self, voices: Voices, index: int, *, voiced: bool, clear: bool) -> None:
        at_s, loud_db = float(voices.ends_s[index]), float(voices.loud_db[index])
        burst = self._open
        if burst is not None:
            burst.windows += 1
            voiced = voiced and loud_db >= burst.usual_db - _QUIETER_DB
        if voiced:
            self._voiced(voices, index, at_s, loud_db)
            return
        self._pause_db = min(self._pause_db, loud_db)
        self._foreign = self._foreign or clear
        if burst is not None:
            rough = not self._foreign and self._pause_db >= burst.usual_db - _ROUGH_DB
            if at_s - burst.end_s > (_ROUGH_GAP_S if rough else _GAP_S):
                burst.windows -= round((at_s - burst.end_s) / 0.032)
                self._open, self._closing = None, burst
        if self._closing is not None and at_s - self._closing.end_s >= _AFTER_S:
            self._finish()

    def _voiced(self, voices: Voices, index: int, at_s: float, loud_db: float) -> None:
        if self._open is None:
            before_db = self._pause_db if np.isfinite(self._pause_db) else -120.0
            self._finish()
            self._open = Burst(at_s, at_s, before_db, windows=1)
        self._pause_db, self._foreign = np.inf, False
        self._open.extend(
            at_s,
            float(voices.pitch_hz[index]),
            float(voices.harmonicity_db[index]),
            float(voices.highs_db[index]),
            loud_db,
        )

    def _finish(self) -> None:
        burst, self._closing = self._closing, None
        if burst is None:
            return
        cry = _judged(burst, self._pause_db)
        if cry.likeness >= _LIKE:
            self._cries.append(cry)
            self._last_cry_s = cry.end_s

    def _decide(self, at_s: float) -> tuple[Signal, ...]:
        while self._cries and at_s - self._cries[0].end_s > _MEMORY_S:
            self._cries.popleft()
        if not self._on and (self._open is not None or self._cries):
            return self._begin(at_s)
        if self._on and self._open is not None and self._open.end_s - self._last_cry_s > OFF_AFTER_S / 2:
            # A burst longer than usual goes on: it must not time out in the middle of it.
            cry = _judged(self._open, None)
            self._last_cry_s = cry.end_s if cry.likeness >= _LIKE else self._last_cry_s
        if self._on and at_s - self._last_cry_s >= OFF_AFTER_S:
            return self.close(at_s)
        return ()

    def _begin(self, at_s: float) -> tuple[Signal, ...]:
        cries = list(self._cries)
        if self._open is not None and (going := _judged(self._open, None)).likeness >= _LIKE:
            cries.append(going)
        wails = any(cry.likeness >= _WAIL_LIKE and cry.end_s - cry.start_s >= _WAIL_S for cry in cries)
        evidence_s = sum(cry.evidence_s for cry in cries)
        if not wails and (len(cries) < _BURSTS or evidence_s < _CRY_S):
            return ()
        self._on, self._last_cry_s = True, cries[-1].end_s
        contrast = float(np.mean([cry.harmonicity_db for cry in cries]))
        details = {"bursts": len(cries), "cried_s": round(sum(cry.end_s - cry.start_s for cry in cries), 1)}
        score = round(min(1.0, 0.5 + contrast / 50), 2)
        return (Signal(kind=EventKind.CRYING, active=True, at_s=at_s, score=score, details=details),)

    def close(self, at_s: float) -> tuple[Signal, ...]:
        """Off, if it is on."""
        self.reset()
        if not self._on:
            return ()
        self._on = False
        return (Signal(kind=EventKind.CRYING, active=False, at_s=at_s),)

    def interrupt(self) -> None:
        """Sound is missing: no burst goes on over the gap."""
        self._open = self._closing = None
        self._pause_db, self._foreign = float(np.inf), False

    def reset(self) -> None:
        """Forget what was heard."""
        self.interrupt()
        self._cries.clear()


def _judged(burst: Burst, after_db: float | None) -> _Cry:
    return _Cry(burst.start_s, burst.end_s, burst.likeness(after_db), float(np.mean(burst.harmonicity_db)))
