"""A decoder that goes when its user goes: PyAV's streams and containers hold each other in a circle.

With the stream's context each connection left its decoder and its last pictures, about 11 MB, to the garbage collector,
which in a large home comes seldom, and over privacy too.
"""

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
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
