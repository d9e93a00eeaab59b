"""What the detectors say of the demo's script, second by second: recorded once, played by `scripts/bench ai`.

    .venv/bin/python -m scripts.demo_senses            record anew (about a minute of one core)

The drawn nursery is drawn frame by frame, made as small as the frame loop makes it, and given to the real detectors
at the loop's five frames a second, with its sound. What is kept of each second is what the integration keeps of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
import numpy as np

from custom_components.cradlewatch.engine.analysis.scene_hash import scene_hash
from custom_components.cradlewatch.engine.models import (
    Activity,
    AudioBlock,
    EventKind,
    Frame,
    Reading,
    Severity,
    Signal,
)
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings, Zone
from custom_components.cradlewatch.engine.source.nursery import NurseryScene
from custom_components.cradlewatch.engine.source.nursery_script import PERIOD_S, BeatKind, happens

RECORDING = Path(__file__).parent / "demo_senses.json"
FPS = 5
SIZE_WH = (320, 180)
GIST_WH = (160, 90)
HINT_EVERY_S = 30
"""So often a verdict tells the detectors whether a child is there, as the integration passes it on."""
RAIL = Zone(name="rail", kind="danger", points_xy=((0.42, 0.36), (0.68, 0.36), (0.68, 0.42), (0.42, 0.42)))
"""The height of the rail in the drawn crib: who sits or stands up reaches into it."""


@dataclass(frozen=True, slots=True)
class Second:
    """One second of the script."""

    reading: Reading
    signals: tuple[Signal, ...]
    """What went on or off in it; their times are seconds of the script."""
    gist: int


def record() -> list[Second]:
    """Two rounds of the script; the second is kept, by which the detectors have learned the room."""
    scene = NurseryScene()
    senses = NurserySenses(SenseSettings(zones=(RAIL,)))
    rounds = [list(seconds_of(scene, senses, start_s)) for start_s in (0.0, PERIOD_S)]
    return rounds[1]


def seconds_of(scene: NurseryScene, senses: NurserySenses, start_s: float) -> Iterator[Second]:
    """A round of the script from `start_s` on, second by second."""
    small, gist = VideoReformatter(), VideoReformatter()
    for second in range(int(PERIOD_S)):
        signals: list[Signal] = []
        for step in range(FPS):
            at_s = start_s + second + step / FPS
            number = round(at_s * scene.frame_rate_fps)
            frame = VideoFrame.from_ndarray(scene.frame_yuv420(number), format="yuv420p")
            gray = small.reformat(frame, *SIZE_WH, "gray", interpolation=Interpolation.AREA, threads=1).to_ndarray()
            signals += senses.on_frame(Frame(gray=gray, at_s=at_s, index=number))
        rate_hz = scene.sample_rate_hz
        samples = scene.audio(round((start_s + second) * rate_hz), rate_hz).astype(np.float32) / 32768
        signals += senses.on_audio(AudioBlock(samples=samples, rate_hz=rate_hz, at_s=start_s + second + 1))
        picture = gist.reformat(frame, *GIST_WH, "gray", interpolation=Interpolation.AREA, threads=1).to_ndarray()
        if second % HINT_EVERY_S == HINT_EVERY_S - 1:
            senses.on_verdict_hint(not happens(BeatKind.OUT_OF_VIEW, second), start_s + second)
        yield Second(senses.reading(start_s + second + 1), tuple(signals), scene_hash(picture))


def to_json(seconds: list[Second]) -> list[dict[str, Any]]:
    """Only what the simulated day uses."""
    return [
        {
            "motion": found.reading.motion,
            "level": found.reading.activity_level,
            "activity": found.reading.activity.value,
            "occupancy": found.reading.occupancy,
            "crying": found.reading.crying,
            "sound": found.reading.sound,
            "micro": found.reading.micro_motion,
            "visible": found.reading.visible,
            "gist": f"{found.gist:016x}",
            "signals": [_fields(signal) for signal in found.signals],
        }
        for found in seconds
    ]


def _fields(signal: Signal) -> list[Any]:
    at_s = round(signal.at_s % PERIOD_S, 2)
    severity = signal.severity.value
    return [signal.kind.value, signal.active, at_s, round(signal.score, 3), severity, signal.zone, signal.momentary]


def load() -> list[Second]:
    """The recording."""
    rows = json.loads(RECORDING.read_text(encoding="utf-8"))["seconds"]
    return [
        Second(
            Reading(
                at_s=float(second + 1),
                motion=row["motion"],
                activity_level=row["level"],
                activity=Activity(row["activity"]),
                occupancy=row["occupancy"],
                crying=row["crying"],
                sound=row["sound"],
                micro_motion=row["micro"],
                visible=row["visible"],
            ),
            tuple(_signal(*fields) for fields in row["signals"]),
            int(row["gist"], 16),
        )
        for second, row in enumerate(rows)
    ]


def _signal(
    kind: str, active: bool, at_s: float, score: float, severity: str, zone: str | None, momentary: bool
) -> Signal:
    return Signal(
        kind=EventKind(kind), active=active, at_s=at_s, score=score, severity=Severity(severity), zone=zone,
        momentary=momentary,
    )  # fmt: skip


def main() -> None:
    rows = to_json(record())
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    what = "the detectors on the drawn nursery, second by second (scripts/demo_senses.py)"
    RECORDING.write_text(f'{{"what":"{what}",\n"seconds":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
