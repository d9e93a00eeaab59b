"""USB cameras, `/dev/videoN` (Linux, V4L2)."""

from pathlib import Path
import re

import av
from av.container import InputContainer

from ..errors import SourceError, SourceProblem
from ..settings import SourceSettings
from .boundary import Address, guarded
from .reader import ContainerReader
from .types import AbortToken

DEVICE = re.compile(r"/dev/video\d{1,3}")
# MJPEG first: raw 720p fits through USB 2 at ten pictures a second at the most.
_WISHES: tuple[dict[str, str], ...] = (
    {"input_format": "mjpeg", "video_size": "1280x720", "framerate": "15"},
    {"video_size": "640x480"},
    {},
)


def open_device(settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    """Open the camera with the best of the settings that it takes. Raises SourceError."""
    path = settings.spec
    if not Path(path).is_char_device():
        raise SourceError(SourceProblem.CANNOT_CONNECT, "there is no such device")
    failure = SourceError(SourceProblem.CANNOT_CONNECT, "not tried")
    for wish in _WISHES:
        try:
            return _open(path, wish, settings, abort)
        except SourceError as error:
            failure = error.with_traceback(None)
        if abort.aborted:
            break
    raise failure


def _open(path: str, wish: dict[str, str], settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    address = Address(path)
    limits = (settings.open_timeout_s, settings.read_timeout_s)

    def connect() -> InputContainer:
        return av.open(path, "r", format="v4l2", options=dict(wish), timeout=limits)

    return ContainerReader(guarded(connect, address), address, abort)
