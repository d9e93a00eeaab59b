"""The output timeline: monotone and without holes, whatever the camera's clock does."""

from itertools import pairwise
import random

from custom_components.cradlewatch.engine.timeline import START_S, Timeline


def run(timeline: Timeline, times: list[float]) -> list[float]:
    return [timeline.video(at_s) for at_s in times]


def steady(count: int, begin_s: float = 0.0, fps: float = 30) -> list[float]:
    return [begin_s + index / fps for index in range(count)]


def test_starts_late_enough_for_33_bits() -> None:
    out = run(Timeline(), steady(3, begin_s=-1.0))
    assert out[0] == START_S
    assert abs(out[1] - START_S - 1 / 30) < 1e-6


def test_reconnect_follows_on_without_a_hole() -> None:
    timeline = Timeline()
    first = run(timeline, steady(90))
    timeline.source_reopened()
    second = run(timeline, steady(90, begin_s=50_000))
    assert 0 < second[0] - first[-1] < 0.1
    assert all(b > a for a, b in pairwise(first + second))


def test_clock_set_back_and_forward_by_an_hour() -> None:
    timeline = Timeline()
    out = run(timeline, steady(60, 10_000) + steady(60, 6_400) + steady(60, 13_600))
    assert timeline.counts.video_jumps == 2
    steps = [b - a for a, b in pairwise(out)]
    assert min(steps) > 0
    assert max(steps) < 0.1


def test_slow_camera_is_not_a_jump() -> None:
    timeline = Timeline()
    out = run(timeline, steady(30, fps=1))
    assert timeline.counts.video_jumps == 0
    assert abs(out[-1] - out[0] - 29) < 1e-6


def test_jitter_and_doubles_stay_monotone() -> None:
    rng = random.Random(7)
    timeline = Timeline()
    out = run(timeline, [at_s + rng.uniform(-0.03, 0.03) for at_s in steady(600)] + [19.9, 19.9, 19.9])
    assert all(b > a for a, b in pairwise(out))
    assert timeline.counts.timestamps_mended > 0


def test_sound_keeps_its_place_beside_the_picture() -> None:
    timeline = Timeline()
    assert timeline.audio(5.0) is None  # no picture yet
    out = timeline.video(5.0)
    heard = timeline.audio(5.2)
    assert heard is not None
    assert abs(heard - out - 0.2) < 1e-6


def test_sound_of_the_old_clock_is_dropped_after_a_jump() -> None:
    timeline = Timeline()
    run(timeline, steady(60, 10_000))
    timeline.audio(10_001.9)
    timeline.video(6_400)
    assert timeline.audio(10_002.0) is None
    assert timeline.audio(6_400.01) is not None
    assert timeline.counts.audio_dropped == 1


def test_sound_with_a_clock_of_its_own_is_aligned_in_the_end() -> None:
    timeline = Timeline()
    heard = []
    for index in range(300):
        timeline.video(index / 30)
        heard.append(timeline.audio(900 + index / 30))
    kept = [at_s for at_s in heard if at_s is not None]
    assert len(kept) > 250
    assert timeline.counts.audio_resyncs == 1
    assert timeline.video_out_s is not None
    assert abs(kept[-1] - timeline.video_out_s) < 0.1
