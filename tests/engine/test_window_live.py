"""The recorder on a running loop: the drawn nursery goes in, a clip with its true times comes out."""

from datetime import UTC, datetime, timedelta
import itertools
from pathlib import Path
import threading
import time
from zoneinfo import ZoneInfo

import av
import pytest

from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.models import Link, LinkState
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings
from custom_components.cradlewatch.engine.windows.bounds import WindowClock
from custom_components.cradlewatch.engine.windows.clip import finish_clip, unfinished
from custom_components.cradlewatch.engine.windows.recorder import WindowRecorder
from tests.engine.loops import CountingSenses, Notes


def test_recorder_on_a_running_loop(tmp_path: Path) -> None:
    start_s = time.monotonic()

    def now() -> tuple[datetime, float]:
        # A wall clock that meets no boundary during the test.
        now_s = time.monotonic()
        return datetime(2026, 11, 24, 12, 1, tzinfo=UTC) + timedelta(seconds=now_s - start_s), now_s

    recorder = WindowRecorder(tmp_path / "clips", WindowClock(ZoneInfo("UTC")), now, print, name="live")
    recorder.set_link(LinkState(link=Link.LIVE, since_s=time.monotonic()))
    recorder.start()
    loop = CameraLoop(
        SourceSettings(spec="demo:"), LoopSettings(), CountingSenses(), Notes(),
        relay_path=tmp_path / "relay", name="live", taps=(recorder,),
    )  # fmt: skip
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        end_s = time.monotonic() + 30
        while recorder.counts.written < 5 and time.monotonic() < end_s:
            time.sleep(0.05)
    finally:
        loop.stop()
        thread.join(10)
        assert recorder.stop()
    assert recorder.counts.dropped_waiting == 0
    assert unfinished(tmp_path / "clips") == ("20261124T120000Z",)
    clip = finish_clip(tmp_path / "clips", "20261124T120000Z")
    assert clip is not None
    times = clip.time_map.offsets_s
    assert len(times) == recorder.counts.written >= 5
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 60 < times[0] < 60 + 30
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(1.0, abs=0.35)
    with av.open(clip.path) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height) == (640, 360)
        assert frame.to_ndarray().std() > 5  # a scene, not an empty picture
