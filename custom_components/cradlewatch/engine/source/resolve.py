"""Names to addresses with a limit: `getaddrinfo` can hang for half a minute and cannot be cancelled."""

import socket
import threading
import time

from ..errors import SourceError, SourceProblem
from .types import AbortToken

_MAX_HANGING = 8
_TICK_S = 0.05
_hanging = threading.Semaphore(_MAX_HANGING)
_counter_lock = threading.Lock()
_abandoned = 0


def abandoned_lookups() -> int:
    """How many look-ups were given up since the start (their threads end when the system's resolver does)."""
    return _abandoned


def resolve(host: str, timeout_s: float, abort: AbortToken) -> frozenset[str]:
    """All addresses of `host`. Raises SourceError: cannot_connect (unknown, aborted) or timeout."""
    found: list[str] = []
    failed: list[str] = []
    done = threading.Event()
    if not _hanging.acquire(blocking=False):
        raise SourceError(SourceProblem.TIMEOUT, "too many name look-ups hang")

    def look_up() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            failed.append(getattr(error, "strerror", None) or type(error).__name__)
        finally:
            _hanging.release()
            done.set()

    # A daemon thread of its own: a pool would wait for the hanging one at shutdown.
    begun = True
    try:
        threading.Thread(target=look_up, name="cradlewatch-resolve", daemon=True).start()
    except RuntimeError:
        begun = False
        _hanging.release()
    if not begun:
        raise SourceError(SourceProblem.CANNOT_CONNECT, "no thread is left to look the host up")
    _wait(done, timeout_s, abort)
    if not found:
        raise SourceError(SourceProblem.CANNOT_CONNECT, f"unknown host ({failed[0] if failed else 'no address'})")
    return frozenset(found)


def _wait(done: threading.Event, timeout_s: float, abort: AbortToken) -> None:
    global _abandoned  # noqa: PLW0603 - a process-wide count
    deadline_s = time.monotonic() + timeout_s
    while not done.wait(_TICK_S):
        late = time.monotonic() > deadline_s
        if late or abort.aborted:
            with _counter_lock:
                _abandoned += 1
            problem = SourceProblem.TIMEOUT if late else SourceProblem.CANNOT_CONNECT
            raise SourceError(problem, "the name look-up took too long" if late else "stopped")
