"""Scores the senses on footage made by rule, and beside well-known motion detectors.

    .venv/bin/python -m scripts.bench_senses [--seeds 3] [--hours 0.2] [--only motion,sound,...]

Prints markdown tables; docs/accuracy.md keeps them with the command and the date.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
import time

import numpy as np

from custom_components.cradlewatch.engine.detectors.backend import choose_backend
from custom_components.cradlewatch.engine.detectors.motion import MotionDetector
from custom_components.cradlewatch.engine.detectors.viewer import Viewer
from custom_components.cradlewatch.engine.models import EventKind, Frame
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings
from scripts import senses_ears, senses_nights
from scripts.senses_peers import PEERS
from scripts.senses_score import Score
from tests.corpus import codecs, films, rooms, sensors, voices

MEDIA = Path(__file__).resolve().parents[2] / "shared" / "media"


class OurMotion:
    """View and motion only, as in the loop."""

    def __init__(self, backend: str) -> None:
        self._viewer = Viewer(SenseSettings(), choose_backend(backend))
        self._motion = MotionDetector()
        self._count = 0

    def detect(self, gray: np.ndarray) -> bool:
        self._count += 1
        self._motion.detect(self._viewer.look(Frame(gray=gray, at_s=self._count / rooms.FPS, index=self._count)))
        self._viewer.moving = self._motion.active
        return self._motion.active


def motion(seeds: range) -> None:
    detectors: dict[str, Callable] = {
        "ours (OpenCV)": lambda: OurMotion("opencv"),
        "ours (numpy)": lambda: OurMotion("numpy"),
        **PEERS,
    }
    total: dict[str, Score] = defaultdict(Score)
    families: dict[str, dict[str, Score]] = {name: defaultdict(Score) for name in detectors}
    for footage in films.motion_set(seeds):
        shot = list(footage.frames())
        times = [t_s for t_s, _ in shot]
        for name, make in detectors.items():
            detector, states, spent = make(), [], 0.0
            for _, gray in shot:
                start = time.thread_time()
                states.append(bool(detector.detect(gray)))
                spent += time.thread_time() - start
            for score in (total[name], families[name][footage.family]):
                score.add(times, states, footage.moving, spent / len(shot) * 1e6)
    head = "| found | marked | delay s | covered | still flagged | false alarms/h | quiet after s | us/frame |"
    print(f"| detector {head}\n|{'---|' * 9}")
    for name in detectors:
        print(f"| {name} | {total[name].line()} |")
    print(f"\n| family, ours (OpenCV) {head}\n|{'---|' * 9}")
    for family, score in families["ours (OpenCV)"].items():
        print(f"| {family} | {score.line()} |")
    print("\nShare of still time flagged, by family (1.6 s after a movement do not count):\n")
    names = list(detectors)
    print("| family | " + " | ".join(names) + f" |\n|{'---|' * (len(names) + 1)}")
    for family in families[names[0]]:
        cells = [
            f"{100 * families[n][family].flagged_frames / max(1, families[n][family].still_frames):.1f} %"
            for n in names
        ]
        print(f"| {family} | " + " | ".join(cells) + " |")


def still_hours(hours: float, first: int) -> None:
    """False alarms of static, noisy nights, simulated fast: every kind of camera, raw and through every encoder.

    Each film of five minutes has a seed of its own: a run of eight hours is the sum of its slices.
    """
    alarms: dict[str, int] = defaultdict(int)
    first_s, seconds = 5, 0.0
    kinds, codings = list(sensors.CAMERAS.items()), [("raw", None), *codecs.CODINGS.items()]
    for part in range(first, first + max(1, round(hours * 3600 / 300))):
        rng = np.random.default_rng(500 + part)
        (kind, camera), (coding_name, coding) = kinds[part % len(kinds)], codings[part * 7 % len(codings)]
        shot = rooms.film(rng, rooms.room(rng), [], camera(rng), 300)
        senses = NurserySenses(SenseSettings(vision_backend="opencv"))
        for index, (t_s, gray) in enumerate(codecs.coded(shot, coding) if coding else shot):
            signals = senses.on_frame(Frame(gray=gray, at_s=t_s, index=index))
            wrong = sum(signal.active and signal.kind is not EventKind.BACK_IN_VIEW for signal in signals)
            if wrong and t_s > first_s:
                alarms[f"{kind}, {coding_name}, film {part}, {t_s:.0f} s"] += wrong
        seconds += 300 - first_s
    shown = "; ".join(f"{name}: {count}" for name, count in alarms.items()) or "none"
    print(f"\nStill for {seconds / 3600:.2f} h (films {first}-{part}), {len(kinds)} kinds of camera, raw and coded:")
    print(f"{sum(alarms.values())} signals of any kind later than {first_s} s after a start ({shown})")


def rough(seeds: int) -> None:
    """Infants of three sizes before cameras that make changes of their own."""
    head = "| found | marked | delay s | covered | still flagged | false alarms/h | quiet after s | us/frame |"
    print(f"\n| infant, ours (OpenCV) {head}\n|{'---|' * 9}")
    total = Score()
    codings = list(codecs.CODINGS.values())
    for number, (kind, camera) in enumerate(sensors.CAMERAS.items()):
        for coded in (False, True):
            score = Score()
            for seed in range(seeds):
                rng = np.random.default_rng(70000 + 1000 * seed + 10 * number + coded)
                moving = films.spans(rng, 70)
                bodies = films.infant(rng, moving, size_px=(8.0, 14.0, 24.0)[(number + coded + seed) % 3])
                shot = rooms.film(rng, rooms.room(rng), bodies, camera(rng), 70)
                if coded:
                    shot = codecs.coded(shot, codings[(number + seed * 5) % len(codings)])
                detector, times, states, spent = OurMotion("opencv"), [], [], 0.0
                for t_s, gray in shot:
                    start = time.thread_time()
                    states.append(detector.detect(gray))
                    spent += time.thread_time() - start
                    times.append(t_s)
                for one in (score, total):
                    one.add(times, states, moving, spent / len(times) * 1e6)
            print(f"| {kind}{', coded' if coded else ''} | {score.line()} |")
    print(f"| all | {total.line()} |")


def small_movement(seeds: range) -> None:
    print("\n| small movement | found | of the windows judged | taken for motion instead |\n|---|---|---|---|")
    for label, amplitude_px, codec in (
        ("1 px", 1.0, 0),
        ("1 px, x264 crf 28", 1.0, 28),
        ("0.5 px", 0.5, 0),
        ("0.5 px, x264 crf 28", 0.5, 28),
        ("none", 0.0, 0),
        ("none, x264 crf 28", 0.0, 28),
        ("none, x264 crf 33", 0.0, 33),
    ):
        found = moved = seen = windows = 0
        for seed in seeds:
            rng = np.random.default_rng(seed)
            rate_hz, noise = rng.uniform(0.4, 1.0), rng.uniform(1, 4)
            chest = rooms.Body(
                (20, 13), 120, lambda t, a=amplitude_px, r=rate_hz: (172, 125 + a * np.sin(2 * np.pi * r * t), 0.3)
            )
            shot = rooms.film(rng, rooms.room(rng), [chest], rooms.Camera(rng, read_noise=noise), 40)
            senses = NurserySenses(SenseSettings(vision_backend="opencv"))
            for index, (t_s, gray) in enumerate(films.through_codec(shot, crf=codec) if codec else shot):
                senses.on_frame(Frame(gray=gray, at_s=t_s, index=index))
                reading = senses.reading(t_s)
                # Every two seconds a window is judged.
                if index % round(2 * rooms.FPS) == 0 and reading.micro_motion is not None:
                    windows, seen = windows + 1, seen + reading.micro_motion
            found, moved = found + (reading.micro_motion is True), moved + (reading.micro_motion is None)
        print(f"| {label} | {found}/{len(seeds)} | {seen}/{windows} | {moved} |")


def cost() -> None:
    print("\n| all senses together | us/frame | core-% at 5 fps and 16 kHz |\n|---|---|---|")
    rng = np.random.default_rng(1)
    shot = list(next(iter(films.motion_set(range(1)))).frames())
    sound = voices.mixed(voices.speech(rng, 60, 16000), rng, 20)
    start = time.thread_time()
    senses_ears.hear(sound, 16000)
    sound_share = (time.thread_time() - start) / 60
    for backend in ("opencv", "numpy"):
        senses = NurserySenses(SenseSettings(vision_backend=backend))
        start = time.thread_time()
        for index, (t_s, gray) in enumerate(shot):
            senses.on_frame(Frame(gray=gray, at_s=t_s, index=index))
            senses.reading(t_s)
        each_s = (time.thread_time() - start) / len(shot)
        print(
            f"| {backend} | {each_s * 1e6:.0f} | {100 * (each_s * rooms.FPS + sound_share):.2f} "
            f"(sound {100 * sound_share:.2f}) |"
        )


def clips() -> None:
    import av

    for path in sorted(MEDIA.glob("*.mp4")) + sorted(MEDIA.glob("*.ts")):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            every = max(1, round(float(stream.average_rate) / rooms.FPS))
            grays = [
                frame.reformat(320, 320 * frame.height // frame.width, "gray").to_ndarray()
                for index, frame in enumerate(container.decode(stream))
                if index % every == 0
            ]
        loops = 3 if len(grays) < 100 else 1
        senses = NurserySenses(SenseSettings(vision_backend="opencv"))
        found = []
        # To and fro: a loop's cut is a jump that no camera shows.
        played = (grays + grays[::-1]) * 2 if loops > 1 else grays
        for index, gray in enumerate(played):
            at_s = index / rooms.FPS
            found += [
                f"{at_s:.1f} {s.kind.value} {'on' if s.active else 'off'}"
                for s in senses.on_frame(Frame(gray=gray, at_s=at_s, index=index))
            ]
        reading = senses.reading(at_s)
        print(
            f"\n{path.name} ({len(played) / rooms.FPS:.0f} s): {', '.join(found) or 'no signals'}; "
            f"small movement: {reading.micro_motion}, occupancy: {reading.occupancy}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed; sound and nights: added to their own")
    parser.add_argument("--hours", type=float, default=0.2)
    parser.add_argument("--only", default="motion,rough,still,crying,nocry,nights,small,cost,clips")
    parser.add_argument("--kinds", default="", help="nocry: only these kinds, as speech+music+cat")
    args = parser.parse_args()
    parts = {
        "motion": lambda: motion(range(args.first, args.first + args.seeds)),
        "rough": lambda: rough(args.seeds),
        "still": lambda: still_hours(args.hours, args.first),
        "crying": lambda: senses_ears.found(args.seeds, args.first),
        "nocry": lambda: senses_ears.false_alarms(args.hours, args.kinds, args.first),
        "nights": lambda: senses_nights.nights(args.seeds, args.first),
        "small": lambda: small_movement(range(args.first, args.first + 4 * args.seeds)),
        "cost": cost,
        "clips": clips,
    }
    for part in args.only.split(","):
        parts[part]()


if __name__ == "__main__":
    main()
