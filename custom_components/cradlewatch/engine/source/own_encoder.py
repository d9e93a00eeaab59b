"""An H.264 encoder that goes when its user goes, and a stream as template for muxers that want one.

PyAV's streams hold a list of their index, which holds the stream: an encoder that belongs to a stream stays, with its
last pictures, until Python's next full collection, which in a large home comes seldom, and over privacy too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
import io

import av
from av.codec.context import CodecContext, Flags
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How to encode. Sizes in px, even numbers; `options` are those of the encoder `name`."""

    name: str
    size_wh: tuple[int, int]
    rate_fps: Fraction
    time_base: Fraction
    keyframe_every: int
    options: Mapping[str, str]


def own_encoder(encoding: Encoding) -> VideoCodecContext:
    """An opened encoder of one thread, without B-frames. Raises FFmpegError where it does not work here."""
    codec = CodecContext.create(encoding.name, "w")
    assert isinstance(codec, VideoCodecContext)
    codec.width, codec.height = encoding.size_wh
    codec.pix_fmt = "yuv420p"
    codec.framerate = encoding.rate_fps
    codec.time_base = encoding.time_base
    codec.flags |= Flags.global_header
    codec.gop_size = encoding.keyframe_every
    codec.max_b_frames = 0
    # The encoding stays in the thread that calls.
    codec.thread_count = 1
    codec.options = dict(encoding.options)
    codec.open()
    return codec


class Template:
    """A stream with the parameter sets of `encoding`, as read from one gray picture. Nothing is encoded with it."""

    def __init__(self, encoding: Encoding) -> None:
        """Raises FFmpegError, ValueError where the encoder makes nothing that can be read."""
        self._container: InputContainer | None = av.open(io.BytesIO(_gray_picture(encoding)), "r", format="h264")
        self.stream: VideoStream = self._container.streams.video[0]

    def close(self) -> None:
        """Safe to call twice."""
        container, self._container = self._container, None
        if container is not None:
            container.close()


def _gray_picture(encoding: Encoding) -> bytes:
    codec = own_encoder(encoding)
    frame = VideoFrame(*encoding.size_wh, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts, frame.time_base = 0, encoding.time_base
    picture = b"".join(bytes(packet) for packet in (*codec.encode(frame), *codec.encode(None)))
    sets = bytes(codec.extradata or b"")
    return picture if picture.startswith(sets) else sets + picture
