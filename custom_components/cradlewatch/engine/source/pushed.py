"""A camera of stills: pictures that others hand in, encoded here once, at the pace at which they come."""

from collections.abc import Iterator
import io
import time

from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
import numpy as np
from PIL import Image

from ..errors import SourceChangedError, SourceEndedError, SourceError, SourceProblem
from ..models import StreamInfo
from ..picture_feed import PictureFeed
from ..settings import SourceSettings
from .encode import TICKS, H264Encoder
from .types import AbortToken, MediaItem

STILLS_FPS = 2.0
_MAX_EDGE_PX = 1920
_MAX_PIXELS = 64_000_000


class PushedSource:
    """A `Source` over a `PictureFeed`. No sound. A single unreadable picture is left out and counted."""

    def __init__(self, settings: SourceSettings, feed: PictureFeed, abort: AbortToken) -> None:
        self._feed = feed
        self._abort = abort
        self._read_timeout_s = settings.read_timeout_s
        self.undecodable = 0
        feed.open()
        abort.add_hook(feed.close)
        try:
            self._first: tuple[VideoFrame, float] | None = self._next(settings.open_timeout_s)
            frame, _ = self._first
            self._size_wh = (frame.width, frame.height)
            self._encoder = H264Encoder(self._size_wh, STILLS_FPS)
        except SourceError:
            self._leave()
            raise

    @property
    def info(self) -> StreamInfo:
        """The rate is what is asked for; a slow camera gives less."""
        return StreamInfo(
            size_wh=self._encoder.size_wh,
            video_codec="h264",
            frame_rate_fps=STILLS_FPS,
            audio_codec=None,
            audio_rate_hz=None,
            encoder=self._encoder.encoder_name,
        )

    @property
    def video_stream(self) -> VideoStream:
        """Our encoder's stream."""
        return self._encoder.stream

    @property
    def audio_stream(self) -> None:
        """Stills are silent."""
        return

    def items(self) -> Iterator[MediaItem]:
        """See `Source.items`."""
        while True:
            frame, at_s = self._first or self._next(self._read_timeout_s)
            self._first = None
            if (frame.width, frame.height) != self._size_wh:
                self._begin_anew(frame, at_s)
            yield from self._encoded(frame, at_s)

    def _begin_anew(self, frame: VideoFrame, at_s: float) -> None:
        """This picture begins a stream of another size."""
        self._first, self._size_wh = (frame, at_s), (frame.width, frame.height)
        self._encoder.close()
        self._encoder = H264Encoder(self._size_wh, STILLS_FPS)
        raise SourceChangedError(SourceProblem.CANNOT_CONNECT, "the pictures have another size", goes_on=True)

    def _encoded(self, frame: VideoFrame, at_s: float) -> Iterator[MediaItem]:
        failed = ""
        try:
            packets = self._encoder.encode(frame, int(at_s / TICKS))
        except FFmpegError as error:
            failed = type(error).__name__
        if failed:
            raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, f"the encoder failed: {failed}")
        for packet in packets:
            yield MediaItem(
                stream=self.video_stream, packet=packet, is_key=packet.is_keyframe, arrived_s=at_s, frame=frame
            )

    def _next(self, timeout_s: float) -> tuple[VideoFrame, float]:
        """The next picture that can be read. Raises SourceError(timeout), SourceEndedError when stopped."""
        until_s = time.monotonic() + timeout_s
        while (left_s := until_s - time.monotonic()) > 0:
            taken = self._feed.take(left_s)
            if self._abort.aborted:
                raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")
            if taken is None:
                break
            if (frame := _decoded(taken[0])) is not None:
                return frame, taken[1]
            self.undecodable += 1
        raise SourceError(SourceProblem.TIMEOUT, "no picture in time")

    def close(self) -> None:
        """Release the encoder and want no more pictures; safe to call twice."""
        self._leave()
        self._encoder.close()

    def _leave(self) -> None:
        self._abort.remove_hook(self._feed.close)
        self._feed.close()


def _decoded(data: bytes) -> VideoFrame | None:
    """The picture with even sides, at most 1920 px long; None where it cannot be read."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MAX_PIXELS:
                return None
            image.draft("RGB", (_MAX_EDGE_PX, _MAX_EDGE_PX))
            picture = image.convert("RGB")
    except OSError, ValueError, SyntaxError, Image.DecompressionBombError:
        return None
    if max(picture.size) > _MAX_EDGE_PX:
        picture.thumbnail((_MAX_EDGE_PX, _MAX_EDGE_PX))
    width, height = (side - side % 2 for side in picture.size)
    if min(width, height) < 16:
        return None
    pixels = np.ascontiguousarray(np.asarray(picture)[:height, :width])
    return VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", threads=1)
