"""A stream whose parameter sets change while its connection stays: what it is from that keyframe on.

FFmpeg's readers know a stream as it was when they opened it. A keyframe that brings its parameter sets along tells all
that viewers and decoders need, so nobody has to connect anew for them.
"""

import io

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from .nal import NalCodec, ParameterWatch
from .own_decoder import own_decoder
from .reader import MediaPacket

_OPTIONS = {"probesize": "20000000", "analyzeduration": "0"}
_LEAST_S = 0.3
"""A stream that keeps its shape for less is no camera's: there it is better to wait than to follow."""


class KeyframeTemplate:
    """The stream that begins with one keyframe. `close` after all that was made of it."""

    def __init__(self, file: io.BytesIO, container: InputContainer) -> None:
        self._file = file
        self._container = container
        self.stream: VideoStream = container.streams.video[0]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Pixels."""
        return self.stream.codec_context.width, self.stream.codec_context.height

    @classmethod
    def of(cls, codec: NalCodec, keyframe: bytes) -> KeyframeTemplate | None:
        """None where `keyframe` (start codes, with its parameter sets) cannot be decoded without fault."""
        file = io.BytesIO(keyframe)
        try:
            container = av.open(file, "r", format=codec.value, options=_OPTIONS)
        except FFmpegError, OSError:
            return None
        template = cls(file, container) if container.streams.video else None
        if template is None or not template.is_whole(keyframe):
            container.close()
            file.close()
            return None
        return template

    def is_whole(self, keyframe: bytes) -> bool:
        """Whether it gives one picture: what a bit error made of the parameter sets shows there."""
        if min(self.size_wh) <= 0:
            return False
        decoder = own_decoder(self.stream)
        try:
            frames = (*decoder.decode(Packet(keyframe)), *decoder.decode(None))
        except FFmpegError:
            return False
        return [(frame.width, frame.height) for frame in frames if not frame.is_corrupt] == [self.size_wh]

    def close(self) -> None:
        """Release it, with the picture; safe to call twice."""
        self._container.close()
        # The container stays in a circle with its stream, and would keep the keyframe over privacy.
        self._file.close()


class Renewal:
    """Follows one H.264 or HEVC stream through changes of its parameter sets. In the reading thread only."""

    def __init__(self, codec: NalCodec, watch: ParameterWatch, stream: VideoStream) -> None:
        self._codec = codec
        self._watch = watch
        self._opened = stream
        self._template: KeyframeTemplate | None = None
        self._since_s = float("-inf")

    @property
    def stream(self) -> VideoStream:
        """What the stream is now, as a template."""
        return self._opened if self._template is None else self._template.stream

    def follow(self, packet: MediaPacket, at_s: float) -> bool:
        """Go on as what this keyframe with other parameter sets says; False where only another connection can tell."""
        if self._watch.other_codec or self._watch.length_bytes or at_s - self._since_s < _LEAST_S:
            return False
        found = KeyframeTemplate.of(self._codec, bytes(packet))
        if found is None:
            return False
        self.close()
        self._template, self._since_s = found, at_s
        self._watch.accept()
        return True

    def close(self) -> None:
        """Release the template; safe to call twice."""
        if self._template is not None:
            self._template.close()
