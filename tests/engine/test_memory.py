"""Free memory goes back to the system."""

from pathlib import Path
import threading

import pytest

from custom_components.cradlewatch.engine import memory

_BLOCKS = 2000
_BLOCK = 60_000
"""Bytes: fewer than those for which glibc maps memory by itself, so these lie in an arena."""


def resident_mb() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1000


BLOCKS_MB = _BLOCK * _BLOCKS / 1e6
needs_trim = pytest.mark.skipif(memory._TRIM is None, reason="this C library has nothing to be asked")


def filled_and_freed() -> list[bytes]:
    """A thread took BLOCKS_MB and freed it; hold what is returned: it lies between."""
    kept: list[bytes] = []

    def fill() -> None:
        blocks = []
        for _ in range(_BLOCKS):
            blocks.append(b"x" * _BLOCK)
            # What lies before one that stays cannot be cut off at the end.
            kept.append(bytes(600))
        del blocks

    thread = threading.Thread(target=fill)
    thread.start()
    thread.join()
    return kept


@needs_trim
def test_what_a_thread_freed_is_given_back() -> None:
    kept = filled_and_freed()
    before_mb = resident_mb()
    memory.give_back()
    assert len(kept) == _BLOCKS
    assert resident_mb() < before_mb - 0.5 * BLOCKS_MB


def test_nothing_happens_where_there_is_no_such_function(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        """A C library without it, as musl."""

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: Bare())
    assert memory._trim_function() is None
    monkeypatch.setattr(memory, "_TRIM", None)
    memory.give_back()
