"""What the pitches of one burst say: an arc of one breath, the notes of a tune, or the syllables of a word.

Pitches are semitones above 1 Hz, one for each window of 32 ms that has a pitch.
"""

import numpy as np
from numpy.typing import NDArray

type Melody = NDArray[np.float64]

_OCTAVE_WITHIN = 1.5
"""Semitones."""
_ARC_ORDER = 3
_LEAST_BEND_SEMITONES = 0.5
_EDGE_WINDOWS, _EDGE_SHARE = 4, 8
_EDGE_LEAP_SEMITONES = 3.0
_MOVE_WINDOWS = 3
_FASTEST_SHARE = 5
_LEAST_MOVES = 8
_WINDOW_S = 0.032


def folded(semitones: float, before: list[float]) -> float:
    """A rough voice seems to leap an octave from one window to the next: it is the same pitch."""
    if not before:
        return semitones
    leap = semitones - before[-1]
    return semitones - 12 * float(np.sign(leap)) if abs(abs(leap) - 12) < _OCTAVE_WITHIN else semitones


def scale_of(melody: Melody) -> complex:
    """Mean direction of pitches on the circle of one semitone; its length is 1 where all lie on a scale."""
    return complex(np.exp(2j * np.pi * melody).mean())


def without_edges(melody: Melody) -> Melody:
    """Without the few windows before or after a leap at its very edge: these are another's voice, or a breath."""
    most = min(_EDGE_WINDOWS, melody.size // _EDGE_SHARE)
    leaps = np.flatnonzero(np.abs(np.diff(melody)) >= _EDGE_LEAP_SEMITONES) + 1
    first = max((int(leap) for leap in leaps if leap <= most), default=0)
    last = min((int(leap) for leap in leaps if leap >= melody.size - most), default=melody.size)
    return melody[first:last]


def _smooth(melody: Melody) -> Melody:
    """Single windows do not count."""
    padded = np.pad(melody, 1, mode="edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 3), axis=1))


def beside_arc(melody: Melody, bend: float) -> float:
    """Deviation of a melody from a smooth arc, as a share of `bend` (semitones)."""
    powers = np.vander(np.linspace(-1, 1, melody.size), _ARC_ORDER + 1)
    smooth = _smooth(melody)
    rest = smooth - powers @ np.linalg.lstsq(powers, smooth)[0]
    return float(np.sqrt(np.mean(rest**2))) / max(bend, _LEAST_BEND_SEMITONES)


def in_leaps(melody: Melody) -> float:
    """Share of all movement that lies in the fastest fifth of the time, 0-1; 0 for what is too short."""
    smooth = _smooth(melody)
    moves = np.sort(np.abs(smooth[_MOVE_WINDOWS:] - smooth[:-_MOVE_WINDOWS]))
    if moves.size < _LEAST_MOVES or not moves.any():
        return 0.0
    return float(moves[-(moves.size // _FASTEST_SHARE) :].sum() / moves.sum())


def rise_at_end(melody: Melody) -> float:
    """Semitones a second by which the second half goes up; less than 0: down."""
    half = melody[melody.size // 2 :]
    place = np.arange(half.size) - (half.size - 1) / 2
    return float(place @ half / max(float(place @ place), 1.0)) / _WINDOW_S
