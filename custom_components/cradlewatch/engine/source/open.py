"""The one way in: a source of any kind by its address."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from ..errors import SourceError, SourceProblem
from ..picture_feed import PICTURES
from ..settings import SourceSettings
from .demo import DemoSource, demo_options
from .device import DEVICE, open_device
from .files import open_files
from .network import HTTP_SCHEMES, RTSP_SCHEMES, open_network
from .pushed import PushedSource
from .segments import READ_TIMEOUT_S, PacedReader, is_playlist
from .stream_source import StreamSource
from .types import AbortToken, Source


def open_source(settings: SourceSettings, abort: AbortToken) -> Source:
    """Open the source of `settings`; blocks up to its open timeout (twice for RTSP with transport auto).

    The thread that calls this owns the source. Raises SourceError with a text free of credentials.
    """
    opener = _OPENERS.get(_kind_of(settings.spec))
    if opener is None:
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "unknown kind of address")
    return opener(settings, abort)


def _kind_of(spec: str) -> str:
    if spec.partition("?")[0] == "demo:":
        return "demo"
    if spec == PICTURES:
        return "pictures"
    if DEVICE.fullmatch(spec):
        return "device"
    scheme, separator, _ = spec.partition("://")
    if separator:
        return "network" if scheme.lower() in RTSP_SCHEMES | HTTP_SCHEMES else "unknown"
    return "file" if PurePath(spec).is_absolute() else "unknown"


def _open_network(settings: SourceSettings, abort: AbortToken) -> Source:
    if not is_playlist(settings.spec):
        return StreamSource(open_network(settings, abort), pictures_only=settings.pictures_only)
    patient = replace(settings, read_timeout_s=max(settings.read_timeout_s, READ_TIMEOUT_S))
    return StreamSource(PacedReader(open_network(patient, abort), abort), pictures_only=settings.pictures_only)


def _open_files(settings: SourceSettings, abort: AbortToken) -> Source:
    return StreamSource(open_files(settings, abort), pictures_only=settings.pictures_only)


def _open_device(settings: SourceSettings, abort: AbortToken) -> Source:
    return StreamSource(open_device(settings, abort), pictures_only=settings.pictures_only)


def _open_pictures(settings: SourceSettings, abort: AbortToken) -> Source:
    if settings.feed is None:
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "nobody hands pictures in")
    return PushedSource(settings, settings.feed, abort)


def _open_demo(settings: SourceSettings, abort: AbortToken) -> Source:
    # Drawing takes memory and a second to set up: only homes that want the demo pay for it.
    from .nursery import NurseryScene  # noqa: PLC0415

    options = demo_options(settings.spec)
    return DemoSource(NurseryScene(), abort, options)


_OPENERS: dict[str, Callable[[SourceSettings, AbortToken], Source]] = {
    "network": _open_network,
    "file": _open_files,
    "device": _open_device,
    "demo": _open_demo,
    "pictures": _open_pictures,
}
