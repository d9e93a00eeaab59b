"""Which cells swing to and fro at one frequency, once light, drift and the coder are taken out of them.

All that is no movement is described in time: what a lamp does, a slow drift, a step at every keyframe, what follows
each keyframe at the same distance, and how a coder's noise stays for some frames. It is taken out of the cells and of
the swings that are looked for alike, so that a swing which it hides is not judged, and one that it only touches is
judged by what is left of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .backend import Picture

type Times = NDArray[np.float64]
type Courses = NDArray[np.float64]
"""(times, cells or courses) in gray levels, or (times, times): what turns one course into another."""

_BAND_HZ = (0.3, 1.2)
_SLOW_HZ = (0.08, 0.25)
_STEP_HZ = 0.039
_SPREAD_HZ = 0.03
"""A sleeping child keeps no strict time: what is as near to a frequency belongs to it."""
_LEFT = 0.3
"""Share of a swing's height that must be left where it is judged."""
_DRIFT_DEGREE = 3
"""A drift of light or exposure may bend within the window; a swing of the band goes to and fro four times in it."""
_WIDE_SHARE, _WIDE_MOST = 0.4, 3
"""What takes hold of so much of the picture is the exposure, a lamp or a swaying camera; a chest is far smaller."""
_CODER_TIMES = 3.0
"""A cell may follow the keyframes so many times as strongly as the typical one by the coder alone."""
_ACTIVE = 0.03
"""Gray levels: cells with less were copied by the coder, and say nothing about what it does."""
_LEAST_ACTIVE = 20
_CLINGING, _CLINGING_MOST = 0.75, 0.95
"""Cells differ: a quarter may cling more."""
_MOVES = 2.0
"""Times the change of one frame, after two."""
_STRIP = 32
"""Cells."""
_AT_MOST = 3.0
"""Times the middle one."""


@dataclass(frozen=True, slots=True, eq=False)
class Swing:
    """Per cell (rows, columns): the strongest swing of the band."""

    share: Picture
    """Of the cell's change (0-1); 0 where what is slower is stronger."""
    hertz: Picture
    """Its frequency."""
    rms: Picture
    """Gray levels."""


def strongest(cells: NDArray[np.float32], times_s: Times, keyframes_s: Sequence[float]) -> Swing:
    """The swing of each cell: cells (times, rows, columns) in gray levels, keyframes within these times."""
    shape = cells.shape[1:]
    series = cells.reshape(len(times_s), -1).astype(np.float64)
    series -= series.mean(axis=0)
    number = _between(times_s, keyframes_s)
    plain = _without(_drift(times_s), _steps(number), np.median(series, axis=1)[:, None])
    rest = _product(plain, series)
    strength = (rest * rest).mean(axis=0)
    active = strength > _ACTIVE**2
    whiten = _whiten(plain, _clinging(series[:, active], number) if len(keyframes_s) else 0.0)
    keep = _tame_coder(_product(whiten, series[:, active]), whiten @ _phases(times_s, keyframes_s), plain) @ whiten
    left = _product(keep, series)
    shared = _wide(left)
    if shared.shape[1]:
        wide = _without(shared)
        keep, left = wide @ keep, _product(wide, left)
    hertz = np.arange(_SLOW_HZ[0], _BAND_HZ[1] + 1e-6, _STEP_HZ, dtype=np.float64)
    share, at_hz = _best(_swings(plain, whiten, keep, times_s, hertz), left, hertz)
    found = (share, at_hz, np.sqrt(share * strength))
    return Swing(*(values.astype(np.float32).reshape(shape) for values in found))


def _best(swings: Courses, left: Courses, hertz: Times) -> tuple[Times, Times]:
    """Per cell: the share of its change at the frequency of the band that has most of it, and that frequency."""
    parts = _product(swings.transpose(0, 2, 1).reshape(-1, left.shape[0]), left)
    power = (parts * parts).reshape(len(hertz), -1, left.shape[1]).sum(axis=1)
    in_band, slow = hertz >= _BAND_HZ[0], hertz <= _SLOW_HZ[1]
    best = power[in_band].argmax(axis=0)
    peak = np.take_along_axis(power[in_band], best[None], axis=0)[0]
    total = (left * left).sum(axis=0) + 1e-9
    # Drift is strongest where it is slowest; a swing stands out from what is slower than it.
    return np.where(peak > power[slow].max(axis=0), peak / total, 0), hertz[in_band][best]


def _product(table: Courses, cells: Courses) -> Courses:
    """`table @ cells`, in strips so narrow that the library does it in this thread: its own only cost here."""
    size = cells.shape[1]
    strips = max(1, -(-size // _STRIP))
    padded = np.zeros((cells.shape[0], strips * _STRIP))
    padded[:, :size] = cells
    parts = np.matmul(table, padded.reshape(-1, strips, _STRIP).transpose(1, 0, 2).copy())
    product: Courses = parts.transpose(1, 0, 2).reshape(table.shape[0], -1)[:, :size]
    return product


def _without(*parts: Courses) -> Courses:
    """(times, times): takes out all that these columns can make together."""
    columns = np.hstack(parts)
    norm = np.linalg.norm(columns, axis=0)
    left, strength, _ = np.linalg.svd(columns / np.where(norm > 0, norm, 1), full_matrices=False)
    basis = left[:, strength > 1e-3]
    without: Courses = np.eye(columns.shape[0]) - basis @ basis.T
    return without


def _drift(times_s: Times) -> Courses:
    """Columns that bend together as a slow drift may."""
    middle_s = (times_s[0] + times_s[-1]) / 2
    drift: Courses = np.vander((times_s - middle_s) / max(1e-9, times_s[-1] - middle_s), _DRIFT_DEGREE + 1)
    return drift


def _between(times_s: Times, keyframes_s: Sequence[float]) -> NDArray[np.int64]:
    """For each time, how many keyframes came before."""
    number: NDArray[np.int64] = np.searchsorted(np.asarray(keyframes_s), times_s + 1e-6)
    return number


def _steps(number: NDArray[np.int64]) -> Courses:
    """One column for what lies between two keyframes: each of them shows the cell at a level of its own."""
    steps: Courses = (number[:, None] == np.unique(number)[None, :]).astype(np.float64)
    return steps


def _clinging(series: Courses, number: NDArray[np.int64]) -> float:
    """How far a typical cell's noise clings to what it was a frame before (0-1), as a coder makes it do."""
    near, far = number[1:] == number[:-1], number[2:] == number[:-2]
    if not far.any():
        return 0.0
    one = ((series[1:] - series[:-1])[near] ** 2).mean(axis=0)
    two = ((series[2:] - series[:-2])[far] ** 2).mean(axis=0)
    ratio = two / np.maximum(one, 1e-9)
    # No noise is more than twice as far off after two frames as after one: what is so is carried on, and moves.
    noise = (one > _ACTIVE**2) & (ratio < _MOVES)
    if int(noise.sum()) < _LEAST_ACTIVE:
        return 0.0
    return float(np.clip(np.quantile(ratio[noise], _CLINGING) - 1, 0, _CLINGING_MOST))


def _whiten(keep: Courses, clinging: float) -> Courses:
    """(times, times): noise that clings so is as strong at all frequencies after it."""
    size = keep.shape[0]
    distance = np.abs(np.arange(size)[:, None] - np.arange(size)[None, :])
    strength, course = np.linalg.eigh(keep @ clinging**distance @ keep)
    there = strength > 1e-6
    whiten: Courses = (course[:, there] / np.sqrt(strength[there])) @ course[:, there].T
    return whiten


def _phases(times_s: Times, keyframes_s: Sequence[float]) -> Courses:
    """One column of length 1 for every distance from a keyframe that comes three times or more."""
    starts = np.asarray(keyframes_s)
    if starts.size < 3:
        return np.zeros((len(times_s), 0))
    frame_s = float(np.median(np.diff(times_s)))
    cycle_s = float(np.median(np.diff(starts)))
    last = np.searchsorted(starts, times_s + 1e-6) - 1
    since_s = times_s - starts[np.maximum(last, 0)]
    phase = np.rint(np.where(last < 0, since_s % cycle_s, since_s) / frame_s).astype(int)
    rows = phase[:, None] == np.unique(phase)[None, :]
    rows = rows[:, rows.sum(axis=0) >= 3]
    columns: Courses = rows / np.sqrt(rows.sum(axis=0))
    return columns


def _tame_coder(active: Courses, phases: Courses, plain: Courses) -> Courses:
    """(times, times): brings down what follows every keyframe alike, in the courses that typical cells have there.

    `phases` are what is left of such courses where all else was taken out. A cell's own noise is the measure.
    """
    size = active.shape[0]
    if not phases.shape[1]:
        return np.eye(size)
    basis, height, _ = np.linalg.svd(phases, full_matrices=False)
    basis = basis[:, height > _LEFT * height[0]]
    if active.shape[1] < _LEAST_ACTIVE:
        all_of_it: Courses = np.eye(size) - basis @ basis.T
        return all_of_it
    locked = basis.T @ active
    freedom = max(1, round(float(np.trace(plain))) - basis.shape[1])
    noise = np.maximum((active * active).sum(axis=0) - (locked * locked).sum(axis=0), 1e-9) / freedom
    locked /= np.sqrt(noise)
    # A chest may swing in the same rhythm: cells with far more than the others say no more than those.
    power = (locked * locked).sum(axis=0)
    locked *= np.sqrt(np.minimum(1, _AT_MOST * float(np.median(power)) / np.maximum(power, 1e-9)))
    strength, course = np.linalg.eigh(locked @ locked.T / locked.shape[1])
    brought_down = 1 - 1 / np.sqrt(1 + _CODER_TIMES**2 * np.maximum(0, strength - 1))
    basis = basis @ course
    tame: Courses = np.eye(size) - (basis * brought_down) @ basis.T
    return tame


def _wide(left: Courses) -> Courses:
    """The strongest changes that cells all over the picture share, each in its own measure."""
    strength, in_time = np.linalg.eigh(left @ left.T)
    found = [np.zeros((left.shape[0], 0))]
    for index in range(1, _WIDE_MOST + 1):
        if strength[-index] <= 1e-9:
            break
        course = in_time[:, -index : in_time.shape[1] - index + 1]
        place = (left.T @ course)[:, 0]
        # The share of the cells that take part: 1 if all do alike, towards 0 for a single one.
        share = float((place**2).sum()) ** 2 / (float((place**4).sum()) * place.size)
        if share > _WIDE_SHARE:
            found.append(course)
    return np.hstack(found)


def _swings(plain: Courses, whiten: Courses, keep: Courses, times_s: Times, hertz: Times) -> Courses:
    """(frequencies, times, 4): what is left of a swing at or beside each frequency, of length 1; 0 if too little is."""
    near = hertz[:, None] + np.array([-_SPREAD_HZ, _SPREAD_HZ])
    angle = 2 * np.pi * near[:, None, :] * (times_s - times_s.mean())[None, :, None]
    whole = np.concatenate([np.cos(angle), np.sin(angle)], axis=2)
    columns = whole.transpose(1, 0, 2).reshape(len(times_s), -1)
    unmixed = np.stack([each @ columns for each in (plain, whiten, keep)]).reshape(3, len(times_s), len(hertz), 4)
    bare, white, kept = unmixed.transpose(0, 2, 1, 3)
    left, strength, _ = np.linalg.svd(kept, full_matrices=False)
    enough = strength > _LEFT * _heights(white)
    enough &= _heights(bare) > _LEFT * _heights(whole)
    swings: Courses = left * enough[:, None, :]
    return swings


def _heights(columns: Courses) -> Courses:
    """The singular values of each table (frequencies, times, 4), the largest first."""
    squares = np.linalg.eigvalsh(np.matmul(columns.transpose(0, 2, 1), columns))[:, ::-1]
    heights: Courses = np.sqrt(np.maximum(squares, 0))
    return heights
