"""Crying, told by pitch, rhythm and length.

An infant's cry is a train of bursts, one per breath: each a voice of 300-650 Hz with strong harmonics up to 4 kHz,
held for half a second to three seconds while its pitch bends, roughens or breaks into a shriek, then a breath
(Wasz-Hoeckert et al. 1968; LaGasse, Neal and Lester 2005). Speech has lower pitch or short syllables, humming and
lullabies have weak highs, instruments hold a pitch exactly, fans and vacuum cleaners never pause.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..models import EventKind, Signal
from .burst import BREATH_S, MELODIC_SEMITONES, ON_SCALE, Burst, Ramp, like
from .melody import Melody, folded, scale_of
from .pitch import Voices
from .track import CHILD_HZ

_HARMONICITY_DB = 7.0
_MIN_HARMONICS = 3
_SHRIEK_HARMONICITY_DB = 12.0
_QUIETER_DB = 15.0
"""So much below the burst is its echo, or another voice far away."""
_GAP_S = 0.11
_ROUGH_GAP_S = 0.3
_ROUGH_DB = 6.0
"""A stretch without a pitch, but as loud, belongs to the burst: the voice has broken."""
_DIP_WINDOWS, _DIP_DB, _DIP_SEMITONES = 4, 6.0, 4.0
"""A breath between two cries is short and may have a voice of its own: softer for a moment, then another pitch."""
_DEEP_DIP_DB = 9.0
"""So much softer, it is a breath at the same pitch as well."""
_AFTER_S = 0.3
"""The breath after a burst is looked for so long, for its quietest moment."""
_MEMORY_S = 8.0
_CRY_S = 0.55
_TWO_CRY_S = 1.0
"""Of two breaths alone: a child that calls says two words, and waits."""
_LIKE = 0.3
_CLEARLY_LIKE = 0.6
_BURSTS = 2
_WAIL_LIKE = 0.8
_NEXT_S = 2.5
"""The next burst comes within this; what is further apart is no train of cries."""
_BEFORE_S = 3.0
_AS_LOUD_DB = 6.0
_ALL_CRYING: Ramp = ((0.35, 0.6), (0.2, 1))
"""Share of the voices about as loud, from shortly before the first cry, that are cries: all in crying, few in talk."""
_MOST_S = 2.0
"""What is longer does not count for more."""
OFF_AFTER_S = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class _Cry:
    """A burst, judged."""

    start_s: float
    end_s: float
    likeness: float
    harmonicity_db: float
    loud_db: float
    windows: int
    """With a voice."""
    melody: Melody
    """Semitones."""
    is_wail: bool

    @property
    def evidence_s(self) -> float:
        # Squared: many doubtful bursts, as of a child that talks, do not add up to crying.
        return self.likeness**2 * min(self.end_s - self.start_s, _MOST_S)


class CryDetector:
    """Two bursts that are cries, with a breath between them, or a wail, within eight seconds."""

    def __init__(self) -> None:
        self._open: Burst | None = None
        self._closing: Burst | None = None
        """Over, but the breath after it has not been heard yet."""
        self._unpitched = 0
        """Windows without a voice since the last one of the open burst."""
        self._foreign = False
        """Another voice was heard since then."""
        self._pause_db = float(np.inf)
        self._voice_s = float(-np.inf)
        """When the last burst ended, or another voice about as loud."""
        self._recent: deque[tuple[float, float]] = deque(maxlen=_DIP_WINDOWS)
        """Loudness and time of the last windows, with a voice or not."""
        self._heard: deque[tuple[float, float]] = deque(maxlen=1024)
        """When and how loud there was a voice of any kind."""
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
        pitched = (voices.pitch_hz >= CHILD_HZ[0]) & (voices.pitch_hz <= CHILD_HZ[1])
        sung = clear & (voices.harmonics >= _MIN_HARMONICS)
        voiced = sung & pitched
        shriek = (voices.pitch_hz > CHILD_HZ[1]) & (voices.harmonicity_db >= _SHRIEK_HARMONICITY_DB)
        for index in range(voiced.size):
            self._recent.append((float(voices.loud_db[index]), float(voices.ends_s[index])))
            if sung[index]:
                self._heard.append((float(voices.ends_s[index]), float(voices.loud_db[index])))
            if (voiced[index] or shriek[index]) and not self._is_echo(float(voices.loud_db[index])):
                self._voiced(voices, index, shriek=bool(shriek[index]))
            else:
                self._unvoiced(voices, index, clear=bool(clear[index]))
        return self._decide(float(voices.ends_s[-1]))

    def _is_echo(self, loud_db: float) -> bool:
        return self._open is not None and loud_db < self._open.usual_db - _QUIETER_DB

    def _voiced(self, voices: Voices, index: int, *, shriek: bool) -> None:
        at_s, loud_db = float(voices.ends_s[index]), float(voices.loud_db[index])
        if self._open is not None and self._has_breathed(self._open, float(voices.pitch_hz[index])):
            dip_db, dip_s = min(self._recent)
            self._open.drop_since(dip_s)
            self._pause_db = dip_db
            self._finish(at_s)
            self._open, self._closing, self._unpitched = None, self._open, 0
        if self._open is None and not shriek and self._goes_on(at_s, float(voices.pitch_hz[index])):
            self._open, self._closing = self._closing, None
        if self._open is None:
            before_db = self._pause_db if np.isfinite(self._pause_db) else -120.0
            self._finish(at_s)
            self._open, self._unpitched = Burst(at_s, at_s, before_db, at_s - self._voice_s), 0
        self._open.windows += 1 + self._unpitched
        self._unpitched, self._pause_db, self._foreign = 0, np.inf, False
        semitones = None if shriek else 12 * float(np.log2(voices.pitch_hz[index]))
        harmonicity_db, highs_db = float(voices.harmonicity_db[index]), float(voices.highs_db[index])
        self._voice_s = at_s
        self._open.extend(at_s, semitones, harmonicity_db, highs_db, loud_db)

    def _goes_on(self, at_s: float, pitch_hz: float) -> bool:
        """The burst before was hidden by another pitch for a moment: its own is back, and no breath was between."""
        burst = self._closing
        if burst is None or not burst.semitones or at_s - burst.end_s > _ROUGH_GAP_S:
            return False
        leap = folded(12 * float(np.log2(pitch_hz)), burst.semitones) - burst.semitones[-1]
        return abs(leap) < _DIP_SEMITONES and self._pause_db >= burst.usual_db - _ROUGH_DB

    def _has_breathed(self, burst: Burst, pitch_hz: float) -> bool:
        """It was softer just before, and the pitch is another one since then."""
        if len(burst.semitones) < _DIP_WINDOWS:
            return False
        before = float(np.median(burst.semitones[-2 * _DIP_WINDOWS :]))
        leaps = abs(12 * float(np.log2(pitch_hz)) - before) >= _DIP_SEMITONES
        dip_db = min(burst.usual_db, self._recent[-1][0]) - min(self._recent)[0]
        return dip_db > (_DIP_DB if leaps else _DEEP_DIP_DB)

    def _unvoiced(self, voices: Voices, index: int, *, clear: bool) -> None:
        """A window without a voice, or (`clear`) with another one."""
        at_s, burst = float(voices.ends_s[index]), self._open
        self._pause_db = min(self._pause_db, float(voices.loud_db[index]))
        self._foreign = self._foreign or clear
        self._unpitched += 1
        if burst is not None:
            rough = not self._foreign and self._pause_db >= burst.usual_db - _ROUGH_DB
            if at_s - burst.end_s > (_ROUGH_GAP_S if rough else _GAP_S):
                self._open, self._closing = None, burst
        if self._closing is not None and at_s - self._closing.end_s >= _AFTER_S:
            self._finish(at_s)

    def _finish(self, at_s: float) -> None:
        burst, self._closing = self._closing, None
        if burst is None:
            return
        cry = _judged(burst, self._pause_db, at_s - burst.end_s)
        if cry.likeness >= _LIKE:
            self._cries.append(cry)
            self._renew(cry)

    def _decide(self, at_s: float) -> tuple[Signal, ...]:
        while self._cries and at_s - self._cries[0].end_s > _MEMORY_S:
            self._cries.popleft()
        if not self._on and (self._open is not None or self._cries):
            return self._begin(at_s)
        if self._on and self._open is not None and self._open.end_s - self._last_cry_s > OFF_AFTER_S / 2:
            # A burst longer than usual goes on: it must not time out in the middle of it.
            self._renew(_judged(self._open))
        if self._on and at_s - self._last_cry_s >= OFF_AFTER_S:
            return self.close(at_s)
        return ()

    def _renew(self, cry: _Cry) -> None:
        """Crying goes on with a clear cry, or a train of doubtful ones: not with each tone of who soothes the child."""
        train = _train(list(self._cries))
        if cry.likeness >= _CLEARLY_LIKE or (train and self._evidence_s(train) >= _CRY_S / 2):
            self._last_cry_s = cry.end_s

    def _evidence_s(self, train: list[_Cry]) -> float:
        """Seconds of crying in a train; less where much else as loud was heard beside it."""
        return _evidence_s(train) * like(self._share(train), _ALL_CRYING)

    def _begin(self, at_s: float) -> tuple[Signal, ...]:
        cries = list(self._cries)
        if self._open is not None and (going := _judged(self._open)).likeness >= _LIKE:
            cries.append(going)
        cries = _train(cries)
        if not cries:
            return ()
        wails = any(cry.is_wail and cry.likeness >= _WAIL_LIKE for cry in cries)
        least_s = _CRY_S if _breaths(cries) > _BURSTS else _TWO_CRY_S
        if not wails and (len(cries) < _BURSTS or self._evidence_s(cries) < least_s):
            return ()
        self._on, self._last_cry_s = True, cries[-1].end_s
        contrast = float(np.mean([cry.harmonicity_db for cry in cries]))
        details = {"bursts": len(cries), "cried_s": round(sum(cry.end_s - cry.start_s for cry in cries), 1)}
        score = round(min(1.0, 0.5 + contrast / 50), 2)
        return (Signal(kind=EventKind.CRYING, active=True, at_s=at_s, score=score, details=details),)

    def _share(self, cries: list[_Cry]) -> float:
        """Which part of what was heard as loud as these cries they are, 0-1."""
        since_s, least_db = cries[0].start_s - _BEFORE_S, min(cry.loud_db for cry in cries) - _AS_LOUD_DB
        heard = sum(at_s >= since_s and loud_db >= least_db for at_s, loud_db in self._heard)
        return min(1.0, sum(cry.windows for cry in cries) / max(1, heard))

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
        self._unpitched, self._pause_db, self._foreign = 0, float(np.inf), False

    def reset(self) -> None:
        """Forget what was heard."""
        self.interrupt()
        self._cries.clear()
        self._heard.clear()


def _judged(burst: Burst, after_db: float | None = None, after_s: float = 0.0) -> _Cry:
    likeness = burst.likeness(after_db, after_s)
    contrast = float(np.mean(burst.harmonicity_db))
    loud_db = float(np.median(burst.loud_db))
    return _Cry(burst.start_s, burst.end_s, likeness, contrast, loud_db, burst.voiced, burst.melody, burst.is_wail)


def _train(cries: list[_Cry]) -> list[_Cry]:
    """The last cries, as many as follow each other."""
    first = len(cries) - 1
    while first > 0 and cries[first].start_s - cries[first - 1].end_s <= _NEXT_S:
        first -= 1
    return cries[max(0, first) :]


def _breaths(cries: list[_Cry]) -> int:
    """Cries with a breath between them; syllables that follow at once are one word."""
    return 1 + sum(after.start_s - before.end_s >= BREATH_S for before, after in pairwise(cries))


def _evidence_s(cries: list[_Cry]) -> float:
    """Seconds of crying; less where the bursts together keep to a scale, as the notes of a tune do."""
    melody = np.concatenate([cry.melody for cry in cries])
    low, high = np.quantile(melody, [0.1, 0.9])
    scale = abs(scale_of(melody)) if high - low >= MELODIC_SEMITONES else 0.0
    return sum(cry.evidence_s for cry in cries) * like(scale, ON_SCALE)
