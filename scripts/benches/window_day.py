"""Tokens of a day: the demo's night and day through the real detectors, counted frame by frame. No network.

The drawn nursery's script (five minutes of day and infrared night: sleep, stirs, crying, play, an empty crib, a carer,
a loud noise) runs through the detectors at 5 pictures a second, as in the frame loop, faster than real time; the pace
rule of the window recorder decides each second, and the frames that it would write are counted. A day is the script
288 times over: busier than any real one.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
import numpy as np

from custom_components.cradlewatch.engine.analysis.report_jobs import AUDIO_TOKENS_PER_S, TOKENS_PER_FRAME
from custom_components.cradlewatch.engine.incident import HAZARD_KINDS
from custom_components.cradlewatch.engine.models import AudioBlock, EventKind, Frame, Reading
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings
from custom_components.cradlewatch.engine.source.nursery import NurseryScene
from custom_components.cradlewatch.engine.source.nursery_script import PERIOD_S
from custom_components.cradlewatch.engine.windows.pace import Pace, pace_of
from scripts.bench_ai import FIXED_S, TOKENS, governed

WINDOW_S = 600
WINDOWS_A_DAY = 144
TEXT_TOKENS = 2000
"""Instructions, context and answer of one report."""
_DETECT_FPS = 5
_SOUND_MARGIN_S = 10
"""What the recorder keeps before and after a sound, together."""
_SLACK_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowInputs:
    """What ten minutes of the script come to."""

    frames: int
    seconds_at: dict[Pace, int]
    audio_s: int
    """Seconds of sound that would be kept, were it allowed."""


def measure_window() -> WindowInputs:
    """One window of the script, after five minutes in which the detectors get to know the room."""
    frames, taken_s = 0, float("-inf")
    seconds_at = dict.fromkeys(Pace, 0)
    audio_s, sounded_s = 0, float("-inf")
    for at_s, reading, hazards in _watch(PERIOD_S + WINDOW_S):
        sounds = bool(reading.sound or reading.crying)
        # Sleep needs minutes of quiet that this script never has: the pace is that of a child awake.
        pace = pace_of(
            sleep=None,
            activity=reading.activity if reading.visible else None,
            occupancy=reading.occupancy,
            sounds=sounds,
            incident=bool(hazards),
        )
        if at_s < PERIOD_S:
            continue
        seconds_at[pace] += 1
        if sounds:
            audio_s += 1 + (_SOUND_MARGIN_S if at_s - sounded_s > _SOUND_MARGIN_S else 0)
            sounded_s = at_s
        for part_s in (0.0, 0.5):
            if at_s + part_s - taken_s >= pace.value - _SLACK_S:
                taken_s = at_s + part_s
                frames += 1
    return WindowInputs(frames=frames, seconds_at=seconds_at, audio_s=audio_s)


def _watch(duration_s: float) -> Iterator[tuple[float, Reading, set[EventKind]]]:
    """(second, what the senses know, hazards that are on), once a second."""
    scene, senses = NurseryScene(), NurserySenses(SenseSettings())
    step, samples = scene.frame_rate_fps // _DETECT_FPS, scene.sample_rate_hz // _DETECT_FPS
    hazards: set[EventKind] = set()
    for index in range(round(duration_s * _DETECT_FPS)):
        at_s = index / _DETECT_FPS
        picture = VideoFrame.from_ndarray(scene.frame_yuv420(index * step), format="yuv420p")
        gray = picture.reformat(320, 180, "gray", interpolation=Interpolation.AREA, threads=1).to_ndarray()
        heard = scene.audio(index * samples, samples).astype(np.float32) / 32768
        signals = [
            *senses.on_frame(Frame(gray=gray.astype(np.uint8, copy=False), at_s=at_s, index=index)),
            *senses.on_audio(AudioBlock(samples=heard, rate_hz=scene.sample_rate_hz, at_s=at_s)),
        ]
        for signal in signals:
            if signal.kind in HAZARD_KINDS:
                (hazards.add if signal.active else hazards.discard)(signal.kind)
        if index % _DETECT_FPS == _DETECT_FPS - 1:
            yield float(index // _DETECT_FPS), senses.reading(at_s), hazards


def print_day(inputs: WindowInputs) -> bool:
    """The figures with all their inputs; True where the goal is met."""
    per_frame, asked = TOKENS_PER_FRAME["low"], TOKENS.tokens_in or 0
    checks = governed(0)[0].calls
    snapshots = 86_400 // FIXED_S
    window = inputs.frames * per_frame + TEXT_TOKENS
    ours = WINDOWS_A_DAY * window + checks * asked
    replaced = WINDOWS_A_DAY * WINDOW_S * 258 + snapshots * asked
    paces = ", ".join(f"{pace.name.lower()} {seconds} s" for pace, seconds in inputs.seconds_at.items())
    print("tokens a day over the demo's night and day (its script 288 times), by the formula of the API's docs:")
    print(f"  inputs: {inputs.frames} frames sampled in a window ({paces})")
    print(f"  {per_frame} tokens a frame (low resolution), {TEXT_TOKENS:,} of text a window, no sound (off by default)")
    print(f"  {checks} frame checks of the simulated day of `scripts/bench ai`, {asked:,} tokens each")
    print(f"  ours: {WINDOWS_A_DAY} x {window:,} + {checks} x {asked:,} = {ours:,}")
    print(f"  replaced: {WINDOWS_A_DAY} x {WINDOW_S} x 258 + {snapshots:,} x {asked:,} = {replaced:,}")
    print(f"  = 1/{replaced / ours:.1f} (goal: at most 1/5)")
    sound = WINDOWS_A_DAY * inputs.audio_s * AUDIO_TOKENS_PER_S
    print(f"  with sound allowed: {inputs.audio_s} s a window x {AUDIO_TOKENS_PER_S} = {sound:,} more", end="")
    print(f" (1/{replaced / (ours + sound):.1f})")
    quiet = round(WINDOW_S / Pace.IDLE.value)
    asleep = WINDOWS_A_DAY * (quiet * per_frame + TEXT_TOKENS) + checks * asked
    mixed = (ours * 10 + asleep * 14) // 24
    print(f"  beside, a day with 14 h asleep and still ({quiet} frames a window): {mixed:,} (1/{replaced / mixed:.1f})")
    awake = WINDOWS_A_DAY * (WINDOW_S * per_frame + TEXT_TOKENS) + checks * asked
    print(f"  beside, moving all day ({WINDOW_S} frames a window): {awake:,} (1/{replaced / awake:.1f})")
    return ours * 5 <= replaced
