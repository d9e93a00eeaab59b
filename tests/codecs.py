"""Which of FFmpeg's codecs are still there: each holds what it worked on last."""

from collections.abc import Iterator
from contextlib import contextmanager
import gc

from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from custom_components.cradlewatch.engine.source.audio import aac_template


def open_codecs() -> int:
    """Decoders and encoders alike, of pictures and of AAC. The templates are left out: they were given nothing."""
    kept = [found for found in gc.get_objects() if isinstance(found, VideoCodecContext | AudioCodecContext)]
    heavy = [found for found in kept if found.is_open and (found.type == "video" or found.codec.name == "aac")]
    return len(heavy) - aac_template.cache_info().currsize


@contextmanager
def no_collection() -> Iterator[int]:
    """Python collects no circles, as for hours in a large home; gives the codecs that are open before."""
    gc.collect()
    gc.disable()
    try:
        yield open_codecs()
    finally:
        gc.enable()
