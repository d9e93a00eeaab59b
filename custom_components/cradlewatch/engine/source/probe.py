"""Opens a source, takes its first picture, closes it: for the config flow, before anything is stored."""

from datetime import UTC, datetime
import io
import threading
import time

from av.error import FFmpegError
from av.video.frame import VideoFrame

from ..errors import SourceError, SourceProblem
from ..models import Picture
from ..pictures import rgb_image
from ..settings import SourceSettings
from .open import open_source
from .types import AbortToken, MediaItem, ProbeResult, Source

# Room for a camera that sends a keyframe every 20 s only, see `network`.
_EXTRA_S = 20.0
_JPEG_QUALITY = 85


def probe_source(settings: SourceSettings, abort: AbortToken | None = None) -> ProbeResult:
    """Open `settings`, decode one picture, close. Blocks up to `open_timeout_s` and a few seconds.

    Raises SourceError; `timeout` where no picture comes in time.
    """
    token = abort or AbortToken()
    inner = AbortToken()
    token.add_hook(inner.abort)
    limit = threading.Timer(settings.open_timeout_s + _EXTRA_S, inner.abort)
    limit.daemon = True
    limit.start()
    try:
        return _probe(settings, inner)
    except SourceError as error:
        failure = error.with_traceback(None)
    finally:
        limit.cancel()
        limit.join(timeout=1)
        token.remove_hook(inner.abort)
    if inner.aborted and not token.aborted:
        failure = SourceError(SourceProblem.TIMEOUT, "no picture in time")
    raise failure


def _probe(settings: SourceSettings, abort: AbortToken) -> ProbeResult:
    source = open_source(settings, abort)
    try:
        frame, item = _first_picture(source)
        return ProbeResult(info=source.info, picture=_jpeg(frame, item))
    finally:
        source.close()


def _first_picture(source: Source) -> tuple[VideoFrame, MediaItem]:
    started = False
    for item in source.items():
        if item.stream.type != "video":
            continue
        started |= item.is_key
        if started and (frame := _frame_of(item)) is not None:
            return frame, item
    raise SourceError(SourceProblem.NO_VIDEO, "no picture could be decoded")


def _frame_of(item: MediaItem) -> VideoFrame | None:
    if isinstance(item.frame, VideoFrame):
        return item.frame
    context = item.stream.codec_context
    if not context.is_open:
        # One picture: threads for it would stay until Python's next collection.
        context.thread_count = 1
    try:
        return next((frame for frame in item.packet.decode() if isinstance(frame, VideoFrame)), None)
    except FFmpegError:
        return None  # the next keyframe may be whole; the time limit ends the trying


def _jpeg(frame: VideoFrame, item: MediaItem) -> Picture:
    buffer = io.BytesIO()
    rgb_image(frame).save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    age_s = time.monotonic() - item.arrived_s
    return Picture(
        jpeg=buffer.getvalue(),
        size_wh=(frame.width, frame.height),
        at_s=item.arrived_s,
        taken_at=datetime.fromtimestamp(time.time() - age_s, UTC),
    )
