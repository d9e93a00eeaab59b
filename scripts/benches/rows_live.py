"""Rows about the live picture: lag under load, start of a stream, delay to HLS parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import tempfile
import time
from typing import Any

from .camera import ReplayCamera
from .numbers import Arrival, HlsResult, Lags, SendLog, hls_result, lags, ts_arrivals
from .rig import Rig
from .table import Report, Spans, median

LAG = "Frame lag at the far end (1080p30, GOP 2 s)"
START = "Time from opening the stream"
DELAY = "Camera to HLS part (1080p30, GOP 2 s; parts of 1 s, Home Assistant's default)"
_SETTLE_S = 8.0
# What was sent in time and is still on its way must have come by then.
_TAIL_S = 2.0
_BACKLOG_S = 16.0


@contextmanager
def model_load(clip_fps: float = 1.0) -> Iterator[dict[str, Any]]:
    """A slow model in its own process, and the settings of the load that uses it."""
    with Rig("model_server") as server:
        yield {"model_url": server.ready["url"], "clip_fps": clip_fps}


def bench_lag(report: Report, spans: Spans) -> None:
    """Ours with and without the load, then what it replaces and the usual thread."""
    clip = "1080p30-gop2"
    with ReplayCamera(clip) as camera, model_load() as load, model_load(clip_fps=0) as flat_out:
        url = camera.url(clip)
        _ours(report, camera, clip, spans, None, "ours, no load (control)")
        _ours(report, camera, clip, spans, load, "ours, loaded")
        _ours(report, camera, clip, spans, flat_out, "ours, loaded, clip encoder flat out", goal=None)
        for name, kind, more in (
            ("replaced design, no load", "coroutine", {"load": None, "awaited": True}),
            ("replaced design, loaded (pump awaits each call)", "coroutine", {"load": load, "awaited": True}),
            ("the same pump, calls as tasks beside it, loaded", "coroutine", {"load": load, "awaited": False}),
            ("OpenCV VideoCapture thread, loaded", "cv2_thread", {"load": load}),
        ):
            result = _reported(camera, clip, spans, kind, url=url, **more)
            _add(report, name, result, beside=True)
        report.camera_core_percent.append(("lag", camera.core_percent()))
    report.ratio(LAG, "ours, loaded: p99", "replaced design, loaded (pump awaits each call): p99", "ms")
    report.ratio(LAG, "ours, loaded: p99", "the same pump, calls as tasks beside it, loaded: p99", "ms")
    report.ratio(LAG, "ours, loaded: p99", "OpenCV VideoCapture thread, loaded: p99", "ms")


def _add(
    report: Report,
    name: str,
    result: Lags,
    *,
    beside: bool = False,
    goal: float | None = None,
    lost: float | None = None,
) -> None:
    earliest = f"the earliest frame came {result.line_ms:.1f} ms after it was sent"
    report.add(LAG, f"{name}: p50", result.p50_ms, "ms", beside=beside, note=earliest)
    report.add(LAG, f"{name}: p99", result.p99_ms, "ms", beside=beside, goal=goal)
    report.add(LAG, f"{name}: max", result.max_ms, "ms", beside=beside)
    note = f"of {result.frames}" + (f", {result.unreadable} unreadable" if result.unreadable else "")
    report.add(LAG, f"{name}: frames lost", result.lost, "frames", beside=beside, goal=lost, note=note)


def _ours(
    report: Report, camera: ReplayCamera, clip: str, spans: Spans, load: dict[str, Any] | None, name: str,
    goal: float | None = 50,
) -> None:  # fmt: skip
    """A home process with our loop and Home Assistant's stream on it; another process is a viewer of the relay."""
    with (
        tempfile.TemporaryDirectory(prefix="cw-bench-") as folder,
        Rig("home", url=camera.url(clip), ours=True, load=load) as home,
    ):
        home.ask("follow")
        if load:
            home.ask("load")
        with Rig("viewer", path=home.ready["socket"]) as viewer:
            time.sleep(_SETTLE_S)
            since_s = time.monotonic()
            time.sleep(spans.lag_s)
            span_s = (since_s, time.monotonic())
            time.sleep(_TAIL_S)
            file = f"{folder}/relay.ts"
            marks = viewer.ask("file", file=file)
        figures = home.ask("dump", file=f"{folder}/hls.pickle")
        log = SendLog(camera.sent(clip, 0))
        arrivals, unreadable = ts_arrivals(Path(file).read_bytes(), [(size, at_s) for size, at_s in marks])
        result = lags(arrivals, log, span_s, unreadable)
        _add(report, name, result, goal=goal, lost=0)
        hls = hls_result(f"{folder}/hls.pickle", log, since_s)
        note = f"of {hls.frames} decoded" + (f", {hls.unreadable} unreadable" if hls.unreadable else "")
        report.add(LAG, f"{name}: frames lost in Home Assistant's HLS", hls.lost, "frames", goal=0, note=note)
        if load:
            report.note(
                f"{name}: detection ran on {figures['detected']} frames, {figures['skipped_behind']} left out because"
                f" the loop was behind; its own meter says p99 {figures['lag_p99_ms']:.0f} ms"
            )


def _reported(camera: ReplayCamera, clip: str, spans: Spans, kind: str, **settings: Any) -> Lags:
    with tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        path = f"{folder}/far.sock"
        with Rig("far_end", path=path) as far_end, Rig(kind, far_end=path, **settings):
            time.sleep(_SETTLE_S)
            since_s = time.monotonic()
            time.sleep(spans.lag_s)
            span_s = (since_s, time.monotonic())
            time.sleep(_BACKLOG_S)
            arrived = [Arrival(number=number, at_s=at_s) for number, at_s in far_end.ask("arrived")]
        return lags(arrived, SendLog(camera.sent(clip, 0)), span_s)


def bench_start(report: Report, spans: Spans) -> None:
    """Ours and Home Assistant directly on the camera, opened at several moments of the GOP."""
    for gop_s in (2, 10):
        clip = f"1080p30-gop{gop_s}"
        with ReplayCamera(clip) as camera:
            url = camera.url(clip)
            with Rig("home", url=url, ours=True) as ours, Rig("home", url=url, ours=False) as direct:
                time.sleep(8 + 1.8 * gop_s)  # the ring must hold what the replay rule needs
                times: dict[str, list[dict[str, float | None]]] = {"ours": [], "direct": []}
                for phase in range(spans.phases):
                    time.sleep(0.37 * gop_s + 0.11 * phase)
                    times["ours"].append(ours.ask("open", limit_s=40))
                    times["direct"].append(direct.ask("open", limit_s=40))
            report.camera_core_percent.append((f"start, GOP {gop_s} s", camera.core_percent()))
        for who in ("ours", "direct"):
            beside = who == "direct"
            name = "Home Assistant directly on RTSP" if beside else "ours"
            for what, key, goal in (
                ("first part", "part", 0.3),
                ("master playlist", "master", 0.5 if gop_s == 2 else 1),
            ):
                values = [entry[key] for entry in times[who]]
                known = [value for value in values if value is not None]
                report.add(
                    START, f"GOP {gop_s} s, {name}: {what}", median(values), "s", beside=beside,
                    goal=None if beside else goal,
                    note=f"{min(known):.2f}-{max(known):.2f}, {len(known)} of {len(values)}" if known else "never",
                )  # fmt: skip
        for what in ("first part", "master playlist"):
            report.ratio(
                START, f"GOP {gop_s} s, ours: {what}", f"GOP {gop_s} s, Home Assistant directly on RTSP: {what}", "s"
            )


def bench_delay(report: Report, spans: Spans) -> None:
    """How old the last frame of an HLS part is when the part is there."""
    clip = "1080p30-gop2"
    results: dict[bool, HlsResult] = {}
    with ReplayCamera(clip) as camera, tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        for ours in (True, False):
            with Rig("home", url=camera.url(clip), ours=ours) as home:
                home.ask("follow")
                time.sleep(_SETTLE_S + 4)
                since_s = time.monotonic()
                time.sleep(max(12.0, spans.lag_s / 2))
                home.ask("dump", file=f"{folder}/hls.pickle")
                results[ours] = hls_result(f"{folder}/hls.pickle", SendLog(camera.sent(clip, 0)), since_s)
        report.camera_core_percent.append(("delay", camera.core_percent()))
    for ours in (True, False):
        name = "ours" if ours else "Home Assistant directly on RTSP"
        for what, value in (
            ("last frame of a part", results[ours].last_ms),
            ("first frame of a part", results[ours].first_ms),
        ):
            report.add(DELAY, f"{name}: {what}", value, "ms", beside=not ours)
        if results[ours].lost:
            report.add(DELAY, f"{name}: frames lost", results[ours].lost, "frames", beside=not ours)
    mine, theirs = results[True].last_ms, results[False].last_ms
    if mine is not None and theirs is not None:
        report.add(DELAY, "what we add (last frame, median)", mine - theirs, "ms", goal=150)
