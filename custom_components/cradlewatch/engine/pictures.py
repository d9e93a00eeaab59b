"""The newest decoded pictures, for stills, checks and snapshots. Encoded in the thread that asks."""

from collections import deque
from datetime import UTC, datetime
import io
import threading
import time

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image

from .models import Picture

_KEPT = 12
_KEEP_EVERY_S = 0.9
_KEPT_LONG_EDGE_PX = 768


def encode_picture(
    frame: VideoFrame,
    at_s: float,
    *,
    long_edge_px: int | None = None,
    quality: int = 85,
    rotation_deg: int = 0,
) -> Picture:
    """JPEG of a decoded frame, scaled down to `long_edge_px` where it is larger; `rotation_deg` clockwise."""
    image = rgb_image(frame, scaled_size(frame.width, frame.height, long_edge_px))
    if rotation_deg:
        image = image.rotate(-rotation_deg, expand=True)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    age_s = time.monotonic() - at_s
    return Picture(
        jpeg=buffer.getvalue(),
        size_wh=image.size,
        at_s=at_s,
        taken_at=datetime.fromtimestamp(time.time() - age_s, UTC),
    )


def rgb_image(frame: VideoFrame, size_wh: tuple[int, int] | None = None) -> Image.Image:
    """A decoded frame as Pillow's picture, scaled to `size_wh`; any thread.

    In place of PyAV's `to_image`, whose scaler starts a thread for each core and keeps them until Python's next
    collection; a reformatter of its own, since the one that a frame keeps must not be shared between threads.
    """
    width, height = size_wh or (frame.width, frame.height)
    small = VideoReformatter().reformat(frame, width, height, "rgb24", interpolation=Interpolation.AREA, threads=1)
    return Image.fromarray(small.to_ndarray())


def scaled_size(width: int, height: int, long_edge_px: int | None) -> tuple[int, int]:
    """Width and height with the long edge at most `long_edge_px`, both even."""
    longest = max(width, height)
    if long_edge_px is None or longest <= long_edge_px:
        return width, height
    scale = long_edge_px / longest
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class PictureStore:
    """Newest full picture, and a small one about each second of the last ten. Written by the loop, read by any."""

    def __init__(self, rotation_deg: int = 0) -> None:
        self._lock = threading.Lock()
        self._newest: tuple[VideoFrame, float] | None = None
        self._kept: deque[tuple[VideoFrame, float]] = deque(maxlen=_KEPT)
        self._reformatter = VideoReformatter()
        self.rotation_deg = rotation_deg

    def put(self, frame: VideoFrame, at_s: float) -> None:
        """A decoded frame, in the loop's thread."""
        keep = not self._kept or at_s - self._kept[-1][1] >= _KEEP_EVERY_S
        small: VideoFrame | None = None
        if keep:
            width, height = scaled_size(frame.width, frame.height, _KEPT_LONG_EDGE_PX)
            small = self._reformatter.reformat(
                frame, width, height, "yuv420p", interpolation=Interpolation.AREA, threads=1
            )
        with self._lock:
            self._newest = (frame, at_s)
            if small is not None:
                self._kept.append((small, at_s))

    def clear(self) -> None:
        """Forget all pictures."""
        with self._lock:
            self._newest = None
            self._kept.clear()

    def newest(self, now_s: float, max_age_s: float, long_edge_px: int | None, quality: int) -> Picture | None:
        """The newest picture not older than `max_age_s`, else None."""
        with self._lock:
            newest = self._newest
        if newest is None or now_s - newest[1] > max_age_s:
            return None
        return encode_picture(
            newest[0], newest[1], long_edge_px=long_edge_px, quality=quality, rotation_deg=self.rotation_deg
        )

    def around(self, at_s: float, count: int, long_edge_px: int | None, quality: int = 80) -> tuple[Picture, ...]:
        """Up to `count` pictures nearest to `at_s` (before, at, after), in time order."""
        with self._lock:
            kept = list(self._kept)
        nearest = sorted(kept, key=lambda entry: abs(entry[1] - at_s))[:count]
        return tuple(
            encode_picture(frame, taken_s, long_edge_px=long_edge_px, quality=quality, rotation_deg=self.rotation_deg)
            for frame, taken_s in sorted(nearest, key=lambda entry: entry[1])
        )
