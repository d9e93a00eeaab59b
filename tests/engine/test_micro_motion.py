"""Small periodic movement: found where it is, absent where nothing moves."""

from pathlib import Path

import av
import numpy as np
import pytest

from custom_components.cradlewatch.engine.models import EventKind
from tests.corpus import codecs, films, rooms, sensors
from tests.engine.senses_help import EPOCH_S, both_backends, make_senses, shoot, spans_of, watch

INFANT = Path(__file__).resolve().parents[3] / "shared" / "media" / "crib_sleep.mp4"


def chest(amplitude_px: float, rate_hz: float) -> list[rooms.Body]:
    return [
        rooms.Body(
            (20, 13), 120, lambda t_s: (172.0, 125 + amplitude_px * float(np.sin(2 * np.pi * rate_hz * t_s)), 0.3)
        )
    ]


@both_backends
@pytest.mark.parametrize("rate_hz", [0.4, 0.9])
@pytest.mark.parametrize("amplitude_px", [0.5, 1.0])
def test_one_pixel_is_found(backend, rate_hz, amplitude_px, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, shoot(2, chest(amplitude_px, rate_hz), 40))
    reading = senses.reading(EPOCH_S + 39.8)
    assert reading.micro_motion is True
    assert not reading.motion


@both_backends
def test_one_pixel_is_found_through_a_real_encoder(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, films.through_codec(iter(shoot(2, chest(1.0, 0.7), 50)), crf=26))
    assert senses.reading(EPOCH_S + 49.8).micro_motion is True


@both_backends
@pytest.mark.parametrize("rate_hz", [0.47, 0.5, 1.0])
def test_one_pixel_in_the_rhythm_of_the_keyframes_is_found(backend, rate_hz, monkeypatch):
    """A keyframe every two seconds: what the coder does comes again as often as the chest moves."""
    senses = make_senses(backend, monkeypatch)
    watch(senses, films.through_codec(iter(shoot(2, chest(1.0, rate_hz), 40)), crf=28))
    assert senses.reading(EPOCH_S + 39.8).micro_motion is True


@both_backends
@pytest.mark.parametrize("number", [8, 19])
def test_what_a_coder_does_here_and_there_in_the_picture_is_no_child(backend, number, monkeypatch):
    """Fields to and fro at a low rate, a lamp's bands between rare keyframes: cells swing alike, not in one place."""
    kind, coding = {8: ("interlaced", "x264 100 kbit/s, 2 s"), 19: ("rolling flicker", "x264 crf 32, 10 s")}[number]
    rng = np.random.default_rng(80000 + number)
    camera = sensors.CAMERAS[kind](rng)
    senses = make_senses(backend, monkeypatch)
    for index, (t_s, gray) in enumerate(
        codecs.coded(rooms.film(rng, rooms.room(rng), [], camera, 40), codecs.CODINGS[coding])
    ):
        watch(senses, [(t_s, gray)])
        if index % 10 == 9:
            assert senses.reading(EPOCH_S + t_s).micro_motion is not True


@both_backends
@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_still_scene_has_none(backend, coded, seed, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    shot = iter(shoot(seed, chest(0.0, 1.0), 40, read_noise=3.0))
    watch(senses, films.through_codec(shot, crf=28) if coded else shot)
    assert senses.reading(EPOCH_S + 39.8).micro_motion is False


@both_backends
def test_a_flickering_lamp_is_no_child(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, shoot(2, [], 40, light=lambda t_s: 1 + 0.01 * float(np.sin(2 * np.pi * 0.6 * t_s))))
    assert senses.reading(EPOCH_S + 39.8).micro_motion is False


@both_backends
def test_not_known_before_a_whole_window_was_seen(backend, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, shoot(2, chest(1.0, 0.6), 8))
    assert senses.reading(EPOCH_S + 8).micro_motion is None


def drifting(shot):
    """The exposure creeps, in one corner up while in the other down, as a camera's automatic does at night."""
    for t_s, gray in shot:
        across, down = (np.linspace(-1, 1, size) for size in (gray.shape[1], gray.shape[0]))
        creep = 3 * np.sin(2 * np.pi * 0.06 * t_s) + 10 * across[None, :] * np.sin(2 * np.pi * 0.11 * t_s + 1)
        creep = creep + 5 * down[:, None] * np.sin(2 * np.pi * 0.17 * t_s)
        yield t_s, np.clip(gray + creep, 0, 255).astype(np.uint8)


@both_backends
@pytest.mark.parametrize(("amplitude_px", "found"), [(0.5, True), (0.0, False)])
def test_a_creeping_exposure_hides_nothing_and_is_nothing(backend, amplitude_px, found, monkeypatch):
    senses = make_senses(backend, monkeypatch)
    watch(senses, drifting(shoot(2, chest(amplitude_px, 0.55), 40)))
    reading = senses.reading(EPOCH_S + 39.8)
    assert reading.micro_motion is found
    assert not reading.motion


@pytest.mark.skipif(not INFANT.exists(), reason="../shared/media is not there")
@both_backends
def test_a_real_infant_asleep_is_seen_and_does_not_move(backend, monkeypatch):
    """Played to and fro: a loop's cut is a jump that no camera shows."""
    with av.open(str(INFANT)) as container:
        frames = [frame for index, frame in enumerate(container.decode(video=0)) if index % 6 == 0]
        grays = [frame.reformat(320, 320 * frame.height // frame.width, "gray").to_ndarray() for frame in frames]
    senses = make_senses(backend, monkeypatch)
    signals = watch(senses, [(index / 5, gray) for index, gray in enumerate((grays + grays[::-1]) * 2)])
    assert not spans_of(signals, EventKind.MOTION)
    assert senses.reading(EPOCH_S + (4 * len(grays) - 1) / 5).micro_motion is True
