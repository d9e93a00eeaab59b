"""The border to FFmpeg: nothing that it raises or logs passes it with a password.

PyAV's exceptions carry the address that was opened and FFmpeg's last log line, also those of other threads.
So every call into a container goes through `guarded`, which turns them into SourceError of cleaned text, raised
outside the `except` so that neither `__cause__` nor `__context__` leads back.
"""

from collections.abc import Callable
import errno

import av
import av.error
import av.logging

from ..errors import SourceEndedError, SourceError, SourceProblem
from ..redact import redact, secrets_of_url

_MAX_DETAIL = 200
_AUTH = (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)
_UNSUPPORTED = (
    av.error.InvalidDataError,
    av.error.ProtocolNotFoundError,
    av.error.DemuxerNotFoundError,
    av.error.DecoderNotFoundError,
    av.error.PatchWelcomeError,
    av.error.ArgumentError,
)
_TIMEOUT = (av.error.TimeoutError, av.error.ExitError)


class Address:
    """Where a source is, with its secrets. `repr` and `str` are safe; only `reveal` shows all."""

    __slots__ = ("_secrets", "_url")

    def __init__(self, url: str) -> None:
        self._url = url
        self._secrets = secrets_of_url(url)

    def reveal(self) -> str:
        """The whole address, password included: for `av.open` only."""
        return self._url

    def clean(self, text: str) -> str:
        """`text` in one line, without secrets and bounded."""
        # The whole address first: FFmpeg quotes it in forms that the patterns of `redact` may not know.
        text = redact(text.replace(self._url, "the source"), self._secrets)
        return " ".join(text.split())[:_MAX_DETAIL]

    def __repr__(self) -> str:
        return f"Address({redact(self._url, self._secrets)!r})"


def guarded[T](call: Callable[[], T], address: Address, *, ended: bool = False) -> T:
    """Run `call`, which talks to FFmpeg; its errors become SourceError (SourceEndedError if `ended`)."""
    failure: SourceError
    # Capture keeps FFmpeg's lines of this thread from Python's logging, whatever level others have set.
    with av.logging.Capture() as lines:
        try:
            return call()
        except (av.error.FFmpegError, OSError) as error:
            failure = _translated(error, lines, address, ended=ended)
            _forget_last_log()
    raise failure


def _translated(
    error: BaseException, lines: list[tuple[int, str, str]], address: Address, *, ended: bool
) -> SourceError:
    problem = problem_of(error)
    reason = str(getattr(error, "strerror", None) or type(error).__name__)
    last_line = lines[-1][2] if lines else ""
    detail = address.clean(f"{reason} {last_line}")
    kind = SourceEndedError if ended and problem is not SourceProblem.TIMEOUT else SourceError
    return kind(problem, detail)


def problem_of(error: BaseException) -> SourceProblem:
    """The key under which the config flow shows `error`."""
    if isinstance(error, _AUTH):
        return SourceProblem.INVALID_AUTH
    if isinstance(error, _TIMEOUT) or getattr(error, "errno", None) == errno.ETIMEDOUT:
        return SourceProblem.TIMEOUT
    # EPROTONOSUPPORT: an RTSP server that does not send over this transport (461).
    if isinstance(error, _UNSUPPORTED) or getattr(error, "errno", None) == errno.EPROTONOSUPPORT:
        return SourceProblem.UNSUPPORTED_SOURCE
    # Only a device is ever busy: another program has its pictures.
    if getattr(error, "errno", None) == errno.EBUSY:
        return SourceProblem.DEVICE_BUSY
    return SourceProblem.CANNOT_CONNECT


def _forget_last_log() -> None:
    """PyAV adds the last error line of any thread to the next exception of any other: overwrite ours."""
    if av.logging.get_level() is not None:
        av.logging.log(av.logging.ERROR, "cradlewatch", "(kept back)")
