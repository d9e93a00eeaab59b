"""A disk that can really be full."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess

import pytest


@contextmanager
def small_disk(folder: Path, *, megabytes: int, options: str = "") -> Iterator[Path]:
    """A tmpfs of that size at `folder`; the test is skipped where this may not be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        pytest.skip("a tmpfs can be mounted by root only")
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755,{options}".rstrip(","), "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
