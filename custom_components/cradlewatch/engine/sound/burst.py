"""One burst of a voice: what is measured of it, and how much it is like the cry of one breath.

Each property is judged by itself between "not at all" (0) and "as in a cry" (1); the burst is as good as all of them
together (their product). The bounds are those of the literature named in `crying`, widened where recorded speech,
music and animals leave room.
"""

from dataclasses import dataclass, field

import numpy as np

from .melody import Melody, beside_arc, folded, in_leaps, rise_at_end, scale_of, without_edges

_MIN_WINDOWS = 6
_MAX_WINDOWS = 256

type Ramp = tuple[tuple[float, ...], tuple[float, ...]]
"""Points (value, likeness), straight lines between them."""

_DURATION_S: Ramp = ((0.22, 0.42, 5.5, 7.0), (0, 1, 1, 0))
_SHORT_DURATION_S: Ramp = ((0.18, 0.32, 5.5, 7.0), (0, 1, 1, 0))
BREATH_S = 0.16
"""A whimper may be as short as a syllable; but a breath follows it, where the next syllable comes at once."""
_PITCH_HZ: Ramp = ((275, 310, 350, 780, 1000), (0, 0.6, 1, 1, 0))
"""Women's speech and singing reach up to about 350 Hz."""
_BEND_SEMITONES: Ramp = ((0.25, 0.8, 6.5, 10, 16), (0, 1, 1, 0.6, 0.3))
"""An instrument keeps its pitch; a melody wanders far."""
_BESIDE_ARC: Ramp = ((0.09, 0.2), (1, 0.3))
"""One breath, one arc: how far the pitch lies beside a smooth one, as a share of its bend. Notes and syllables hold
a pitch and change to another."""
_IN_LEAPS: Ramp = ((0.45, 0.65), (1, 0.2))
"""An arc moves all the time, a third of it in the fastest fifth; a tune holds its notes and then leaps."""
_END_RISES: Ramp = ((-2, 3), (1, 0.5))
"""Semitones a second: as the breath runs out the pitch sinks; who calls or asks may let it rise."""
_STEP_SEMITONES: Ramp = ((0.03, 0.07, 0.6, 0.8, 2.0), (0, 1, 1, 0.35, 0))
"""Between windows 32 ms apart. Speech bends faster, an instrument less."""
_LEAPS: Ramp = ((0.08, 0.25), (1, 0.1))
_LEAP_SEMITONES = 2.5
_HIGHS_DB: Ramp = ((-20, -14, 15, 25), (0.15, 1, 1, 0.3))
"""Humming and soft singing have weak highs, a whistle nothing else."""
_HIGHS_BETWEEN_BREATHS_DB: Ramp = ((-24, -18, 15, 25), (0.15, 1, 1, 0.3))
"""A whimper with the mouth closed has hardly more, but a breath after each sound, where a hum goes on to the next."""
_TONE_DB: Ramp = ((0.1, 0.3), (0, 1))
"""Change of the highs within the burst: none in a machine's tone."""
_VOWELS_DB: Ramp = ((2.5, 5.0), (1, 0.2))
"""Change of the highs from one eighth of a second to the next: one vowel in a cry, many in speech."""
_VOWEL_WINDOWS = 4
_VOICED: Ramp = ((0.5, 0.8), (0.35, 1))
"""Share of windows with a pitch: consonants have none."""
_SYLLABLES_DB: Ramp = ((2.5, 5.0), (1, 0.2))
"""Change of loudness from one tenth of a second to the next: syllables rise and fall, a cry is held."""
_SYLLABLE_WINDOWS = 3
_EDGE_WINDOWS = 2
"""Its beginning and end are left out of that."""
_RISE_DB: Ramp = ((2, 5), (0, 1))
"""Louder than the breaths before and after; a machine that only loses its tone is not."""
ON_SCALE: Ramp = ((0.35, 0.6), (1, 0.3))
"""How well pitches keep to steps of a semitone, 0-1: music does."""
MELODIC_SEMITONES = 2.0
"""What bends less may keep to a step by chance."""
_WAIL_S = 3.0
_WAIL_BEND_SEMITONES = 1.5
_WAIL_HIGHEST_HZ = 700.0
"""What sweeps on and on above it is a siren outside. A child that cries so high takes a breath: two cries count."""


def like(value: float, ramp: Ramp) -> float:
    """Where `value` lies on the ramp."""
    return float(np.interp(value, *ramp))


def _change(values: list[float], lag: int) -> float:
    """Root mean square of the change over `lag` windows, as a deviation; 0 for what is too short."""
    inner = np.array(values[_EDGE_WINDOWS : len(values) - _EDGE_WINDOWS])
    if inner.size <= lag:
        return 0.0
    return float(np.sqrt(np.mean((inner[lag:] - inner[:-lag]) ** 2) / 2))


@dataclass(slots=True)
class Burst:
    """Windows of one voice, in order; `end_s` is that of the last one with a pitch."""

    start_s: float
    end_s: float
    before_db: float
    """Quietest moment of the pause before it."""
    before_s: float = 0.0
    """Length of that pause."""
    semitones: list[float] = field(default_factory=list)
    harmonicity_db: list[float] = field(default_factory=list)
    highs_db: list[float] = field(default_factory=list)
    loud_db: list[float] = field(default_factory=list)
    kept: list[tuple[float, bool]] = field(default_factory=list)
    """Of each window: its time, and whether it has a pitch."""
    windows: int = 0
    """All windows since its start, those without a voice too."""
    voiced: int = 0

    @property
    def duration_s(self) -> float:
        """From its first to its last voice."""
        return self.end_s - self.start_s

    @property
    def usual_db(self) -> float:
        """Loudness of its last windows."""
        return float(np.median(self.loud_db[-20:]))

    @property
    def melody(self) -> Melody:
        """Its pitches."""
        return np.array(self.semitones)

    def extend(
        self, at_s: float, semitones: float | None, harmonicity_db: float, highs_db: float, loud_db: float
    ) -> None:
        """One more window with a voice; `semitones` None where it has broken into a shriek."""
        self.end_s = at_s
        self.voiced += 1
        if len(self.loud_db) >= _MAX_WINDOWS:
            return
        self.kept.append((at_s, semitones is not None))
        self.loud_db.append(loud_db)
        self.harmonicity_db.append(harmonicity_db)
        if semitones is not None:
            self.semitones.append(folded(semitones, self.semitones))
            self.highs_db.append(highs_db)

    def drop_since(self, at_s: float) -> None:
        """Windows from then on belong to what comes after it. The first of all stays."""
        while len(self.kept) > 1 and self.kept[-1][0] >= at_s and len(self.kept) < _MAX_WINDOWS:
            _, has_pitch = self.kept.pop()
            self.loud_db.pop()
            self.harmonicity_db.pop()
            if has_pitch:
                self.semitones.pop()
                self.highs_db.pop()
            self.voiced -= 1
            self.windows -= 1
            self.end_s = self.kept[-1][0]

    def likeness(self, after_db: float | None, after_s: float = 0.0) -> float:
        """How much it is like a cry, 0-1.

        `after_db`: quietest moment after it, None while it goes on; `after_s`: length of the pause after it so far.
        """
        if len(self.semitones) < _MIN_WINDOWS:
            return 0.0
        melody = without_edges(self.melody)
        steps = np.abs(np.diff(melody))
        low, middle, high = np.quantile(melody, [0.1, 0.5, 0.9])
        quiet_db = self.before_db if after_db is None else max(self.before_db, after_db)
        scale = abs(scale_of(melody)) if high - low >= MELODIC_SEMITONES else 0.0
        has_breaths = min(self.before_s, after_s) >= BREATH_S
        return (
            like(self.duration_s, _SHORT_DURATION_S if has_breaths else _DURATION_S)
            * like(2 ** (float(middle) / 12), _PITCH_HZ)
            * like(float(high - low), _BEND_SEMITONES)
            * like(beside_arc(melody, float(high - low)), _BESIDE_ARC)
            * like(in_leaps(melody), _IN_LEAPS)
            * like(rise_at_end(melody), _END_RISES)
            * like(float(np.median(steps)), _STEP_SEMITONES)
            * like(float((steps > _LEAP_SEMITONES).mean()), _LEAPS)
            * like(float(np.median(self.highs_db)), _HIGHS_BETWEEN_BREATHS_DB if has_breaths else _HIGHS_DB)
            * like(float(np.std(self.highs_db)), _TONE_DB)
            * like(_change(self.highs_db, _VOWEL_WINDOWS), _VOWELS_DB)
            * like(self.voiced / max(1, self.windows), _VOICED)
            * like(_change(self.loud_db, _SYLLABLE_WINDOWS), _SYLLABLES_DB)
            * like(float(np.median(self.loud_db)) - quiet_db, _RISE_DB)
            * like(scale, ON_SCALE)
        )

    @property
    def is_wail(self) -> bool:
        """So long, and bending without steps, that it needs no second one."""
        melody = self.melody
        if self.duration_s < _WAIL_S or not melody.size or abs(scale_of(melody)) > ON_SCALE[0][0]:
            return False
        low, middle, high = np.quantile(melody, [0.1, 0.5, 0.9])
        return bool(high - low >= _WAIL_BEND_SEMITONES and middle <= 12 * np.log2(_WAIL_HIGHEST_HZ))
