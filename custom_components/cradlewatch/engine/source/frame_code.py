"""A small machine-readable frame number in the bottom left corner of the luma plane.

It lets a test (or a benchmark) say which drawn frame a viewer sees at the far end of encoder, relay, muxer and
browser. Four rows of ten cells, two grays: 4 fixed marker cells, 24 bits of number, 12 bits of CRC. The fixed
markers give the two levels, so that a change of range or brightness on the way does not matter.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..models import BoxXyxy

FRAME_CODE_BOX_XYXY: BoxXyxy = (8 / 1280, 672 / 720, 108 / 1280, 712 / 720)
"""Where the code lies, normalised. Ten by ten pixels a cell at 1280x720, five by five at 640x360."""

FRAME_CODE_MODULUS = 1 << 24
"""Numbers are painted modulo this; at 30 frames a second they repeat after six days."""

_ROWS, _COLS = 4, 10
_NUMBER_BITS, _CHECK_BITS = 24, 12
_DARK, _LIGHT = 88, 164
# Two dark and two light corners. Noise seldom has them, and they tell the levels at both ends of the box.
_MARKERS = {0: 0, 9: 1, 30: 1, 39: 0}
_PAYLOAD_CELLS = tuple(cell for cell in range(_ROWS * _COLS) if cell not in _MARKERS)
# Mixed in, so that small numbers are not one flat block (which any dark corner could imitate).
_MASK = 0xA5C_96B_3D2
_CRC_POLYNOMIAL = 0x80F
_MIN_CONTRAST = 36.0
_MIN_MARGIN = 0.18


def paint_frame_code(y_plane: NDArray[np.uint8], number: int) -> None:
    """Paint `number` (modulo FRAME_CODE_MODULUS) into `y_plane`, uint8 (height, width), in place.

    Made for 640x360 to 1920x1080; raises ValueError when a cell would be smaller than two pixels.
    """
    height, width = y_plane.shape
    top, left, rows, cols = _pixel_cells(height, width)
    cells = np.array(_cell_bits(number % FRAME_CODE_MODULUS), dtype=np.uint8).reshape(_ROWS, _COLS)
    levels = cells * np.uint8(_LIGHT - _DARK) + np.uint8(_DARK)
    y_plane[top : top + rows.size, left : left + cols.size] = levels[rows[:, None], cols]


def read_frame_code(y_plane: NDArray[np.uint8]) -> int | None:
    """Read the number painted into `y_plane`, uint8 (height, width), or None where there is none to be trusted."""
    height, width = y_plane.shape
    if height * width == 0:
        return None
    row_weights, col_weights, (top, bottom, left, right) = _reading_weights(height, width)
    box = y_plane[top:bottom, left:right].astype(np.float32)
    means = (row_weights @ box @ col_weights).ravel()
    dark = (means[0] + means[39]) / 2
    light = (means[9] + means[30]) / 2
    contrast = float(light - dark)
    if contrast < _MIN_CONTRAST:
        return None
    relative = (means - (dark + light) / 2) / contrast
    if float(np.abs(relative).min()) < _MIN_MARGIN or float(np.abs(relative).max()) > 1.0:
        return None
    bits = relative > 0
    if any(bool(bits[cell]) != bool(bit) for cell, bit in _MARKERS.items()):
        return None
    value = 0
    for cell in _PAYLOAD_CELLS:
        value = value << 1 | int(bits[cell])
    value ^= _MASK
    number, check = value >> _CHECK_BITS, value & ((1 << _CHECK_BITS) - 1)
    return number if _crc12(number) == check else None


def _cell_bits(number: int) -> list[int]:
    value = (number << _CHECK_BITS | _crc12(number)) ^ _MASK
    bits = [0] * (_ROWS * _COLS)
    for cell, bit in _MARKERS.items():
        bits[cell] = bit
    shift = len(_PAYLOAD_CELLS)
    for cell in _PAYLOAD_CELLS:
        shift -= 1
        bits[cell] = value >> shift & 1
    return bits


def _crc12(number: int) -> int:
    """CRC-12/3GPP's polynomial over the 24 bits, most significant first, with a start value other than zero."""
    register = 0xACE
    for shift in range(_NUMBER_BITS - 1, -1, -1):
        feedback = (register >> (_CHECK_BITS - 1) ^ number >> shift) & 1
        register = (register << 1) & 0xFFF
        if feedback:
            register ^= _CRC_POLYNOMIAL
    return register


def _edges(low: float, high: float, cells: int, pixels: int) -> NDArray[np.float64]:
    return np.linspace(low * pixels, high * pixels, cells + 1)


@lru_cache(maxsize=8)
def _pixel_cells(height: int, width: int) -> tuple[int, int, NDArray[np.intp], NDArray[np.intp]]:
    """Top, left and, for each pixel row and column of the box, which cell it belongs to."""
    x0, y0, x1, y1 = FRAME_CODE_BOX_XYXY
    across = np.round(_edges(x0, x1, _COLS, width)).astype(int)
    down = np.round(_edges(y0, y1, _ROWS, height)).astype(int)
    if int(np.diff(across).min()) < 2 or int(np.diff(down).min()) < 2:
        message = f"{width}x{height} is too small for a frame code"
        raise ValueError(message)
    rows = np.repeat(np.arange(_ROWS), np.diff(down))
    cols = np.repeat(np.arange(_COLS), np.diff(across))
    return int(down[0]), int(across[0]), rows, cols


@lru_cache(maxsize=8)
def _reading_weights(
    height: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[int, int, int, int]]:
    """Weights that average the inner part of each cell, (4, box height) and (box width, 10), and the box in pixels."""
    x0, y0, x1, y1 = FRAME_CODE_BOX_XYXY
    top, bottom = int(y0 * height), min(height, int(np.ceil(y1 * height)))
    left, right = int(x0 * width), min(width, int(np.ceil(x1 * width)))
    rows = _inner_weights(_edges(y0, y1, _ROWS, height), top, bottom)
    cols = _inner_weights(_edges(x0, x1, _COLS, width), left, right)
    return rows, cols.T.copy(), (top, bottom, left, right)


def _inner_weights(edges: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float32]:
    """Share of each pixel that lies in the inner 60 % of each cell; the rest is smeared by scaling and coding."""
    pixels = np.arange(start, stop, dtype=np.float64)
    inset = np.diff(edges) * 0.2
    low, high = (edges[:-1] + inset)[:, None], (edges[1:] - inset)[:, None]
    overlap = np.clip(np.minimum(pixels + 1, high) - np.maximum(pixels, low), 0.0, None)
    shares: NDArray[np.float32] = (overlap / np.maximum(overlap.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return shares
