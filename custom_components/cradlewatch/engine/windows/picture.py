"""Small, upright pictures for clips."""

from av.video.frame import VideoFrame
import numpy as np
from numpy.typing import NDArray

LONG_EDGE_PX = 640


def small_size(width: int, height: int) -> tuple[int, int]:
    """Size (even numbers) with a long edge of at most 640 px and the same aspect ratio."""
    scale = min(1.0, LONG_EDGE_PX / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def upright(frame: VideoFrame, rotation_deg: int, size_wh: tuple[int, int]) -> VideoFrame:
    """A yuv420p frame of our own, turned clockwise by `rotation_deg` and of `size_wh`.

    The one given may be shared with others (a small camera's frame is not copied by scaling): it is left alone.
    """
    planes = [_turn(plane, rotation_deg) for plane in _planes(frame)]
    width, height = planes[0].shape[1], planes[0].shape[0]
    packed = np.concatenate([plane.reshape(-1) for plane in planes]).reshape(height * 3 // 2, width)
    own = VideoFrame.from_ndarray(packed, format="yuv420p")
    return own if (width, height) == size_wh else own.reformat(*size_wh, threads=1)


def _planes(frame: VideoFrame) -> list[NDArray[np.uint8]]:
    packed = frame.to_ndarray().astype(np.uint8, copy=False).reshape(-1)
    width, height = frame.width, frame.height
    luma, chroma = width * height, (width // 2) * (height // 2)
    return [
        packed[:luma].reshape(height, width),
        packed[luma : luma + chroma].reshape(height // 2, width // 2),
        packed[luma + chroma : luma + 2 * chroma].reshape(height // 2, width // 2),
    ]


def _turn(plane: NDArray[np.uint8], rotation_deg: int) -> NDArray[np.uint8]:
    return np.rot90(plane, -rotation_deg // 90) if rotation_deg else plane
