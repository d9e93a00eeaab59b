"""Whether a keyframe shows something else than the one before: asked while nothing between them was decoded.

In a noisy picture packets do not grow where a small body moves, so their sizes tell nothing. But what moved lies
elsewhere afterwards, and that shows in the next keyframe.
"""

import numpy as np
from numpy.typing import NDArray

_CELL_PX = 8
_LEAST_SPREAD = 0.15
"""Gray levels of a cell's mean: rounding alone."""
_LEAST = 6.0
"""In spreads: the highest of a thousand cells of mere noise is about half of it."""
_BEYOND = 1.5
"""Times what a place, or nearly every place, did by itself of late."""
_NEARLY_ALL = 0.9
_FORGET = 0.995
"""A keyframe: half is forgotten after 140 of them, some minutes. A clock's minutes stay known."""

type Cells = NDArray[np.float32]


class KeyframeWatch:
    """Compares small gray pictures, uint8 (height, width). Learns where and how far those of a still scene differ.

    A clock in the picture, a coder's restless blocks, a lamp's reflection differ each time and in their own places:
    there only more than that is a change, and all other places stay as sharp as they are.
    """

    def __init__(self) -> None:
        self._cells: Cells | None = None
        self._habits: Cells | None = None

    def forget(self) -> None:
        """Another picture: nothing is known of it."""
        self._cells = self._habits = None

    def differs(self, gray: NDArray[np.uint8]) -> bool:
        """Whether `gray` shows more change against the last one than those before did; False without a last one."""
        scores = self._scores(_cells(gray))
        if scores is None:
            return False
        limit = np.full_like(scores, _LEAST)
        if self._habits is not None:
            usual = np.maximum(self._habits, np.quantile(self._habits, _NEARLY_ALL))
            np.maximum(limit, np.float32(_BEYOND) * usual, out=limit)
        return bool((scores > limit).any())

    def looked(self, gray: NDArray[np.uint8], *, calm: bool) -> None:
        """`gray` was given to the detectors; `calm`: nothing moved, its unlikeness is the coder's and the sensor's."""
        cells = _cells(gray)
        scores = self._scores(cells)
        self._cells = cells
        if scores is None or not calm:
            return
        wide = _highest3(scores)
        self._habits = wide if self._habits is None else np.maximum(self._habits * np.float32(_FORGET), wide)

    def _scores(self, cells: Cells) -> Cells | None:
        """Change of each four neighbouring cells together, in units of what a usual cell changed."""
        if self._cells is None or self._cells.shape != cells.shape:
            return None
        change = cells - self._cells
        # Light that changes everywhere moves nothing.
        change -= np.float32(np.median(change))
        spread = max(_LEAST_SPREAD, float(np.median(np.abs(change))) / 0.6745)
        four: Cells = change[1:, 1:] + change[1:, :-1] + change[:-1, 1:] + change[:-1, :-1]
        four /= np.float32(2 * spread)
        return np.abs(four)


def _cells(gray: NDArray[np.uint8]) -> Cells:
    """Means of 8 x 8 pixels; what is left over at the edges is dropped."""
    height, width = (side // _CELL_PX for side in gray.shape)
    whole = gray[: height * _CELL_PX, : width * _CELL_PX].astype(np.float32)
    means: Cells = whole.reshape(height, _CELL_PX, width, _CELL_PX).mean(axis=(1, 3))
    return means


def _highest3(grid: Cells) -> Cells:
    """Highest of 3 x 3 neighbours."""
    padded = np.pad(grid, 1, mode="edge")
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    highest: Cells = np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])
    return highest
