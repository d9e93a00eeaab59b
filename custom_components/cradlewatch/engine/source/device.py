"""USB cameras, `/dev/videoN` (Linux, V4L2)."""

import errno
import fcntl
import os
from pathlib import Path
import re
import struct
import sys

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
# Of one plane or of several.
_OF_THIS_NODE, _CAPTURE = 0x8000_0000, 0x1001
_FORBIDDEN = (SourceProblem.NO_PERMISSION, "no permission to open this device")
_REASONS = {
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EBUSY: (SourceProblem.DEVICE_BUSY, "another program uses this device"),
}
_UNKNOWN = (SourceProblem.CANNOT_CONNECT, "this device cannot be opened")
# VIDIOC_TRY_FMT: the kind of stream, then width, height, pixel format and field of its pictures.
_FORMAT_BYTES, _PICTURE_AT = (208, 8) if struct.calcsize("P") == 8 else (204, 4)
_TRY_FORMAT = 0xC000_5640 | _FORMAT_BYTES << 16
_PICTURE = struct.Struct("=4I")
_VIDEO_CAPTURE, _ANY_FIELD = 1, 0
_MJPEG = int.from_bytes(b"MJPG", "little")
_WISHED_WH = (1280, 720)
_RAW_WISHES: tuple[dict[str, str], ...] = ({"video_size": "640x480"}, {})


def open_device(settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    """Open the camera with the best of the settings that it takes. Raises SourceError."""
    path = settings.spec
    if not Path(path).is_char_device():
        raise SourceError(SourceProblem.CANNOT_CONNECT, "there is no such device")
    size_wh = _mjpeg_size_of(path)
    # MJPEG first: raw 720p fits through USB 2 at ten pictures a second at the most.
    mjpeg = {"input_format": "mjpeg", "framerate": "15"}
    if size_wh is not None:
        mjpeg["video_size"] = "{}x{}".format(*size_wh)
    failure = SourceError(SourceProblem.CANNOT_CONNECT, "not tried")
    for wish in (mjpeg, *_RAW_WISHES):
        try:
            return _open(path, wish, settings, abort)
        except SourceError as error:
            failure = error.with_traceback(None)
        if abort.aborted:
            break
    raise failure


def _mjpeg_size_of(path: str) -> tuple[int, int] | None:
    """The size in px that the camera at `path` gives MJPEG in when asked for 720p, None where it does not tell.

    Asked for another one than that, FFmpeg takes pictures of less than three quarters of the height for fields and
    puts two of them into one.

    Raises:
        SourceError: nothing that gives pictures; FFmpeg's own words would not tell which. A USB camera has a second
            node beside the one with the pictures, for their metadata.
    """
    failure: SourceError
    try:
        device = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        failure = SourceError(*_REASONS.get(error.errno or 0, _UNKNOWN))
    else:
        try:
            *_, whole, node = _CAPABILITIES.unpack(fcntl.ioctl(device, _QUERY_CAPABILITIES, bytes(_CAPABILITIES.size)))
        except OSError as error:
            gone = error.errno in (errno.ENODEV, errno.ENXIO, errno.EIO)
            problem = SourceProblem.CANNOT_CONNECT if gone else SourceProblem.NO_VIDEO
            failure = SourceError(problem, "the device is gone" if gone else "this device is no camera")
        else:
            if (node if whole & _OF_THIS_NODE else whole) & _CAPTURE:
                return _tried_size(device)
            failure = SourceError(SourceProblem.NO_VIDEO, "this node of the device gives no pictures, another may")
        finally:
            os.close(device)
    raise failure


def _tried_size(device: int) -> tuple[int, int] | None:
    wish = bytearray(_FORMAT_BYTES)
    wish[:4] = _VIDEO_CAPTURE.to_bytes(4, sys.byteorder)
    _PICTURE.pack_into(wish, _PICTURE_AT, *_WISHED_WH, _MJPEG, _ANY_FIELD)
    try:
        fcntl.ioctl(device, _TRY_FORMAT, wish)
    except OSError:
        return None
    width, height, pixel_format, _ = _PICTURE.unpack_from(wish, _PICTURE_AT)
    return (width, height) if pixel_format == _MJPEG and width and height else None


def _open(path: str, wish: dict[str, str], settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    address = Address(path)
    limits = (settings.open_timeout_s, settings.read_timeout_s)

    def connect() -> InputContainer:
        return av.open(path, "r", format="v4l2", options=dict(wish), timeout=limits)

    return ContainerReader(guarded(connect, address), address, abort)
