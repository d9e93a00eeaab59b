"""Writers of a window's frames, one at a time, safe against the end of the program at any moment."""

from collections.abc import Sequence
from fractions import Fraction
import io
from pathlib import Path
from typing import Protocol

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..pictures import rgb_image
from ..source.own_encoder import Encoding, Template, own_encoder

CLIP_FPS = 1

_MS = Fraction(1, 1000)
_KEYFRAME_EVERY = 30


class ClipWriter(Protocol):
    """Takes frames of the size `size_wh`. `write` returns the bytes that the part has now."""

    size_wh: tuple[int, int]

    def write(self, frame: VideoFrame, offset_s: float) -> int: ...

    def close(self) -> None: ...


class Mp4Writer:
    """Fragmented H.264, a frame at a time: no frame waits inside the encoder."""

    def __init__(self, path: Path, size_wh: tuple[int, int]) -> None:
        """Begin the part at `path`.

        Raises:
            FFmpegError, OSError: no encoder, no space.
        """
        self.size_wh = size_wh
        self._file = path.open("wb", buffering=0)
        path.chmod(0o600)
        self._last_ms = -1
        self._first_ms = 0
        try:
            flags = "frag_every_frame+empty_moov+default_base_moof"
            # A fragment for each frame, and a file without a buffer: a crash costs the last frame only.
            self._container: OutputContainer = av.open(
                self._file, "w", format="mp4", options={"movflags": flags, "flush_packets": "1"}
            )
            self._codec, self._stream = _encoder_of(self._container, size_wh)
        except BaseException:
            self._file.close()
            raise

    def write(self, frame: VideoFrame, offset_s: float) -> int:
        offset_ms = max(self._last_ms + 1, round(offset_s * 1000))
        if self._last_ms < 0:
            # The format begins at 0 whatever it is told: where that lies in the window goes into the header.
            self._first_ms = offset_ms
            self._container.metadata["comment"] = str(offset_ms)
        self._last_ms = offset_ms
        frame.pts, frame.time_base = offset_ms - self._first_ms, _MS
        frame.pict_type = 0
        self._mux(self._codec.encode(frame))
        return self._file.tell()

    def close(self) -> None:
        with self._file:
            self._mux(self._codec.encode(None))
            self._container.close()

    def _mux(self, packets: Sequence[Packet[VideoStream]]) -> None:
        for packet in packets:
            packet.stream = self._stream
            self._container.mux_one(packet)


class JpegWriter:
    """Frames as JPEG files, for where there is no H.264 encoder."""

    def __init__(self, path: Path, size_wh: tuple[int, int]) -> None:
        path.mkdir(mode=0o700, exist_ok=True)
        self.size_wh = size_wh
        self._path = path
        self._bytes = sum(file.stat().st_size for file in path.iterdir())

    def write(self, frame: VideoFrame, offset_s: float) -> int:
        file = io.BytesIO()
        rgb_image(frame).save(file, "JPEG", quality=60)
        target = self._path / f"{round(offset_s * 1000):09d}.jpg"
        target.write_bytes(file.getbuffer())
        target.chmod(0o600)
        self._bytes += file.tell()
        return self._bytes

    def close(self) -> None:
        """Nothing is held back."""


def has_h264() -> bool:
    """Is there an H.264 encoder that this module uses."""
    return "libx264" in av.codecs_available


def _encoder_of(container: OutputContainer, size_wh: tuple[int, int]) -> tuple[VideoCodecContext, VideoStream]:
    """The encoder, which goes with its writer, and the stream of `container` for its packets."""
    encoding = Encoding(
        name="libx264",
        size_wh=size_wh,
        rate_fps=Fraction(CLIP_FPS),
        time_base=_MS,
        keyframe_every=_KEYFRAME_EVERY,
        # zerolatency: no look-ahead and no B-frames, so that each packet is on disk when its frame was given.
        options={"preset": "veryfast", "tune": "zerolatency", "crf": "28"},
    )
    template = Template(encoding)
    try:
        stream = container.add_stream_from_template(template.stream)
    finally:
        template.close()
    return own_encoder(encoding), stream
