"""The clip writer's thread: whatever ends it, who waits is told."""

from pathlib import Path
import threading
import time

import pytest

from custom_components.cradlewatch.engine.clips import ClipWriter
from custom_components.cradlewatch.engine.errors import StoreError
from custom_components.cradlewatch.engine.ring import StreamRing

HEADER = b"\x47" + b"\x00" * 187


@pytest.mark.parametrize("header", [b"", HEADER])
def test_privacy_right_after_the_start_of_a_clip_is_told(tmp_path: Path, header: bytes) -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 20)
    ring.set_header(header)
    ring.append(b"\x47" + b"\xff" * 187, is_key=True, timeline_s=0, arrived_s=time.monotonic())
    writer = ClipWriter(ring, "cradlewatch-test")
    handle = writer.start(tmp_path / "clip.mp4", 10)
    ring.clear()
    writer.end_all()

    # PyAV's end of file is neither an OSError nor a ValueError.
    assert isinstance(handle.result.exception(timeout=5), StoreError)
    assert writer.in_work == 0
    assert list(tmp_path.iterdir()) == []


def test_a_system_without_threads_says_so_and_no_place_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = StreamRing(keep_s=24, keep_bytes=1 << 20)
    ring.append(HEADER, is_key=True, timeline_s=0, arrived_s=time.monotonic())
    writer = ClipWriter(ring, "cradlewatch-test")

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(20):
            with pytest.raises(StoreError, match="no thread"):
                writer.start(tmp_path / "clip.mp4", 10)
    assert writer.in_work == 0
