"""A picture's gist in 64 bits: may a routine call be spared?

Never a judgement: a blanket over a face can hash the same.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ROWS, _COLS = 8, 9
LIKE_BITS = 5
"""Scenes that differ in at most this many bits are alike. Sensor noise turns 0-3 bits, a moved child more than 10."""


def scene_hash(gray: NDArray[np.uint8]) -> int:
    """Difference hash of a gray picture (height, width): for each of 8 x 8 cells, is its right neighbour brighter?"""
    small = _shrink(gray)
    # Half a step of margin: in a flat area noise alone would decide.
    bits = (small[:, 1:] - small[:, :-1]) > 0.5
    return int.from_bytes(np.packbits(bits).tobytes())


def hash_of_jpeg(jpeg: bytes) -> int:
    """`scene_hash` of a JPEG, decoded small. Executor threads only; raises OSError for what is no picture."""
    with Image.open(BytesIO(jpeg)) as image:
        image.draft("L", (160, 90))
        return scene_hash(np.asarray(image.convert("L"), dtype=np.uint8))


def distance(a: int, b: int) -> int:
    """Bits in which two hashes differ, 0-64."""
    return (a ^ b).bit_count()


def alike(a: int | None, b: int | None) -> bool:
    """True where both are known and close."""
    return a is not None and b is not None and distance(a, b) <= LIKE_BITS


def _shrink(gray: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Means over a grid of 8 rows and 9 columns."""
    height, width = gray.shape
    if height < _ROWS or width < _COLS:
        raise ValueError(f"a picture of {width}x{height} is too small to hash")
    rows = np.linspace(0, height, _ROWS + 1).astype(int)[:-1]
    cols = np.linspace(0, width, _COLS + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(gray.astype(np.float64), rows, axis=0), cols, axis=1)
    counts = np.outer(np.diff(np.append(rows, height)), np.diff(np.append(cols, width)))
    return np.asarray(sums / counts)
