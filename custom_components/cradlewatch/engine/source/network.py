"""Cameras on the network: RTSP, MPEG-TS, HLS and MJPEG over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
import ssl
import threading
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from ..errors import SourceEndedError, SourceError, SourceProblem
from ..settings import SourceSettings
from .boundary import Address, guarded
from .reader import ContainerReader, NoSizeYetError
from .resolve import resolve
from .sockets import SocketGuard
from .types import AbortToken

RTSP_SCHEMES = frozenset({"rtsp", "rtsps"})
HTTP_SCHEMES = frozenset({"http", "https"})
# No file, no concat, no data: a playlist from the network must not reach into this machine.
_RTSP_PROTOCOLS = "rtp,srtp,udp,tcp,tls"
_HTTP_PROTOCOLS = "http,https,tcp,tls,crypto"
_HTTP_FORMATS = "mpegts,hls,mpjpeg,mjpeg,mov,matroska,flv,h264,hevc,aac,mp3,webvtt,image2,jpeg_pipe,rtsp"
_ANALYSE_US = 3_000_000
# Some say what their picture is like with each keyframe only, and send one every 20 s: who comes between two waits.
_PATIENT_S = 22.0
_PATIENT_BYTES = 50_000_000
# RTSP talks TCP in any case: only a server that refuses to send pictures that way is asked for UDP.
_TRY_NEXT = (SourceProblem.UNSUPPORTED_SOURCE, SourceProblem.NO_VIDEO)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One way to open an address."""

    options: dict[str, str]
    limit_s: float
    patient: bool = False
    """Only for a picture of which nothing more could be known in the usual time."""


def open_network(settings: SourceSettings, abort: AbortToken) -> ContainerReader:
    """Connect and find the streams within `open_timeout_s` a try. Raises SourceError."""
    address = Address(settings.spec)
    scheme, host = _scheme_and_host(address)
    known = resolve(host, settings.open_timeout_s / 2, abort)
    failure = SourceError(SourceProblem.CANNOT_CONNECT, "not tried")
    for attempt in _attempts(scheme, settings):
        if attempt.patient is not isinstance(failure, NoSizeYetError):
            continue
        try:
            return _connect(address, known, attempt, settings.read_timeout_s, abort)
        except SourceError as error:
            failure = error.with_traceback(None)
        if abort.aborted or failure.problem not in _TRY_NEXT:
            break
    raise failure


def _scheme_and_host(address: Address) -> tuple[str, str]:
    try:
        parts = urlsplit(address.reveal())
        scheme, host = parts.scheme.lower(), parts.hostname
        _ = parts.port  # raises on nonsense
    except ValueError:
        scheme, host = "", None
    if not host:
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "the address has no host or no valid port")
    return scheme, host


def _attempts(scheme: str, settings: SourceSettings) -> tuple[_Attempt, ...]:
    limit_s = settings.open_timeout_s
    tls = {"tls_verify": "1" if settings.verify_tls else "0"}
    if settings.verify_tls and (bundle := _ca_bundle()):
        tls["ca_file"] = bundle
    if scheme in HTTP_SCHEMES:
        options = {"protocol_whitelist": _HTTP_PROTOCOLS, "format_whitelist": _HTTP_FORMATS}
        attempt = _Attempt(options=options | _common() | (tls if scheme == "https" else {}), limit_s=limit_s)
        return attempt, _patient(attempt)
    base = {"protocol_whitelist": _RTSP_PROTOCOLS} | _common() | (tls if scheme == "rtsps" else {})
    if settings.pictures_only:
        # The camera is not even asked for its sound.
        base["allowed_media_types"] = "video"
    transports = ("tcp", "udp") if settings.rtsp_transport == "auto" else (settings.rtsp_transport,)
    attempts = tuple(_Attempt(options=base | {"rtsp_transport": name}, limit_s=limit_s) for name in transports)
    return *attempts, _patient(attempts[0])


def _patient(attempt: _Attempt) -> _Attempt:
    """The same, for a stream of which nothing could be known so far."""
    patience = {"analyzeduration": str(round(_PATIENT_S * 1e6)), "probesize": str(_PATIENT_BYTES)}
    return _Attempt(options=attempt.options | patience, limit_s=_PATIENT_S + attempt.limit_s, patient=True)


def _common() -> dict[str, str]:
    # Frames are handed on as they come: no more analysis than needed to know the codecs.
    # Three frames give the rate; FFmpeg's own 20 take a second of a camera at 20 fps before the first picture.
    return {"analyzeduration": str(_ANALYSE_US), "fpsprobesize": "3", "user_agent": "Cradlewatch"}


def _ca_bundle() -> str | None:
    paths = ssl.get_default_verify_paths()
    return paths.cafile


def _connect(
    address: Address, known: frozenset[str], attempt: _Attempt, read_timeout_s: float, abort: AbortToken
) -> ContainerReader:
    guard = SocketGuard(known)
    release = _released_with(guard, abort)
    abort.add_hook(guard.end)
    # PyAV grants its limit twice, to connecting and to finding the streams: this one holds for both.
    watchdog = threading.Timer(attempt.limit_s + 0.5, guard.end)
    watchdog.daemon = True
    reader: ContainerReader | None = None
    try:
        _begin(watchdog)
        reader = _open_reader(address, attempt, read_timeout_s, abort)
        guard.claim()
        reader.on_close(release)
    except SourceError as error:
        failure = _explained(error, guard, abort)
    finally:
        watchdog.cancel()
        if watchdog.ident is not None:
            watchdog.join(timeout=1)
        if reader is None:
            release()
    if reader is None:
        raise failure
    return reader


def _begin(watchdog: threading.Timer) -> None:
    begun = True
    try:
        watchdog.start()
    except RuntimeError:
        begun = False
    if not begun:
        # Without it a camera that accepts and says nothing could hold this thread for ever.
        raise SourceError(SourceProblem.CANNOT_CONNECT, "no thread is left to watch the connection")


def _open_reader(address: Address, attempt: _Attempt, read_timeout_s: float, abort: AbortToken) -> ContainerReader:
    limits = (attempt.limit_s, read_timeout_s)
    if abort.aborted:
        raise SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")

    def connect() -> InputContainer:
        return av.open(address.reveal(), "r", options=attempt.options, timeout=limits)

    return ContainerReader(guarded(connect, address), address, abort, silence_limit_s=read_timeout_s)


def _released_with(guard: SocketGuard, abort: AbortToken) -> Callable[[], None]:
    def release() -> None:
        abort.remove_hook(guard.end)
        guard.release()

    return release


def _explained(error: SourceError, guard: SocketGuard, abort: AbortToken) -> SourceError:
    """Name our own ending of the connection for what it was."""
    if abort.aborted:
        return SourceEndedError(SourceProblem.CANNOT_CONNECT, "stopped")
    if guard.ended:
        return SourceError(SourceProblem.TIMEOUT, "the camera did not deliver in time")
    return error.with_traceback(None)
