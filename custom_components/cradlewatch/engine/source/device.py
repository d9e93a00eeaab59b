"""USB cameras, `/dev/videoN` (Linux, V4L2)."""

import errno
import fcntl
import os
from pathlib import Path
import re
import struct

import av
from av.container import InputContainer

from ..errors import SourceError, SourceProblem
from ..settings import SourceSettings
from .boundary import Address, guarded
from .reader import ContainerReader
from .types import AbortToken

DEVICE = re.compile(r"/dev/video\d{1,3}")
# VIDIOC_QUERYCAP and the parts of its answer (linux/videodev2.h): driver, card, bus, version, capabilities of the
# whole, of this node, reserved.
_QUERY_CAPABILITIES = 0x80685600
_CAPABILITIES = struct.Struct("=16s32s32s3I12x")
_OF_THIS_NODE, _CAPTURE = 0x8000_0000, 0x1
_REASONS = {
    errno.EACCES: "no permission to open this device",
    errno.EPERM: "no permission to open this device",
    errno.EBUSY: "another program uses this device",
}
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
    _check(path)
    failure = SourceError(SourceProblem.CANNOT_CONNECT, "not tried")
    for wish in _WISHES:
        try:
            return _open(path, wish, settings, abort)
        except SourceError as error:
            failure = error.with_traceback(None)
        if abort.aborted:
            break
    raise failure


def _check(path: str) -> None:
    """Raise SourceError where `path` is nothing that gives pictures: FFmpeg's own words would not tell which.

    A USB camera has a second node beside the one with the pictures, for their metadata.
    """
    failure: SourceError
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        failure = SourceError(
            SourceProblem.CANNOT_CONNECT, _REASONS.get(error.errno or 0, "this device cannot be opened")
        )
    else:
        try:
            *_, whole, node = _CAPABILITIES.unpack(fcntl.ioctl(device, _QUERY_CAPABILITIES, bytes(_CAPABILITIES.size)))
        except OSError as error:
            gone = error.errno in (errno.ENODEV, errno.ENXIO, errno.EIO)
            problem = SourceProblem.CANNOT_CONNECT if gone else SourceProblem.NO_VIDEO
            failure = SourceError(problem, "the device is gone" if gone else "this device is no camera")
        else:
            if (node if whole & _OF_THIS_NODE else whole) & _CAPTURE:
                return
            failure = SourceError(SourceProblem.NO_VIDEO, "this node of the device gives no pictures, another may")
        finally:
            os.close(device)
    raise failure


def _open(path: str, wish: dict[str, str], settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    address = Address(path)
    limits = (settings.open_timeout_s, settings.read_timeout_s)

    def connect() -> InputContainer:
        return av.open(path, "r", format="v4l2", options=dict(wish), timeout=limits)

    return ContainerReader(guarded(connect, address), address, abort)
