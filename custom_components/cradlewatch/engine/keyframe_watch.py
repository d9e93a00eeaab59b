"""Whether a keyframe shows something else than the one before: asked while nothing between them was decoded.

In a noisy picture packets do not grow where a small body moves, so their sizes tell nothing. But what moved lies
elsewhere afterwards, and that shows in the next keyframe.
"""

import numpy as np
from numpy.typing import NDArray

_CELL_PX = 8
_LEARN = 0.2
_LEAST_SPREAD = 0.15
"""Gray levels of a cell's mean: rounding alone."""
_FACTOR = 1.5
_LEAST = 6.0
"""In spreads: the highest of a thousand cells of mere noise is about half of it."""

type Cells = NDArray[np.float32]


class KeyframeWatch:
    """Compares small gray pictures, uint8 (height, width). Learns how unlike those of a still scene are."""

    def __init__(self) -> None:
        self._cells: Cells | None = None
        self._usual: float | None = None

    def forget(self) -> None:
        """Another picture: nothing is known of it."""
        self._cells = self._usual = None

    def differs(self, gray: NDArray[np.uint8]) -> bool:
        """Whether `gray` shows more change against the last one than those before did; False without a last one."""
        score = self._score(_cells(gray))
        return score is not None and score > max(_LEAST, _FACTOR * (self._usual or 0.0))

    def looked(self, gray: NDArray[np.uint8], *, calm: bool) -> None:
        """`gray` was given to the detectors; `calm`: nothing moves, its unlikeness is the coder's and the sensor's."""
        cells = _cells(gray)
        score = self._score(cells)
        self._cells = cells
        if score is not None and calm:
            self._usual = score if self._usual is None else self._usual + _LEARN * (score - self._usual)

    def _score(self, cells: Cells) -> float | None:
        """The highest change of four neighbouring cells, in units of what a usual cell changed."""
        if self._cells is None or self._cells.shape != cells.shape:
            return None
        change = cells - self._cells
        # Light that changes everywhere moves nothing.
        change -= np.median(change)
        spread = max(_LEAST_SPREAD, float(np.median(np.abs(change))) / 0.6745)
        four = change[1:, 1:] + change[1:, :-1] + change[:-1, 1:] + change[:-1, :-1]
        return float(np.abs(four).max()) / 2 / spread


def _cells(gray: NDArray[np.uint8]) -> Cells:
    """Means of 8 x 8 pixels; what is left over at the edges is dropped."""
    height, width = (side // _CELL_PX for side in gray.shape)
    whole = gray[: height * _CELL_PX, : width * _CELL_PX].astype(np.float32)
    means: Cells = whole.reshape(height, _CELL_PX, width, _CELL_PX).mean(axis=(1, 3))
    return means
