"""Free memory goes back to the system."""

from pathlib import Path
import subprocess
import sys
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


_ENDS = """
import ctypes, sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.engine.test_memory import resident_mb
from custom_components.cradlewatch.engine import memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = (ctypes.c_size_t,)
libc.free.argtypes = (ctypes.c_void_p,)
libc.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)

def fill(size, times):
    blocks = [libc.malloc(size) for _ in range(times)]
    for block in blocks:
        libc.memset(block, 1, size)
    for block in blocks:
        libc.free(block)

fill(30 << 20, 1)  # as video does: from here on glibc keeps up to 60 MB at the end of each arena
if sys.argv[2] == "little":
    memory.keep_little()
before = resident_mb()
threads = [threading.Thread(target=fill, args=(150_000, 200)) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
memory.give_back()
print(resident_mb() - before)
"""


@needs_trim
def test_the_ends_of_arenas_are_given_back() -> None:
    """In a process of its own: it is a setting of the whole process."""

    def kept_mb(how: str) -> float:
        root = str(Path(__file__).parents[2])
        done = subprocess.run([sys.executable, "-c", _ENDS, root, how], capture_output=True, text=True, check=True)
        return float(done.stdout)

    # Each of six threads took and freed 30 MB.
    assert kept_mb("as it comes") > 100
    assert kept_mb("little") < 60


def test_nothing_happens_where_there_is_no_such_function(monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        """A C library without it, as musl."""

    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: Bare())
    assert memory._function("malloc_trim") is None
    monkeypatch.setattr(memory, "_TRIM", None)
    monkeypatch.setattr(memory, "_SET", None)
    memory.give_back()
    memory.keep_little()
