"""The vision backends: the few picture operations that all detectors are built from.

Both give equal results within 0.01 gray levels (translation: 0.2 px). OpenCV is used where it can be installed;
Home Assistant OS (musl) has no wheel for it, so numpy alone must do everything too.
"""

import os
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

type Picture = NDArray[np.float32]
"""float32 (height, width) in gray levels, about -128..127."""

CELL_PX = 4
"""Side of a grid cell, in pixels of the working picture."""


class VisionBackend(Protocol):
    """Picture operations. Pictures are float32 (height, width)."""

    name: str

    def half(self, gray: NDArray[np.uint8]) -> Picture:
        """Means of 2 x 2 pixels; an odd last row or column is dropped."""
        ...

    def smooth(self, cells: Picture) -> Picture:
        """Means of 3 x 3 neighbours, the edges repeated."""
        ...

    def blend(self, picture: Picture, new: Picture, share: float) -> None:
        """Take a share of `new` into `picture`, in place."""
        ...

    def cell_means(self, picture: Picture) -> Picture:
        """Means of CELL_PX x CELL_PX pixels; what is left over at the edges is dropped."""
        ...

    def enlarge(self, cells: Picture, out: Picture) -> Picture:
        """Cells to the pixels of `out`, linear between their middles, the outermost cells continued to the edges."""
        ...

    def reach(self, picture: Picture) -> tuple[Picture, Picture]:
        """How much lower (negative) and higher than a pixel the lowest and highest of its 3 x 3 neighbours are."""
        ...

    def powers(self, error: Picture) -> Picture:
        """Per cell, the mean square of the means of 2 x 2 pixels: grain averages out before it is squared."""
        ...

    def shift(self, picture: Picture, dx_px: float, dy_px: float) -> Picture:
        """Move the content right by `dx_px` and down by `dy_px` (bilinear, the edges repeated)."""
        ...

    def translation(self, reference: Picture, picture: Picture) -> tuple[float, float, float]:
        """By how much `picture` is moved against `reference`: dx, dy in pixels, and the peak's share (0-1)."""
        ...


class NumpyBackend:
    """Everything with numpy alone."""

    name = "numpy"

    def __init__(self) -> None:
        self._windows: dict[tuple[int, int], Picture] = {}
        self._sums: dict[int, Picture] = {}
        self._shares: dict[tuple[int, int], tuple[Picture, Picture]] = {}

    def half(self, gray: NDArray[np.uint8]) -> Picture:
        height, width = gray.shape[0] & ~1, gray.shape[1] & ~1
        # Two neighbours are one 16 bit number: both bytes of it are added, whichever comes first.
        pairs = np.ascontiguousarray(gray[:height, :width]).view(np.uint16)
        sums = (pairs & np.uint16(0xFF)) + (pairs >> np.uint16(8))
        halved = (sums[0::2] + sums[1::2]).astype(np.float32)
        halved *= np.float32(0.25)
        return halved

    def smooth(self, cells: Picture) -> Picture:
        return blur3(cells)

    def blend(self, picture: Picture, new: Picture, share: float) -> None:
        step = new - picture
        step *= np.float32(share)
        picture += step

    def cell_means(self, picture: Picture) -> Picture:
        height, width = (side // CELL_PX for side in picture.shape)
        rows = picture[: height * CELL_PX, : width * CELL_PX].reshape(height, CELL_PX, width * CELL_PX).sum(axis=1)
        summed: Picture = rows @ self._column_sums(width)
        return summed

    def _column_sums(self, width: int) -> Picture:
        found = self._sums.get(width)
        if found is None:
            found = np.kron(np.eye(width), np.full((CELL_PX, 1), 1 / CELL_PX**2)).astype(np.float32)
            self._sums = {width: found}
        return found

    def enlarge(self, cells: Picture, out: Picture) -> Picture:
        key = (out.shape[0], out.shape[1])
        if key not in self._shares:
            self._shares = {key: (_shares(cells.shape[0], key[0]), _shares(cells.shape[1], key[1]).T.copy())}
        rows, columns = self._shares[key]
        enlarged: Picture = np.matmul(rows, cells @ columns, out=out)
        return enlarged

    def reach(self, picture: Picture) -> tuple[Picture, Picture]:
        below, above = _spread3(picture, np.minimum), _spread3(picture, np.maximum)
        below -= picture
        above -= picture
        return below, above

    def powers(self, error: Picture) -> Picture:
        height, width = (side // CELL_PX for side in error.shape)
        whole = error[: height * CELL_PX, : width * CELL_PX]
        rows = whole[0::2] + whole[1::2]
        pairs = rows[:, 0::2] + rows[:, 1::2]
        pairs *= pairs
        rows = pairs[0::2] + pairs[1::2]
        return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(1 / 64)

    def shift(self, picture: Picture, dx_px: float, dy_px: float) -> Picture:
        height, width = picture.shape
        x0, y0 = int(np.floor(dx_px)), int(np.floor(dy_px))
        fx, fy = np.float32(dx_px - x0), np.float32(dy_px - y0)
        columns = np.clip(np.arange(width) - x0, 0, width - 1)
        rows = np.clip(np.arange(height) - y0, 0, height - 1)
        left = np.clip(columns - 1, 0, width - 1) if fx else columns
        above = np.clip(rows - 1, 0, height - 1) if fy else rows
        lower = picture[rows]
        if fy:
            lower = lower * (1 - fy) + picture[above] * fy
        moved: Picture = lower[:, columns]
        if fx:
            moved = moved * (1 - fx) + lower[:, left] * fx
        return moved

    def translation(self, reference: Picture, picture: Picture) -> tuple[float, float, float]:
        window = self._window(picture.shape)
        spectrum = np.fft.rfft2((picture - picture.mean()) * window)
        spectrum *= np.conj(np.fft.rfft2((reference - reference.mean()) * window))
        spectrum /= np.abs(spectrum) + 1e-6
        surface = np.fft.irfft2(spectrum, s=picture.shape)
        return _peak(surface)

    def _window(self, shape: tuple[int, ...]) -> Picture:
        key = (shape[0], shape[1])
        found = self._windows.get(key)
        if found is None:
            found = np.outer(np.hanning(shape[0]), np.hanning(shape[1])).astype(np.float32)
            self._windows = {key: found}
        return found


def blur3(grid: Picture) -> Picture:
    """Mean of 3 x 3 neighbours, the edges repeated."""
    padded = np.empty((grid.shape[0] + 2, grid.shape[1] + 2), np.float32)
    padded[1:-1, 1:-1] = grid
    padded[0, 1:-1], padded[-1, 1:-1] = grid[0], grid[-1]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    means: Picture = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1 / 9)
    return means


def _shares(cells: int, pixels: int) -> Picture:
    """(pixels, cells): how much of which cells makes a pixel, linearly between their middles."""
    place = np.clip((np.arange(pixels) + 0.5) / CELL_PX - 0.5, 0, cells - 1)
    shares: Picture = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(cells)[None, :])).astype(np.float32)
    return shares


def _spread3(picture: Picture, extreme: np.ufunc) -> Picture:
    """The lowest or highest of 3 x 3 neighbours, by whole lines: single columns are slow to walk through."""
    rows = picture.copy()
    extreme(rows[1:], picture[:-1], out=rows[1:])
    extreme(rows[:-1], picture[1:], out=rows[:-1])
    spread = rows.copy()
    line, before = spread.reshape(-1), rows.reshape(-1)
    extreme(line[1:-1], before[:-2], out=line[1:-1])
    extreme(line[1:-1], before[2:], out=line[1:-1])
    # At their ends the lines ran on into their neighbours.
    extreme(rows[:, 0], rows[:, 1], out=spread[:, 0])
    extreme(rows[:, -1], rows[:, -2], out=spread[:, -1])
    return spread


def _peak(surface: NDArray[Any]) -> tuple[float, float, float]:
    """Centroid of the 5 x 5 pixels around the highest point of a correlation surface, as a signed shift."""
    height, width = surface.shape
    top = int(np.argmax(surface))
    y, x = divmod(top, width)
    rows, columns = (np.arange(y - 2, y + 3), np.arange(x - 2, x + 3))
    patch = np.maximum(surface[np.ix_(rows % height, columns % width)], 0)
    total = float(patch.sum()) + 1e-9
    dy = float((patch.sum(axis=1) * rows).sum()) / total
    dx = float((patch.sum(axis=0) * columns).sum()) / total
    dy = dy - height if dy > height / 2 else dy
    dx = dx - width if dx > width / 2 else dx
    return dx, dy, min(1.0, total)


class OpenCvBackend:
    """The same with OpenCV."""

    name = "opencv"

    def __init__(self, cv2: ModuleType) -> None:
        self._cv2: Any = cv2
        self._square = np.ones((3, 3), np.uint8)
        self._windows: dict[tuple[int, int], Picture] = {}
        self._whole = np.empty((0, 0), np.float32)

    def half(self, gray: NDArray[np.uint8]) -> Picture:
        height, width = gray.shape[0] & ~1, gray.shape[1] & ~1
        if self._whole.shape != (height, width):
            self._whole = np.empty((height, width), np.float32)
        np.copyto(self._whole, gray[:height, :width])
        halved: Picture = self._cv2.resize(self._whole, (width // 2, height // 2), interpolation=self._cv2.INTER_AREA)
        return halved

    def smooth(self, cells: Picture) -> Picture:
        means: Picture = self._cv2.blur(cells, (3, 3), borderType=self._cv2.BORDER_REPLICATE)
        return means

    def blend(self, picture: Picture, new: Picture, share: float) -> None:
        self._cv2.accumulateWeighted(new, picture, share)

    def cell_means(self, picture: Picture) -> Picture:
        height, width = (side // CELL_PX for side in picture.shape)
        whole = picture[: height * CELL_PX, : width * CELL_PX]
        means: Picture = self._cv2.resize(whole, (width, height), interpolation=self._cv2.INTER_AREA)
        return means

    def enlarge(self, cells: Picture, out: Picture) -> Picture:
        height, width = (side * CELL_PX for side in cells.shape)
        # Linear between neighbours, and cells end where their pixels do: what is left over repeats the last one.
        inner = out[:height, :width]
        self._cv2.resize(cells, (width, height), dst=inner, interpolation=self._cv2.INTER_LINEAR)
        out[height:, :width] = inner[-1]
        out[:, width:] = out[:, width - 1 : width]
        return out

    def reach(self, picture: Picture) -> tuple[Picture, Picture]:
        below, above = self._cv2.erode(picture, self._square), self._cv2.dilate(picture, self._square)
        below -= picture
        above -= picture
        return below, above

    def powers(self, error: Picture) -> Picture:
        height, width = (side // CELL_PX for side in error.shape)
        whole = error[: height * CELL_PX, : width * CELL_PX]
        area = self._cv2.INTER_AREA
        pairs = self._cv2.resize(whole, (width * CELL_PX // 2, height * CELL_PX // 2), interpolation=area)
        pairs *= pairs
        powers: Picture = self._cv2.resize(pairs, (width, height), interpolation=area)
        return powers

    def shift(self, picture: Picture, dx_px: float, dy_px: float) -> Picture:
        x0, y0 = int(np.floor(dx_px)), int(np.floor(dy_px))
        fx, fy = dx_px - x0, dy_px - y0
        # A 2 x 2 kernel keeps the fraction exact; warpAffine would round it to 1/32 px.
        kernel = np.outer([fy, 1 - fy], [fx, 1 - fx]).astype(np.float32)
        border = self._cv2.BORDER_REPLICATE
        blended = self._cv2.filter2D(picture, -1, kernel, anchor=(1, 1), borderType=border)
        height, width = picture.shape
        rows = np.clip(np.arange(height) - y0, 0, height - 1)
        columns = np.clip(np.arange(width) - x0, 0, width - 1)
        moved: Picture = blended[rows][:, columns]
        return moved

    def translation(self, reference: Picture, picture: Picture) -> tuple[float, float, float]:
        shape = picture.shape
        window = self._windows.get((shape[0], shape[1]))
        if window is None:
            window = self._cv2.createHanningWindow((shape[1], shape[0]), self._cv2.CV_32F)
            self._windows = {(shape[0], shape[1]): window}
        first, second = reference - reference.mean(), picture - picture.mean()
        (dx, dy), response = self._cv2.phaseCorrelate(first, second, window)
        return float(dx), float(dy), min(1.0, max(0.0, float(response)))


def choose_backend(wish: str = "auto") -> VisionBackend:
    """The backend for `wish` (auto, opencv or numpy); the environment's CRADLEWATCH_VISION goes first.

    Raises ValueError for another name, ImportError where OpenCV is demanded and cannot be imported.
    """
    wish = os.environ.get("CRADLEWATCH_VISION") or wish
    if wish not in ("auto", "opencv", "numpy"):
        raise ValueError("the vision backend must be auto, opencv or numpy")
    if wish == "numpy":
        return NumpyBackend()
    try:
        import cv2  # noqa: PLC0415  # optional, and slow to import
    except ImportError:
        if wish == "opencv":
            raise
        return NumpyBackend()
    return OpenCvBackend(cv2)
