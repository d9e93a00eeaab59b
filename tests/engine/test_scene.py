"""Can anything be seen: covered, dark, moved, frozen, and what is none of it."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import EventKind
from tests.engine.senses_help import EPOCH_S, both_backends, make_senses, shoot, spans_of, times_of, watch

SCENE = (EventKind.LENS_COVERED, EventKind.TOO_DARK, EventKind.CAMERA_MOVED, EventKind.PICTURE_FROZEN)


def covered_with(level: float, slope: float, noise: float, shot: list, start_s: float, end_s: float) -> list:
    rng = np.random.default_rng(9)
    glow = np.linspace(0, slope, 320)[None, :]
    cloth = [
        (np.clip(level + glow + noise * rng.standard_normal((180, 320)), 0, 255)).astype(np.uint8)
        for _ in range(len(shot))
    ]
    return [(t_s, cloth[i] if start_s <= t_s < end_s else gray) for i, (t_s, gray) in enumerate(shot)]


@both_backends
@pytest.mark.parametrize(("level", "slope", "noise"), [(16, 0, 0), (20, 6, 2), (120, 15, 3), (60, 4, 2)])
def test_a_covered_lens_is_told_within_three_seconds(backend, level, slope, noise, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = covered_with(level, slope, noise, shoot(3, duration_s=26), 10, 18)
    signals = watch(senses, shot)
    [(on_s, off_s)] = spans_of(signals, EventKind.LENS_COVERED)
    assert 10 <= on_s <= 13
    assert off_s is not None
    assert 18 <= off_s <= 20
    assert times_of(signals, EventKind.MOTION) == []


@both_backends
def test_what_is_not_seen_is_not_called_visible(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, covered_with(16, 0, 0, shoot(3, duration_s=16), 10, 99))
    reading = senses.reading(EPOCH_S + 16)
    assert reading.lens_covered
    assert not reading.visible
    assert reading.occupancy is None
    assert reading.micro_motion is None


@both_backends
def test_a_dark_room_is_dark_and_not_covered(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    signals = watch(senses, shoot(3, duration_s=26, light=lambda t_s: 0.06 if 10 <= t_s < 18 else 1.0))
    [(on_s, off_s)] = spans_of(signals, EventKind.TOO_DARK)
    assert 10 <= on_s <= 15
    assert off_s is not None
    assert off_s <= 21
    assert times_of(signals, EventKind.LENS_COVERED) == []


@both_backends
def test_a_frozen_picture_is_told_and_its_end_too(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = shoot(3, duration_s=36)
    signals = watch(senses, [(t_s, shot[50][1] if 10 <= t_s < 28 else gray) for t_s, gray in shot])
    [(on_s, off_s)] = spans_of(signals, EventKind.PICTURE_FROZEN)
    assert 19 <= on_s <= 22
    assert off_s == 28.0


@both_backends
@pytest.mark.parametrize("shift", [(7.0, 3.0), (-9.0, 5.0)])
def test_a_knocked_camera_is_told_once(backend, shift, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    signals = watch(senses, shoot(3, duration_s=30, shift=lambda t_s: shift if t_s >= 10 else (0.0, 0.0)))
    [at_s] = times_of(signals, EventKind.CAMERA_MOVED)
    assert 10 < at_s <= 16
    assert all(signal.momentary for signal in signals if signal.kind is EventKind.CAMERA_MOVED)


@both_backends
@pytest.mark.parametrize(
    "camera",
    [
        {},
        {"light": lambda t_s: 0.45 if 8 <= t_s < 16 else 1.0},
        {"infrared": lambda t_s: 8 <= t_s < 16},
        {
            "shift": lambda t_s: (
                (5 * float(np.sin(17 * t_s)), 4 * float(np.sin(29 * t_s))) if 8 <= t_s < 16 else (0.0, 0.0)
            )
        },
    ],
    ids=["still", "lamp", "infrared", "shake"],
)
def test_lamps_infrared_and_shakes_are_no_scene_events(backend, camera, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    signals = watch(senses, shoot(8, duration_s=26, **camera))
    assert [signal.kind for signal in signals if signal.kind in SCENE] == []


@both_backends
def test_close_ends_scene_incidents(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, covered_with(16, 0, 0, shoot(3, duration_s=16), 10, 99))
    ended = senses.close(EPOCH_S + 17)
    assert [signal.kind for signal in ended] == [EventKind.LENS_COVERED]
    assert not ended[0].active
