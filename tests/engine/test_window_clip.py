"""The clip of a window: true times, crashes, full disks, privacy; all with real encoding and decoding."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import signal
import stat
import subprocess
import sys
import textwrap
import time
from zoneinfo import ZoneInfo

import av
from av.video.frame import VideoFrame
import numpy as np
import pytest

from custom_components.cradlewatch.engine.analysis.report_strip import window_strip
from custom_components.cradlewatch.engine.kept_files import Clocks
from custom_components.cradlewatch.engine.models import Link, LinkState
from custom_components.cradlewatch.engine.source.own_decoder import pictures_of
from custom_components.cradlewatch.engine.windows import clip as clip_module
from custom_components.cradlewatch.engine.windows.bounds import Window, WindowClock
from custom_components.cradlewatch.engine.windows.clip import (
    ClipMap,
    begin_clip,
    discard,
    finish_clip,
    load_clip,
    unfinished,
)
from custom_components.cradlewatch.engine.windows.coverage import coverage_of
from custom_components.cradlewatch.engine.windows.pace import Pace
from custom_components.cradlewatch.engine.windows.picture import small_size, upright
from custom_components.cradlewatch.engine.windows.recorder import ClosedWindow, WindowRecorder
from custom_components.cradlewatch.engine.windows.settings import WindowSettings
from custom_components.cradlewatch.engine.windows.shelf import WindowShelf
from tests.codecs import no_collection, open_codecs

NAME = "20261124T120000Z"


def picture(level: int, width: int = 640, height: int = 360) -> VideoFrame:
    """A gray picture; `level` is read back from the decoded clip."""
    packed = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    packed[:height] = level
    return VideoFrame.from_ndarray(packed, format="yuv420p")


def levels(path: Path) -> list[int]:
    with av.open(path) as container:
        return [round(float(frame.to_ndarray()[: frame.height].mean())) for frame in container.decode(video=0)]


def about(expected: list[int]) -> object:
    return pytest.approx(expected, abs=3)


@pytest.mark.parametrize("mp4", [True, False])
def test_times_and_pictures_survive(tmp_path: Path, mp4: bool) -> None:
    offsets_s = [0.25, 1.25, 2.75, 60.0, 60.5, 599.999]
    writer = begin_clip(tmp_path / "clips", NAME, (640, 360), mp4=mp4)
    for number, offset_s in enumerate(offsets_s):
        writer.write(picture(40 + 30 * number), offset_s)
    assert unfinished(tmp_path / "clips") == (NAME,)
    writer.close()
    clip = finish_clip(tmp_path / "clips", NAME)
    assert clip is not None
    assert clip.mp4 is mp4
    assert clip.time_map.offsets_s == tuple(offsets_s)
    assert unfinished(tmp_path / "clips") == ()
    assert load_clip(tmp_path / "clips", NAME) == clip
    if mp4:
        assert levels(clip.path) == about([40, 70, 100, 130, 160, 190])
        with av.open(clip.path) as container:
            assert [frame.time for frame in container.decode(video=0)] == [0, 1, 2, 3, 4, 5]
        assert clip.size_bytes == clip.path.stat().st_size
    else:
        assert len(clip.jpegs()) == 6
        assert all(jpeg.startswith(b"\xff\xd8") for jpeg in clip.jpegs())
    for path in (tmp_path / "clips").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_no_codec_keeps_pictures_after_a_clip_was_written_or_read(tmp_path: Path) -> None:
    with no_collection() as before:
        writer = begin_clip(tmp_path, NAME, (640, 360), mp4=True)
        for number in range(3):
            writer.write(picture(40 + 30 * number), float(number))
        assert open_codecs() > before
        writer.close()
        del writer
        clip = finish_clip(tmp_path, NAME)
        assert clip is not None
        assert len([frame.width for frame in pictures_of(clip.path)]) == 3
        first = pictures_of(clip.path)
        assert next(first).width == 640
        first.close()
        assert window_strip(clip)[1] == (0, 1, 2)
        assert open_codecs() == before


@pytest.mark.parametrize(
    ("clip_s", "window_s"),
    [(0, 5.0), (0.99, 5.0), (1, 10.0), (1.5, 10.0), (2, 300.5), (2.9, 300.5), (3, 300.5), (1e9, 300.5), (-7, 5.0)],
)
def test_map_gives_the_true_time_of_the_frame_shown(clip_s: float, window_s: float) -> None:
    assert ClipMap(offsets_s=(5.0, 10.0, 300.5)).window_offset_s(clip_s) == window_s


def test_map_of_nothing_has_no_time() -> None:
    with pytest.raises(ValueError, match="without frames"):
        ClipMap(offsets_s=()).window_offset_s(0)


def test_nothing_written_is_no_clip(tmp_path: Path) -> None:
    assert finish_clip(tmp_path, NAME) is None
    begin_clip(tmp_path, NAME, (640, 360), mp4=True).close()
    assert finish_clip(tmp_path, NAME) is None
    assert list(tmp_path.iterdir()) == []


def test_goes_on_after_a_restart_also_with_another_size(tmp_path: Path) -> None:
    first = begin_clip(tmp_path, NAME, (640, 360), mp4=True)
    for number in range(3):
        first.write(picture(50), number)
    first.close()
    second = begin_clip(tmp_path, NAME, (320, 180), mp4=True)
    assert second.size_wh == (640, 360)
    second.write(upright(picture(200, 320, 180), 0, second.size_wh), 400)
    second.close()
    clip = finish_clip(tmp_path, NAME)
    assert clip is not None
    assert clip.time_map.offsets_s == (0, 1, 2, 400)
    assert levels(clip.path) == about([50, 50, 50, 200])


def test_part_cut_anywhere_gives_what_was_whole(tmp_path: Path) -> None:
    writer = begin_clip(tmp_path / "a", NAME, (640, 360), mp4=True)
    for number in range(10):
        writer.write(picture(20 * number), number)
    writer.close()
    whole = (tmp_path / "a" / f"{NAME}.part0.mp4").read_bytes()
    counts = []
    for share in (0, 0.02, 0.3, 0.5, 0.7, 0.9, 0.99, 1):
        folder = tmp_path / str(share)
        folder.mkdir()
        (folder / f"{NAME}.part0.mp4").write_bytes(whole[: int(len(whole) * share)])
        clip = finish_clip(folder, NAME)
        counts.append(0 if clip is None else len(clip.time_map.offsets_s))
        if clip is not None:
            assert len(levels(clip.path)) == counts[-1]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 10
    assert len(set(counts)) > 3


def test_killed_program_loses_no_more_than_the_last_frame(tmp_path: Path) -> None:
    code = textwrap.dedent(f"""
        import sys, time; sys.path.insert(0, {str(Path.cwd())!r})
        from pathlib import Path
        from tests.engine.test_window_clip import NAME, picture
        from custom_components.cradlewatch.engine.windows.clip import begin_clip
        writer = begin_clip(Path({str(tmp_path)!r}), NAME, (640, 360), mp4=True)
        for number in range(7):
            writer.write(picture(20 * number), number + 0.5)
        print("written", flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    clip = finish_clip(tmp_path, NAME)
    assert clip is not None
    assert clip.time_map.offsets_s in {tuple(n + 0.5 for n in range(count)) for count in (6, 7)}


def test_killed_while_finishing_is_finished_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = begin_clip(tmp_path, NAME, (640, 360), mp4=True)
    for number in range(4):
        writer.write(picture(50), number)
    writer.close()
    real = clip_module.write_atomically
    monkeypatch.setattr(clip_module, "write_atomically", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        finish_clip(tmp_path, NAME)
    assert unfinished(tmp_path) == (NAME,)
    monkeypatch.setattr(clip_module, "write_atomically", real)
    clip = finish_clip(tmp_path, NAME)
    assert clip is not None
    assert len(levels(clip.path)) == 4
    discard(tmp_path, NAME)
    assert list(tmp_path.iterdir()) == []


def aged_windows(folder: Path, now: Clocks) -> list[str]:
    """Six windows, ten minutes apart, the newest of now; the first is still being written."""
    names = [f"20261124T12{minute}000Z" for minute in range(6)]
    for place, name in enumerate(names):
        writer = begin_clip(folder, name, (640, 360), mp4=True)
        writer.write(picture(90), 1)
        writer.close()
        for part in folder.glob(f"{name}.part*"):
            os.utime(part, (now.wall_s - (5 - place) * 600,) * 2)
        if name != names[0]:
            finish_clip(folder, name)
    return names


def test_pruned_by_age_and_by_bytes(tmp_path: Path) -> None:
    now = Clocks.now()
    names = aged_windows(tmp_path, now)
    one = load_clip(tmp_path, names[1])
    assert one is not None
    shelf = WindowShelf(tmp_path, now)
    forty_minutes = WindowSettings(keep_days=35 / 1440)
    assert shelf.prune(forty_minutes, now) == 1
    assert shelf.prune(replace(forty_minutes, keep_bytes=2 * one.size_bytes), now) == 2
    assert [name for name in names if load_clip(tmp_path, name)] == names[4:]
    assert unfinished(tmp_path) == (names[0],)
    assert WindowShelf(tmp_path / "nowhere", now).prune(WindowSettings(keep_days=0, keep_bytes=0), now) == 0


def test_a_window_finished_long_after_its_last_frame_is_as_old_as_that(tmp_path: Path) -> None:
    """Home Assistant was off for days in the middle of a window: its clip is not kept for two days more."""
    now = Clocks.now()
    aged_windows(tmp_path, replace(now, wall_s=now.wall_s - 3 * 86_400))
    assert WindowShelf(tmp_path, now).prune(WindowSettings(), now) == 5


@pytest.mark.parametrize("set_by_days", [3, -3, 400])
def test_a_clock_that_is_set_erases_no_window(tmp_path: Path, set_by_days: float) -> None:
    now = Clocks.now()
    names = aged_windows(tmp_path, now)
    shelf = WindowShelf(tmp_path, now)
    assert shelf.prune(WindowSettings(), now) == 0
    wrong = Clocks(wall_s=now.wall_s + set_by_days * 86_400, running_s=now.running_s + 600)
    assert shelf.prune(WindowSettings(), wrong) == 0
    # By bytes the oldest go, whatever the clock was when.
    one = load_clip(tmp_path, names[1])
    assert one is not None
    assert shelf.prune(WindowSettings(keep_bytes=3 * one.size_bytes), wrong) == 2
    assert [name for name in names if load_clip(tmp_path, name)] == names[3:]
    # Right again an hour later: as old as they are.
    for passed_s, gone in ((3600, 0), (86_400, 0), (3 * 86_400, 3)):
        right = Clocks(wall_s=now.wall_s + passed_s, running_s=now.running_s + passed_s)
        assert shelf.prune(WindowSettings(), right) == gone
    assert not [name for name in names if load_clip(tmp_path, name)]


def test_what_a_crash_left_beside_no_clip_goes(tmp_path: Path) -> None:
    now = Clocks.now()
    names = aged_windows(tmp_path, now)
    for left in ("period.mp4.new", "other.map.json", "other.map.json.new", "third.sound"):
        (tmp_path / left).write_bytes(b"left")
        os.utime(tmp_path / left, (now.wall_s - 60,) * 2)
    before = {path.name for path in tmp_path.iterdir()}
    shelf = WindowShelf(tmp_path, now)
    (tmp_path / "made_now.mp4.new").write_bytes(b"in work")
    assert shelf.prune(WindowSettings(), replace(now, running_s=now.running_s + 1)) == 0
    kept = {path.name for path in tmp_path.iterdir()}
    assert before - kept == {"period.mp4.new", "other.map.json", "other.map.json.new", "third.sound"}
    assert "made_now.mp4.new" in kept
    assert unfinished(tmp_path) == (names[0],)


@pytest.mark.parametrize(
    ("size", "small"),
    [((1920, 1080), (640, 360)), ((1080, 1920), (360, 640)), ((320, 240), (320, 240)), ((641, 361), (640, 360)),
     ((2560, 1920), (640, 480)), ((10000, 10), (640, 2))],
)  # fmt: skip
def test_small_size(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert small_size(*size) == small


@pytest.mark.parametrize(("rotation_deg", "corner"), [(0, "tl"), (90, "tr"), (180, "br"), (270, "bl")])
def test_upright(rotation_deg: int, corner: str) -> None:
    packed = np.full((96, 96), 20, dtype=np.uint8)
    packed[:16, :16] = 200
    frame = VideoFrame.from_ndarray(packed, format="yuv420p")
    assert (frame.width, frame.height) == (96, 64)
    turned = upright(frame, rotation_deg, (64, 96) if rotation_deg in (90, 270) else (96, 64))
    luma = turned.to_ndarray()[: turned.height]
    corners = {"tl": luma[4, 4], "tr": luma[4, -5], "br": luma[-5, -5], "bl": luma[-5, 4]}
    assert [name for name, value in corners.items() if value > 100] == [corner]


def test_coverage_of_times() -> None:
    assert coverage_of(tuple(range(601)), 600) == 1
    assert coverage_of((0, 5, 10, 300, 305), 600) == pytest.approx(15 / 600)
    assert coverage_of((), 600) == 0


class Nursery:
    """A recorder on clocks of its own: the test says what time it is."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
        self.s = 5000.0
        self.closed: list[ClosedWindow] = []
        self.opened: list[Window] = []
        self.folder = folder
        self.recorder = WindowRecorder(
            folder, WindowClock(ZoneInfo("UTC")), lambda: (self.at, self.s), self.closed.append,
            on_opened=self.opened.append, name="test", **more,
        )  # type: ignore[arg-type]  # fmt: skip
        self.live()
        self.recorder.start()
        until(lambda: bool(self.opened))

    def live(self, link: Link = Link.LIVE) -> None:
        self.recorder.set_link(LinkState(link=link, since_s=self.s))

    def pass_s(self, seconds: float) -> None:
        self.s += seconds
        self.at += timedelta(seconds=seconds)

    def show(self, count: int, *, every_s: float = 1.0, level: int = 90) -> None:
        for _ in range(count):
            self.pass_s(every_s)
            before = self.handled
            self.recorder.on_picture(picture(level, 320, 180), self.s)
            until(lambda: self.handled > before)  # noqa: B023

    @property
    def handled(self) -> int:
        counts = self.recorder.counts
        return counts.written + counts.dropped_size + counts.failed + counts.dropped_waiting

    def to_close(self) -> ClosedWindow:
        before = len(self.closed)
        self.pass_s(600 - (self.at - datetime(2026, 11, 24, tzinfo=UTC)).total_seconds() % 600)
        until(lambda: len(self.closed) > before)
        return self.closed[-1]


def until(done: Callable[[], bool], limit_s: float = 10) -> None:
    end = time.monotonic() + limit_s
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(tmp_path)
    yield made
    assert made.recorder.stop()


def test_window_with_its_true_times(nursery: Nursery) -> None:
    nursery.show(590)
    closed = nursery.to_close()
    assert closed.window.name == NAME
    assert (closed.skipped, closed.cut, closed.frames) == (None, False, 590)
    assert closed.coverage == pytest.approx(1.0, abs=0.01)
    assert closed.clip is not None
    assert closed.clip.time_map.offsets_s == pytest.approx([float(n) for n in range(1, 591)], abs=0.001)
    assert closed.clip.size_bytes < 200_000
    nursery.show(5)
    assert nursery.to_close().window.name == "20261124T121000Z"


@pytest.mark.parametrize(
    ("link", "reason"), [(Link.PRIVACY, "privacy"), (Link.LOST, "camera_lost"), (Link.LIVE, "no_picture")]
)
def test_window_without_pictures_is_skipped_with_its_reason(nursery: Nursery, link: Link, reason: str) -> None:
    nursery.live(link)
    closed = nursery.to_close()
    assert (closed.skipped, closed.clip, closed.coverage) == (reason, None, 0)


def test_privacy_at_the_close_erases_what_was_recorded(nursery: Nursery) -> None:
    nursery.show(20)
    nursery.live(Link.PRIVACY)
    nursery.pass_s(1)
    nursery.recorder.on_picture(picture(90), nursery.s)
    closed = nursery.to_close()
    assert closed.skipped == "privacy"
    assert list(nursery.folder.iterdir()) == []


def test_hole_in_the_picture_lowers_the_coverage(nursery: Nursery) -> None:
    nursery.show(120)
    nursery.pass_s(240)
    nursery.show(120)
    closed = nursery.to_close()
    assert closed.coverage == pytest.approx(240 / 600, abs=0.01)


def test_pace(nursery: Nursery) -> None:
    nursery.recorder.set_pace(Pace.IDLE)
    for _ in range(20):
        nursery.pass_s(1)
        nursery.recorder.on_picture(picture(90), nursery.s)
    until(lambda: nursery.recorder.counts.written == 4)
    nursery.recorder.set_pace(Pace.INCIDENT)
    assert nursery.recorder.interval_s == 0.5
    nursery.show(10, every_s=0.5)
    assert nursery.recorder.counts.written == 14
    assert nursery.to_close().coverage == pytest.approx(25 / 600, abs=0.015)


def test_restart_within_a_window_goes_on_with_it(tmp_path: Path) -> None:
    first = Nursery(tmp_path)
    first.show(10)
    assert first.recorder.stop()
    assert first.closed == []
    assert unfinished(tmp_path) == (NAME,)
    second = Nursery(tmp_path)
    second.pass_s(100)
    second.show(10)
    closed = second.to_close()
    assert closed.window.name == NAME
    assert closed.frames == 20
    assert closed.clip is not None
    assert closed.clip.time_map.offsets_s[10] == pytest.approx(101)
    assert closed.coverage == pytest.approx(18 / 600, abs=0.025)
    assert second.recorder.stop()


def test_noisy_picture_never_makes_a_clip_too_large_to_send(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 3_000_000
    monkeypatch.setattr("custom_components.cradlewatch.engine.windows.recorder.MAX_BYTES", limit)
    noise = np.random.default_rng(7)
    for _ in range(150):
        nursery.pass_s(3.9)
        before = nursery.handled
        frame = VideoFrame.from_ndarray(noise.integers(0, 255, (270, 320), dtype=np.uint8), format="yuv420p")
        nursery.recorder.on_picture(frame, nursery.s)
        until(lambda: nursery.handled > before)  # noqa: B023
    closed = nursery.to_close()
    assert closed.clip is not None
    assert closed.clip.size_bytes <= limit
    assert nursery.recorder.counts.dropped_size > 50
    times = closed.clip.time_map.offsets_s
    assert times[-1] > 500  # thinned, not cut off
    assert closed.coverage > 0.9


def test_storage_trouble_costs_one_window(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.write_text("a file where the folder should be")
    nursery = Nursery(folder)
    nursery.show(3)
    assert nursery.recorder.counts.failed == 3
    assert nursery.to_close().skipped == "storage"
    folder.unlink()
    nursery.show(3)
    assert nursery.to_close().frames == 3
    assert nursery.recorder.stop()


def test_encoder_that_hangs_never_holds_the_loop(nursery: Nursery) -> None:
    class Stuck:
        size_wh = (320, 180)
        released = False

        def write(self, frame: VideoFrame, offset_s: float) -> int:
            while not self.released:
                time.sleep(0.01)
            return 0

        def close(self) -> None: ...

    stuck = Stuck()
    nursery.recorder._writer = stuck
    slowest_s = 0.0
    for _ in range(50):
        nursery.pass_s(1)
        begin = time.perf_counter()
        nursery.recorder.on_picture(picture(90, 320, 180), nursery.s)
        slowest_s = max(slowest_s, time.perf_counter() - begin)
    assert nursery.recorder.counts.dropped_waiting >= 50 - 8 - 1
    assert slowest_s < 0.5
    stuck.released = True


def test_encoding_thread_gives_way_to_others(nursery: Nursery) -> None:
    if sys.platform != "linux":
        pytest.skip("threads have their own priority on Linux only")
    (thread,) = [thread for thread in __import__("threading").enumerate() if thread.name == "cradlewatch-window-test"]
    assert thread.native_id is not None
    until(lambda: os.getpriority(os.PRIO_PROCESS, thread.native_id) >= 10)
    assert os.getpriority(os.PRIO_PROCESS, 0) < os.getpriority(os.PRIO_PROCESS, thread.native_id) or os.nice(0) >= 10
