"""The grid of windows over the working picture, and masks on it.

A window is 2 x 2 cells (8 x 8 working pixels), one starts at every cell, so neighbours overlap by half.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..models import BoxXyxy
from .backend import CELL_PX, Picture

type Mask = NDArray[np.bool_]

_PARTS = 8
WIDE = 6.0
"""Parts of 64: what all of the picture does shows in more of them, a body in one place in fewer."""


def windows_of(cells: Picture) -> Picture:
    """Means of 2 x 2 neighbouring cells: (rows - 1, columns - 1)."""
    rows = cells[:-1] + cells[1:]
    windows: Picture = (rows[:, :-1] + rows[:, 1:]) * np.float32(0.25)
    return windows


def quantile(values: Picture, share: float) -> float:
    """The value that a share (0-1) of the others is below; 0 of none."""
    if not values.size:
        return 0.0
    # Sorting keeps its pace on many equal values, as of a drawn picture; partitioning does not.
    flat = np.sort(values, axis=None)
    return float(flat[int(share * (flat.size - 1))])


def exceeds(values: Picture, limit: float, share: float) -> bool:
    """Whether `quantile(values, share)` is above the limit, found by counting; False of none."""
    above = int(np.count_nonzero(values > np.float32(limit)))
    return above > 0 and above >= values.size - int(share * (values.size - 1))


def highest3(grid: Picture) -> Picture:
    """Highest of 3 x 3 neighbours."""
    rows = grid.copy()
    np.maximum(rows[1:], grid[:-1], out=rows[1:])
    np.maximum(rows[:-1], grid[1:], out=rows[:-1])
    wide = rows.copy()
    np.maximum(wide[:, 1:], rows[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], rows[:, 1:], out=wide[:, :-1])
    return wide


def breadth(amounts: Picture) -> float:
    """Over how many of 8 x 8 equal parts of the picture the amounts are spread: 1 if all are in one, 64 if even."""
    rows, columns = (np.arange(_PARTS) * side // _PARTS for side in amounts.shape)
    parts = np.add.reduceat(np.add.reduceat(amounts, rows, axis=0), columns, axis=1)
    np.maximum(parts, 0, out=parts)
    total = float(parts.sum())
    return total**2 / float((parts * parts).sum()) if total > 0 else 0.0


def count3(mask: Mask) -> NDArray[np.int8]:
    """How many of the 3 x 3 neighbours (itself included) are set."""
    line = mask.view(np.int8)
    rows = line.copy()
    rows[1:] += line[:-1]
    rows[:-1] += line[1:]
    counts: NDArray[np.int8] = rows.copy()
    counts[:, 1:] += rows[:, :-1]
    counts[:, :-1] += rows[:, 1:]
    return counts


def count5(mask: Mask) -> NDArray[np.int8]:
    """How many of the 5 x 5 neighbours (itself included) are set."""
    line = mask.view(np.int8)
    rows = line.copy()
    counts: NDArray[np.int8]
    for step in (1, 2):
        rows[step:] += line[:-step]
        rows[:-step] += line[step:]
    counts = rows.copy()
    for step in (1, 2):
        counts[:, step:] += rows[:, :-step]
        counts[:, :-step] += rows[:, step:]
    return counts


def grow(mask: Mask) -> Mask:
    """The mask and all neighbours of it."""
    return count3(mask) > 0


def polygon_mask(points_xy: Iterable[tuple[float, float]], shape: tuple[int, int]) -> Mask:
    """Which of `shape` (rows, columns) points, at the middles of equal cells over the picture, are inside."""
    points = list(points_xy)
    rows, columns = shape
    y = (np.arange(rows) + 0.5)[:, None] / rows
    x = (np.arange(columns) + 0.5)[None, :] / columns
    inside = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        if y0 == y1:
            continue
        crosses = (y0 > y) != (y1 > y)
        inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside


def box_points(box: BoxXyxy) -> tuple[tuple[float, float], ...]:
    """The corners of a box as a polygon."""
    x0, y0, x1, y1 = box
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def box_mask(box: BoxXyxy, shape: tuple[int, int]) -> Mask:
    """All points of `shape` whose cell touches the box, however little."""
    rows, columns = shape
    x0, y0, x1, y1 = box
    mask = np.zeros(shape, bool)
    mask[
        int(np.floor(y0 * rows)) : int(np.ceil(y1 * rows)), int(np.floor(x0 * columns)) : int(np.ceil(x1 * columns))
    ] = 1
    return mask


def window_shape(picture_shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the window grid over a working picture."""
    return picture_shape[0] // CELL_PX - 1, picture_shape[1] // CELL_PX - 1
