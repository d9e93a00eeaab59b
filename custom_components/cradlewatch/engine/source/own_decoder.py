"""A decoder that goes when its user goes: PyAV's streams and containers hold each other in a circle.

With the stream's context each connection left its decoder and its last pictures, about 11 MB, to the garbage collector,
which in a large home comes seldom, and over privacy too; and 0.7 MB for AAC.
"""

from collections.abc import Generator
from pathlib import Path

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


def own_decoder(stream: VideoStream) -> VideoCodecContext:
    """A decoder for the packets of `stream`, of one thread, not opened yet."""
    theirs = stream.codec_context
    codec = CodecContext.create(theirs.name, "r")
    assert isinstance(codec, VideoCodecContext)
    codec.extradata = theirs.extradata
    # Raw pictures say neither in their packets.
    codec.width, codec.height = theirs.width, theirs.height
    if theirs.pix_fmt is not None:
        codec.pix_fmt = theirs.pix_fmt
    # A live frame is mostly one slice: more threads only pass it on, and each keeps memory of its own.
    codec.thread_count = 1
    return codec


def own_sound_decoder(stream: AudioStream) -> AudioCodecContext:
    """A decoder for the packets of `stream`, whose codec must be told by its parameter sets alone, as AAC's is."""
    theirs = stream.codec_context
    codec = CodecContext.create(theirs.name, "r")
    assert isinstance(codec, AudioCodecContext)
    codec.extradata = theirs.extradata
    if theirs.sample_rate:
        codec.sample_rate = theirs.sample_rate
    if theirs.channels:
        codec.layout = theirs.layout
    return codec


def pictures_of(path: Path) -> Generator[VideoFrame]:
    """The pictures of an MP4 in order, decoded in this thread.

    Raises:
        FFmpegError, OSError: it cannot be read.
        IndexError: there is no video in it.
    """
    with av.open(path, "r", format="mp4") as container:
        stream = container.streams.video[0]
        codec = own_decoder(stream)
        for packet in container.demux(stream):
            # The last packet is empty: what the decoder still holds.
            yield from codec.decode(packet if packet.size else None)
