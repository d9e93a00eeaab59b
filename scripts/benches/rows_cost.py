"""Rows about what it costs: CPU and motion detection."""

from collections.abc import Callable, Sequence
import time

import numpy as np

from .camera import ReplayCamera
from .media import ClipSpec, pictures
from .rig import Rig
from .table import Report, Spans

CPU = "CPU of one camera, 1080p30, live (one core = 100)"
MOTION = "Motion detection, 320x180"
_IDLE_LIMIT_S = 90
_SMALL_MOVEMENT_S = (14.0, 180.0)
"""Looking at every frame for it, until the next keyframe included, and the time from one such window to the next."""


def bench_cpu(report: Report, spans: Spans) -> None:
    """Each in a process of its own, one after the other, on the same camera."""
    with ReplayCamera("1080p30-gop2", "1080p30-still") as camera:
        moving, still = camera.url("1080p30-gop2"), camera.url("1080p30-still")
        with Rig("ours", urls=[still]) as rig:
            waited_s = _until_idle(rig)
            before = rig.ask("figures")[0]
            idle = _core_percent(rig, 2 * spans.cpu_s)
            after = rig.ask("figures")[0]
            decoded, frames, wakes = (after[key] - before[key] for key in ("decoded", "frames", "wakes"))
            # 1 in 60 where it stays idle throughout: a GOP is 2 s.
            note = f"idle after {waited_s:.0f} s; {decoded} of {frames} frames decoded, woken {wakes} times"
            report.add(CPU, "ours, idle (still scene, keyframes decoded)", idle, "core-%", goal=5, note=note)
        with Rig("ours", urls=[moving]) as rig:
            time.sleep(4)
            before = rig.ask("figures")[0]["detected"]
            value = _core_percent(rig, spans.cpu_s)
            rate = (rig.ask("figures")[0]["detected"] - before) / spans.cpu_s
            report.add(CPU, "ours, watching (5 fps)", value, "core-%", goal=13, note=f"{rate:.1f} detections a second")
            looks_s, rests_s = _SMALL_MOVEMENT_S
            share = looks_s / (looks_s + rests_s)
            report.add(
                CPU, "ours, idle for hours", share * value + (1 - share) * idle, "core-%", goal=5,
                note=f"computed of the two: small movement is looked for {looks_s:.0f} s after every {rests_s:.0f} s",
            )  # fmt: skip
        for name, kind, settings in (
            ("OpenCV, read every frame", "cv2_read_all", {}),
            ("replaced pipeline, 5 fps out", "replaced_pipeline", {"fps": 5}),
            ("replaced pipeline, 30 fps out", "replaced_pipeline", {"fps": 30}),
            ("physical limit: remux alone", "remux", {}),
            ("physical limit: remux and decode every frame", "remux", {"decode": True}),
        ):
            with Rig(kind, url=moving, **settings) as rig:
                time.sleep(4)
                report.add(CPU, name, _core_percent(rig, spans.cpu_s), "core-%", beside=True)
        report.camera_core_percent.append(("CPU", camera.core_percent()))
    for other in ("OpenCV, read every frame", "replaced pipeline, 5 fps out", "replaced pipeline, 30 fps out"):
        report.ratio(CPU, "ours, watching (5 fps)", other, "core-%")
        report.ratio(CPU, "ours, idle (still scene, keyframes decoded)", other, "core-%")


def _until_idle(rig: Rig) -> float:
    began_s = time.monotonic()
    while time.monotonic() - began_s < _IDLE_LIMIT_S and not rig.ask("figures")[0]["idle"]:
        time.sleep(1)
    return time.monotonic() - began_s


def _core_percent(rig: Rig, span_s: float) -> float:
    began_s, began_cpu_s = time.monotonic(), rig.cpu_s()
    time.sleep(span_s)
    return 100 * (rig.cpu_s() - began_cpu_s) / (time.monotonic() - began_s)


def bench_motion(report: Report, spans: Spans) -> None:
    """In this process, one thread, one after the other, the same pictures for all; the median of single frames."""
    import cv2
    from engine.detectors.backend import choose_backend
    from engine.detectors.motion import MotionDetector
    from engine.detectors.viewer import Viewer
    from engine.models import Frame
    from engine.senses import NurserySenses
    from engine.settings import SenseSettings

    cv2.setNumThreads(1)
    spec = ClipSpec(name="small", size_wh=(640, 360), bits_per_s=1, gop_s=2)
    grays = [np.ascontiguousarray(plane[::2, ::2]) for plane in pictures(spec, spans.motion_frames)]
    frames = [Frame(gray=gray, at_s=index / 5, index=index) for index, gray in enumerate(grays)]
    for backend, goal in (("opencv", 0.25), ("numpy", 1.0)):
        viewer, motion = Viewer(SenseSettings(), choose_backend(backend)), MotionDetector()
        senses = NurserySenses(SenseSettings(vision_backend=backend))
        alone = _each_ms(lambda frame, see=viewer.look, judge=motion.detect: judge(see(frame)), frames)
        whole = _each_ms(senses.on_frame, frames)
        report.add(
            MOTION, f"ours, {backend}", _middle(alone), "ms a frame", goal=goal,
            note=f"light, shake and camera-moved checks included; all senses {_middle(whole):.2f} ms",
        )  # fmt: skip
    for name, detect in _motion_others().items():
        report.add(MOTION, name, _middle(_each_ms(detect, grays)), "ms a frame", beside=True)


def _each_ms[Picture](detect: Callable[[Picture], object], pictures: Sequence[Picture]) -> list[float]:
    times = []
    for picture in pictures:
        began_s = time.perf_counter()
        detect(picture)
        times.append(1000 * (time.perf_counter() - began_s))
    return times


def _middle(times: list[float]) -> float:
    # The first frames build what is kept; a parent's camera runs for months.
    return sorted(times[20:])[len(times[20:]) // 2]


def _motion_others() -> dict[str, Callable[[np.ndarray], object]]:
    import cv2

    mixture = cv2.createBackgroundSubtractorMOG2()
    average: list[np.ndarray] = []
    last: list[np.ndarray] = []

    def frigate(gray: np.ndarray) -> int:
        """Frigate's way: contrast by percentiles, blur, difference to a slow average, threshold, contours."""
        low, high = np.percentile(gray, (4, 96))
        stretched = np.clip((gray - low) * (255 / max(1.0, high - low)), 0, 255).astype(np.uint8)
        blurred = cv2.GaussianBlur(stretched, (3, 3), 0)
        if not average:
            average.append(blurred.astype(np.float32))
        mask = cv2.threshold(cv2.absdiff(blurred, cv2.convertScaleAbs(average[0])), 30, 255, cv2.THRESH_BINARY)[1]
        mask = cv2.dilate(mask, None, iterations=1)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.accumulateWeighted(blurred, average[0], 0.01)
        return len(contours)

    def difference(gray: np.ndarray) -> int:
        blurred = cv2.GaussianBlur(gray, (7, 7), 0)
        if not last:
            last.append(blurred)
        mask = cv2.threshold(cv2.absdiff(blurred, last[0]), 25, 255, cv2.THRESH_BINARY)[1]
        last[0] = blurred
        return cv2.countNonZero(cv2.dilate(mask, None, iterations=2))

    return {"MOG2": mixture.apply, "Frigate-style averaged background": frigate, "frame difference": difference}
