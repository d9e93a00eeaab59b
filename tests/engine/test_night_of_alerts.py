"""How often a phone rings in a night of the demo: its pictures and sounds, the real detectors, the usual rules.

The drawn story is five minutes long and told again all night: a child that stirs, fusses, cries, sits up, stands, is
taken out and laid down again every five minutes. What comes again within five minutes is the same incident.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from custom_components.cradlewatch.engine.alert_rules import AlertBook, AlertNews, AlertRules, Loudness
from custom_components.cradlewatch.engine.models import AudioBlock, Frame, MonitorEvent, Reading, Signal
from custom_components.cradlewatch.engine.senses import NurserySenses
from custom_components.cradlewatch.engine.settings import SenseSettings, TrackerSettings
from custom_components.cradlewatch.engine.sleep import SleepMachine
from custom_components.cradlewatch.engine.source.nursery import NurseryScene
from custom_components.cradlewatch.engine.source.nursery_script import PERIOD_S
from custom_components.cradlewatch.engine.tracker import IncidentTracker

pytestmark = pytest.mark.timeout(300)

NIGHT_H = 8
DUSK = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)
FPS = 5
EMPTY_S = 125.0
MOST_RINGS_AN_HOUR = 1

type Step = tuple[float, tuple[Signal, ...], Reading | None]


def story() -> list[Step]:
    """What the senses say of the second telling, in seconds of the story; the first is for getting to know the room."""
    scene = NurseryScene()
    senses = NurserySenses(SenseSettings(vision_backend="numpy"))
    step_samples = scene.sample_rate_hz // FPS
    steps: list[Step] = []
    for index in range(round(2 * PERIOD_S * FPS)):
        at_s = index / FPS
        luma = scene.frame_yuv420(round(at_s * scene.frame_rate_fps))[:720]
        gray = np.ascontiguousarray(luma.reshape(180, 4, 320, 4).mean(axis=(1, 3)).astype(np.uint8))
        samples = scene.audio(index * step_samples, step_samples).astype(np.float32) / 32768
        block = AudioBlock(samples=samples, rate_hz=scene.sample_rate_hz, at_s=at_s)
        signals = (*senses.on_frame(Frame(gray=gray, at_s=at_s, index=index)), *senses.on_audio(block))
        if index == round(EMPTY_S * FPS):
            senses.learn_empty()
        if at_s >= PERIOD_S:
            steps.append((at_s - PERIOD_S, signals, senses.reading(at_s) if index % FPS == 0 else None))
    return steps


def events_of(steps: list[Step]) -> Iterator[tuple[float, MonitorEvent]]:
    """The story told all night, through tracker and sleep machine."""
    tracker, sleep = IncidentTracker(TrackerSettings()), SleepMachine()
    for round_ in range(round(NIGHT_H * 3600 / PERIOD_S)):
        for story_s, signals, reading in steps:
            now_s = round_ * PERIOD_S + story_s
            now_at = DUSK + timedelta(seconds=now_s)
            told = [replace(signal, at_s=now_s) for signal in signals]
            if reading is not None:
                told += sleep.on_reading(replace(reading, at_s=now_s), now_at)
                told += sleep.tick(now_s, now_at)
                yield from ((now_s, event) for event in tracker.tick(now_at, now_s))
            for signal in told:
                yield from ((now_s, event) for event in tracker.on_signal(signal, now_at, now_s))


def test_a_night_of_the_demo() -> None:
    book, rules = AlertBook(), AlertRules()
    rings: Counter[str] = Counter()
    silent = incidents = 0
    for now_s, event in events_of(story()):
        incidents += event.phase == "opened"
        news = AlertNews(
            event_id=event.event_id, kind=event.kind, phase=event.phase, severity=event.severity, status=event.status,
            muted=False, at_s=now_s,
        )  # fmt: skip
        loudness = book.decide(news, rules)
        silent += loudness is Loudness.PASSIVE
        if loudness not in (None, Loudness.PASSIVE):
            rings[event.kind.value] += 1
    print(
        f"\n{NIGHT_H} h of the demo: {incidents} incidents, {rings.total()} rings {dict(rings)},"
        f" {silent} silent updates, {rings.total() / NIGHT_H:.1f} rings an hour"
    )
    assert incidents > 0
    assert rings["crying"] >= 1, "a child that cries is told"
    assert rings.total() <= MOST_RINGS_AN_HOUR * NIGHT_H
