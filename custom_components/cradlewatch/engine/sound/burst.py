"""One burst of a voice: what is measured of it, and how much it is like the cry of one breath.

Each property is judged by itself between "not at all" (0) and "as in a cry" (1); the burst is as good as all of them
together (their product). The bounds are those of the literature named in `crying`, widened where recorded speech,
music and animals leave room.
"""

from dataclasses import dataclass, field

import numpy as np

_MIN_WINDOWS = 8
_MAX_WINDOWS = 256

type Ramp = tuple[tuple[float, ...], tuple[float, ...]]
"""Points (value, likeness), straight lines between them."""

_DURATION_S: Ramp = ((0.22, 0.45, 5.5, 7.0), (0, 1, 1, 0))
_PITCH_HZ: Ramp = ((275, 310, 350, 780, 1000), (0, 0.6, 1, 1, 0))
"""Women's speech and singing reach up to about 350 Hz."""
_BEND_SEMITONES: Ramp = ((0.25, 0.8, 9, 16), (0, 1, 1, 0.4))
"""An instrument keeps its pitch; a cry that breaks into a shriek leaps an octave."""
_STEP_SEMITONES: Ramp = ((0.02, 0.05, 0.5, 0.9, 2.0), (0, 1, 1, 0.35, 0))
"""Between windows 32 ms apart. Speech bends faster, an instrument less."""
_LEAPS: Ramp = ((0.08, 0.25), (1, 0.1))
_LEAP_SEMITONES = 2.5
_HIGHS_DB: Ramp = ((-20, -10, 15, 25), (0.15, 1, 1, 0.3))
"""Mouth open: humming and soft singing have weak highs."""
_COLOUR_DB: Ramp = ((4.5, 8.0), (1, 0.25))
"""Change of the highs within the burst: one vowel in a cry, many in speech."""
_VOICED: Ramp = ((0.45, 0.75), (0.4, 1))
_RISE_DB: Ramp = ((2, 5), (0, 1))
"""Louder than the breaths before and after; a machine that only loses its tone is not."""


def _like(value: float, ramp: Ramp) -> float:
    return float(np.interp(value, *ramp))


@dataclass(slots=True)
class Burst:
    """Windows of one voice, in order; `end_s` is that of the last one with a pitch."""

    start_s: float
    end_s: float
    before_db: float
    """Quietest moment of the pause before it."""
    semitones: list[float] = field(default_factory=list)
    harmonicity_db: list[float] = field(default_factory=list)
    highs_db: list[float] = field(default_factory=list)
    loud_db: list[float] = field(default_factory=list)
    windows: int = 0
    """All windows since its start, those without a pitch too."""

    @property
    def duration_s(self) -> float:
        """From its first to its last pitch."""
        return self.end_s - self.start_s

    def extend(self, at_s: float, pitch_hz: float, harmonicity_db: float, highs_db: float, loud_db: float) -> None:
        """One more window with a pitch."""
        self.end_s = at_s
        if len(self.semitones) < _MAX_WINDOWS:
            self.semitones.append(12 * float(np.log2(pitch_hz)))
            self.harmonicity_db.append(harmonicity_db)
            self.highs_db.append(highs_db)
            self.loud_db.append(loud_db)

    @property
    def usual_db(self) -> float:
        """Loudness of its last windows."""
        return float(np.median(self.loud_db[-20:]))

    def likeness(self, after_db: float | None) -> float:
        """How much it is like a cry, 0-1. `after_db`: quietest moment after it, None while it goes on."""
        if len(self.semitones) < _MIN_WINDOWS:
            return 0.0
        melody = np.array(self.semitones)
        steps = np.abs(np.diff(melody))
        low, middle, high = np.quantile(melody, [0.1, 0.5, 0.9])
        quiet_db = self.before_db if after_db is None else max(self.before_db, after_db)
        return (
            _like(self.duration_s, _DURATION_S)
            * _like(2 ** (float(middle) / 12), _PITCH_HZ)
            * _like(float(high - low), _BEND_SEMITONES)
            * _like(float(np.median(steps)), _STEP_SEMITONES)
            * _like(float((steps > _LEAP_SEMITONES).mean()), _LEAPS)
            * _like(float(np.median(self.highs_db)), _HIGHS_DB)
            * _like(float(np.std(self.highs_db)), _COLOUR_DB)
            * _like(len(self.semitones) / max(1, self.windows), _VOICED)
            * _like(float(np.median(self.loud_db)) - quiet_db, _RISE_DB)
        )
