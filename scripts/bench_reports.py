"""What a window costs: its clip as frames pass, beside doing it all when the window closes. `scripts/bench windows`."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
import os
from pathlib import Path
import sys
import tempfile
import threading
import time

import av
from av.video.frame import VideoFrame
import numpy as np

from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.models import Link, LinkState, LoopFigures, Reading, Signal, StreamInfo
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import LoopSettings, SenseSettings, SourceSettings
from custom_components.cradlewatch.engine.windows.bounds import WindowClock
from custom_components.cradlewatch.engine.windows.recorder import ClosedWindow, WindowRecorder
from scripts.benches.live_window import live
from scripts.benches.window_day import measure_window, print_day
from scripts.benches.window_year import year

_WINDOW_S = 600
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class _Sink:
    """Passes the link on to the recorder, as the monitor does."""

    def __init__(self) -> None:
        self.recorder: WindowRecorder | None = None
        self.live = threading.Event()

    def on_link(self, state: LinkState) -> None:
        if self.recorder is not None:
            self.recorder.set_link(state)
        if state.link is Link.LIVE:
            self.live.set()

    def on_info(self, info: StreamInfo) -> None: ...

    def on_generation(self) -> None: ...

    def on_signals(self, signals: Sequence[Signal]) -> None: ...

    def on_reading(self, reading: Reading, figures: LoopFigures) -> None: ...


class _TimedTap:
    """Takes the time that the recorder costs the loop's thread."""

    def __init__(self, recorder: WindowRecorder) -> None:
        self._recorder = recorder
        self.interval_s = recorder.interval_s
        self.calls_ms: list[float] = []

    def on_picture(self, frame: VideoFrame, at_s: float) -> None:
        began_s = time.thread_time()
        self._recorder.on_picture(frame, at_s)
        self.calls_ms.append((time.thread_time() - began_s) * 1000)


def main(argv: list[str]) -> int:
    """Print the figures; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench windows", description=__doc__)
    parser.add_argument("--window", type=int, default=60, help="seconds; divides an hour")
    parser.add_argument("--video", type=Path, help="a 1080p video as the camera, instead of one made here")
    parser.add_argument("--live", action="store_true", help="a ten-minute window in real time, a model of 60 s")
    parser.add_argument("--year", action="store_true", help="reading a stored year of 50,000 windows")
    arguments = parser.parse_args(argv)
    if arguments.year:
        return year()
    if arguments.live:
        return live()
    with tempfile.TemporaryDirectory() as folder:
        video = arguments.video or _video(Path(folder) / "camera.mp4")
        ours_s, late_ms, lines = _record(Path(folder), video, arguments.window)
        replaced_s = _replaced(Path(folder), video)
    print("\n".join(lines))
    print(f"CPU of a window of ten minutes: {ours_s:.1f} s as frames pass, {replaced_s:.0f} s the replaced way", end="")
    print(f" (1/{replaced_s / ours_s:.0f}; goal 1/20)")
    cheap = print_day(measure_window())
    return int(late_ms > 2000 or ours_s > replaced_s / 20 or not cheap)


def _record(folder: Path, video: Path, window_s: int) -> tuple[float, float, list[str]]:
    done = threading.Event()
    found: list[tuple[ClosedWindow, datetime]] = []

    def on_closed(closed: ClosedWindow) -> None:
        found.append((closed, datetime.now(UTC)))
        if len(found) == 2:
            done.set()

    sink = _Sink()
    recorder = WindowRecorder(
        folder / "clips",
        WindowClock(UTC, length_s=window_s),
        lambda: (datetime.now(UTC), time.monotonic()),
        on_closed,
        name="bench",
    )
    sink.recorder = recorder
    tap = _TimedTap(recorder)
    source = SourceSettings(spec=str(video), allowed_folders=(str(video.parent),))
    loop = CameraLoop(
        source,
        LoopSettings(idle_economy=False),
        NurserySenses(SenseSettings()),
        sink,
        relay_path=folder / "relay.sock",
        name="bench",
        taps=(tap,),
    )
    recorder.start()
    thread = threading.Thread(target=loop.run, name="loop")
    thread.start()
    native = {name: _native(name) for name in ("cradlewatch-window-bench", "loop")}
    # The second window is whole.
    time.sleep(window_s - time.time() % window_s)
    before = {name: _cpu_s(task) for name, task in native.items()}
    calls_before = len(tap.calls_ms)
    if not done.wait(2 * window_s + 20):
        raise RuntimeError("no window closed")
    after = {name: _cpu_s(task) for name, task in native.items()}
    loop.stop()
    thread.join()
    recorder.stop()
    closed, at = found[-1]
    if closed.clip is None:
        raise RuntimeError(f"the window has no clip: {closed.skipped}")
    late_ms = (at - closed.window.end_at).total_seconds() * 1000
    calls = tap.calls_ms[calls_before:]
    own_s = after["cradlewatch-window-bench"] - before["cradlewatch-window-bench"]
    loop_s = after["loop"] - before["loop"]
    scale = _WINDOW_S / window_s
    lines = [
        f"window of {window_s} s: {closed.frames} frames, {closed.clip.size_bytes / 1000:.0f} kB",
        f"  = {closed.clip.size_bytes * scale / 1e6:.2f} MB in ten minutes; coverage {closed.coverage:.2f}",
        f"clip ready {late_ms:.0f} ms after the window's end",
        f"CPU: recorder's thread {own_s:.2f} s, in the loop's thread {sum(calls) / 1000:.3f} s",
        f"  (most at once {max(calls):.1f} ms), the loop itself {loop_s:.2f} s",
        f"  frames dropped {recorder.counts.dropped_waiting}",
    ]
    return (own_s + sum(calls) / 1000) * scale, late_ms, lines


def _replaced(folder: Path, video: Path) -> float:
    """CPU seconds of reading ten minutes again with OpenCV, resizing, writing mp4v; from a part of it."""
    try:
        import cv2
    except ImportError:
        print("OpenCV is not installed: the replaced way is taken with PyAV's decoder alone")
        return _decode_only(video)
    # One thread, so that the CPU time is comparable.
    capture = cv2.VideoCapture(str(video))
    began_s, count = time.process_time(), 0
    writer = cv2.VideoWriter(str(folder / "old.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, (640, 360))
    while True:
        good, picture = capture.read()
        if not good:
            break
        writer.write(cv2.resize(picture, (640, 360)))
        count += 1
    writer.release()
    return (time.process_time() - began_s) * 18000 / count


def _decode_only(video: Path) -> float:
    began_s, count = time.process_time(), 0
    with av.open(video, "r") as container:
        for _ in container.decode(video=0):
            count += 1
    return (time.process_time() - began_s) * 18000 / count


def _video(path: Path, seconds: int = 10) -> Path:
    """1080p30 of a moving noisy scene."""
    noise = np.random.default_rng(1).integers(0, 24, (8, 1080, 1920, 1), np.uint8)
    with av.open(path, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "veryfast", "g": "60", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for index in range(30 * seconds):
            picture = np.full((1080, 1920, 3), 90, np.uint8) + noise[index % 8]
            left = 200 + index * 4 % 1400
            picture[400:700, left : left + 300] = 200
            out.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def _native(name: str) -> int:
    return next(thread.native_id or 0 for thread in threading.enumerate() if thread.name == name)


def _cpu_s(task: int) -> float:
    fields = Path(f"/proc/self/task/{task}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
