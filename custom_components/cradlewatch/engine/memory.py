"""Memory that is free, given back to the system.

Each connection fills some 20 MB (packets kept, decoder, muxer) and frees them at its end, in threads that come and go.
The C library of most Linux systems keeps such memory for itself, in each of up to eight arenas a core: a home whose
camera reconnected 76 times in half an hour grew from 430 to 660 MB, of which 260 MB were free.

Home Assistant OS and its container have another allocator, which gives back by itself: nothing is done there.
"""

import ctypes
from typing import Any

_M_TRIM_THRESHOLD = -1
_KEPT_BYTES = 8 << 20
"""Of the free memory at the end of each arena.

With 4 MB the detectors would take theirs from the system anew for each frame (a third more CPU), with 8 they do not.
"""


def _function(name: str) -> Any | None:
    """A function of glibc; None where there is none, as in musl."""
    try:
        return getattr(ctypes.CDLL(None), name)
    except OSError, AttributeError:
        return None


_TRIM = _function("malloc_trim")
_SET = _function("mallopt")


def keep_little() -> None:
    """From now on the end of an arena goes back when it is freed. For the whole process; again and again is no harm.

    By itself glibc raises this limit to twice the largest block ever freed, which is 64 MB with video, and
    `malloc_trim` leaves the ends of all arenas but the first alone.
    """
    if _SET is not None:
        _SET(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def give_back() -> None:
    """Return what is free. Takes some milliseconds, without the interpreter's lock: not for the event loop."""
    if _TRIM is not None:
        _TRIM(0)
