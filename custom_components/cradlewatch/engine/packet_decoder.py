"""Compressed video packets to pictures; a damaged packet costs itself only."""

from collections.abc import Sequence

from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from .source.own_decoder import own_decoder
from .source.types import MediaItem


class PacketDecoder:
    """Decodes one video stream from a keyframe on. Belongs to one thread."""

    def __init__(self) -> None:
        self.damaged = 0
        self._needs_key = True
        self._codec: VideoCodecContext | None = None

    @property
    def reorders(self) -> bool:
        """Pictures may come in another order than they are shown in (the stream says so, whether it does it or not)."""
        return self._codec is not None and self._codec.has_b_frames

    def source_opened(self) -> None:
        """A new connection: nothing is known of its reference pictures."""
        self._needs_key = True
        self._codec = None

    def skips(self, item: MediaItem) -> bool:
        """Whether `item` must be left out since what it builds on was."""
        if item.is_key or isinstance(item.frame, VideoFrame):
            self._needs_key = self._needs_key and not item.is_key
            return False
        return self._needs_key

    def missed(self) -> None:
        """A packet was not given: what builds on it must be left out."""
        self._needs_key = True

    def decode(self, item: MediaItem) -> Sequence[VideoFrame]:
        """The pictures that `item` completes; () for what cannot be decoded, which is counted."""
        if isinstance(item.frame, VideoFrame):
            return (item.frame,)
        try:
            return self._codec_for(item).decode(item.packet)
        except FFmpegError:
            self.damaged += 1
            return ()

    def decode_alone(self, item: MediaItem) -> Sequence[VideoFrame]:
        """The picture of a keyframe, now; () where it cannot be decoded. What follows it needs it decoded again.

        Where pictures come in another order than they are shown in, a decoder holds each back for those to come: it
        is emptied.
        """
        frames = self.decode(item)
        if self._codec is None or isinstance(item.frame, VideoFrame):
            return frames
        try:
            frames = (*frames, *self._codec.decode(None))
        except FFmpegError:
            self.damaged += 1
        self._codec.flush_buffers()
        return frames[-1:]

    def _codec_for(self, item: MediaItem) -> VideoCodecContext:
        if self._codec is None:
            assert isinstance(item.stream, VideoStream)
            self._codec = own_decoder(item.stream)
        return self._codec
