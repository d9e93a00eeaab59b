"""Real-time H.264 encoder for sources that browsers cannot play: drawn, raw, MJPEG, MPEG-4."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from ..errors import SourceError, SourceProblem
from .own_decoder import own_decoder
from .own_encoder import Encoding, Template, own_encoder
from .reader import MediaPacket, fraction_of
from .steady import SteadyClock

TICKS = Fraction(1, 90_000)
_KEYFRAME_S = 1.0
_DEFAULT_RATE_FPS = 25.0
_X264_OPTIONS = {
    "preset": "ultrafast",
    "tune": "zerolatency",
    "forced-idr": "1",
    # Parameter sets at every keyframe (viewers join there) and in the header as well (MP4 clips).
    "x264-params": "repeat-headers=1:scenecut=0",
}
# Software first: it is the one that is everywhere and tested; the others are for builds without libx264.
_ENCODERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("libx264", _X264_OPTIONS),
    ("libopenh264", {}),
    ("h264_v4l2m2m", {}),
)


class H264Encoder:
    """Encodes pictures of one size, in order, at once: one packet for every picture. One thread."""

    def __init__(self, size_wh: tuple[int, int], rate_fps: float | None) -> None:
        width, height = size_wh
        self.size_wh = (width - width % 2, height - height % 2)
        self._next_key_ticks: int | None = None
        self._last_ticks = -1
        rate = rate_fps or _DEFAULT_RATE_FPS
        self.encoder_name, self._template, codec = _first_that_works(self.size_wh, rate)
        self._codec: VideoCodecContext | None = codec
        self.stream = self._template.stream
        """What muxers take as template."""

    def encode(self, frame: VideoFrame, ticks: int) -> list[Packet[VideoStream]]:
        """Encode `frame` for the time `ticks` (1/90000 s); earlier or equal times than the last are moved up."""
        ticks = max(ticks, self._last_ticks + 1)
        self._last_ticks = ticks
        picture = self._fitted(frame)
        picture.pts, picture.time_base = ticks, TICKS
        is_key = self._next_key_ticks is None or ticks >= self._next_key_ticks
        picture.pict_type = PictureType.I if is_key else PictureType.NONE
        if is_key:
            self._next_key_ticks = ticks + int(_KEYFRAME_S / TICKS)
        return [] if self._codec is None else self._codec.encode(picture)

    def _fitted(self, frame: VideoFrame) -> VideoFrame:
        width, height = self.size_wh
        if frame.format.name == "yuv420p" and (frame.width, frame.height) == (width, height):
            return frame
        return frame.reformat(width=width, height=height, format="yuv420p", threads=1)

    def close(self) -> None:
        """Release the encoder, with its last pictures; safe to call twice."""
        self._codec = None
        self._template.close()


def _first_that_works(size_wh: tuple[int, int], rate_fps: float) -> tuple[str, Template, VideoCodecContext]:
    """Its name, its template and itself. Raises SourceError."""
    for name, options in _ENCODERS:
        if name not in av.codecs_available:
            continue
        encoding = Encoding(
            name=name,
            size_wh=size_wh,
            rate_fps=Fraction(rate_fps).limit_denominator(1001),
            time_base=TICKS,
            keyframe_every=max(1, round(rate_fps * 4)),  # keyframes are forced by time; this is the backstop
            options=options,
        )
        with suppress(FFmpegError, ValueError):
            return name, Template(encoding), own_encoder(encoding)
    raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "no H.264 encoder works on this system")


class VideoTranscoder:
    """Decodes what is not H.264 or HEVC and encodes it anew."""

    def __init__(self, source: VideoStream, rate_fps: float | None, *, live_clock: bool) -> None:
        context = source.codec_context
        self._decoder: VideoCodecContext | None = own_decoder(source)
        self._live_clock = live_clock
        self._encoder = H264Encoder((context.width, context.height), rate_fps)
        self._clock = SteadyClock()
        self._frame_s = 1 / Fraction(rate_fps or _DEFAULT_RATE_FPS).limit_denominator(1001)

    @property
    def stream(self) -> VideoStream:
        """Our encoder's stream."""
        return self._encoder.stream

    @property
    def encoder_name(self) -> str:
        """FFmpeg's name of the encoder."""
        return self._encoder.encoder_name

    @property
    def size_wh(self) -> tuple[int, int]:
        """Size of the encoded picture, even numbers, px."""
        return self._encoder.size_wh

    def transcode(self, packet: MediaPacket, arrived_s: float) -> Iterator[tuple[VideoFrame, Packet[VideoStream]]]:
        """Pictures and packets that `packet` completes. Raises FFmpegError for undecodable data."""
        for frame in self._decoder.decode(packet) if self._decoder is not None else ():
            at_s = self._clock.steady(self._time_s(frame, arrived_s), self._frame_s)
            for encoded in self._encoder.encode(frame, int(at_s / TICKS)):
                self._set_back(encoded)
                yield frame, encoded

    def _set_back(self, encoded: Packet[VideoStream]) -> None:
        """To the camera's clock."""
        shift = round(self._clock.shift_s / TICKS)
        if shift and encoded.pts is not None and encoded.dts is not None:
            encoded.pts, encoded.dts = encoded.pts - shift, encoded.dts - shift

    def _time_s(self, frame: VideoFrame, arrived_s: float) -> Fraction:
        if self._live_clock or frame.pts is None or frame.time_base is None:
            return Fraction(arrived_s)
        return frame.pts * fraction_of(frame.time_base)

    def close(self) -> None:
        """Release the decoder, with its last pictures, and the encoder."""
        self._decoder = None
        self._encoder.close()
