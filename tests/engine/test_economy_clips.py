"""Idle economy on the tests' own films: real H.264 with GOPs, real decoder, real senses, with and without it."""

from collections.abc import Callable, Iterator
import io
from typing import Any

import av
import numpy as np
import pytest

from custom_components.cradlewatch.engine import backlog
from custom_components.cradlewatch.engine.backlog import Backlog
from custom_components.cradlewatch.engine.models import EventKind
from custom_components.cradlewatch.engine.source.types import MediaItem
from tests.corpus import films, rooms, sensors
from tests.engine.economy_help import FPS, encode, watch

MOVES: films.Spans = ((46.0, 49.0), (60.0, 62.0))
"""The first after enough stillness for the economy."""
LASTS_S = 66.0
ALIKE_S = 0.5
"""The detectors look five times a second, and not at the same frames in both runs."""


type Film = Callable[[], Iterator[tuple[float, rooms.Gray]]]


def infant(
    size_px: float,
    *,
    seed: int,
    noise: float,
    infrared: bool = False,
    moves: films.Spans = MOVES,
    lasts_s: float = LASTS_S,
) -> Film:
    def frames() -> Iterator[tuple[float, rooms.Gray]]:
        rng = np.random.default_rng(seed)
        camera = rooms.Camera(rng, read_noise=noise, infrared=lambda _t: infrared)
        bodies = films.infant(np.random.default_rng(seed), moves, size_px=size_px)
        return rooms.film(rng, rooms.room(rng), bodies, camera, lasts_s, fps=FPS)

    return frames


def guest() -> Iterator[tuple[float, rooms.Gray]]:
    rng = np.random.default_rng(6)
    bodies, _ = films.guest(np.random.default_rng(6), (46.0, 58.0), height_px=120)
    return rooms.film(rng, rooms.room(rng), bodies, rooms.Camera(rng, read_noise=2.0), LASTS_S, fps=FPS)


def walker() -> Iterator[tuple[float, rooms.Gray]]:
    rng = np.random.default_rng(5)
    bodies = films.walker(np.random.default_rng(5), MOVES, height_px=90)
    return rooms.film(rng, rooms.room(rng), bodies, rooms.Camera(rng, read_noise=2.0), LASTS_S, fps=FPS)


def clocked(seed: int) -> Iterator[tuple[float, rooms.Gray]]:
    """An infant under a camera that draws the time."""
    rng = np.random.default_rng(seed)
    camera = rooms.Camera(rng, read_noise=1.5, marks=sensors.clock(rng))
    bodies = films.infant(np.random.default_rng(seed), MOVES, size_px=12)
    return rooms.film(rng, rooms.room(rng), bodies, camera, LASTS_S, fps=FPS)


@pytest.mark.parametrize(
    ("film", "gop_s", "crf", "more"),
    [
        (infant(8.0, seed=1, noise=2.0), 2.0, 24, {}),
        (infant(24.0, seed=3, noise=2.0), 1.0, 24, {}),
        (infant(14.0, seed=4, noise=2.0, infrared=True), 1.0, 24, {}),
        (walker, 1.0, 24, {}),
        (guest, 2.0, 34, {}),
        (infant(13.0, seed=33, noise=3.0), 1.0, 26, {}),
        (infant(16.0, seed=34, noise=2.0, infrared=True), 1.0, 0, {"rate": "400k"}),
        (lambda: clocked(35), 2.0, 26, {}),
    ],
    ids=[
        "small infant", "close infant", "infrared", "walker", "guest, strongly compressed",
        "infant in much noise", "infrared, constant rate", "clock in the picture",
    ],
)  # fmt: skip
def test_no_incident_is_missed(film: Film, gop_s: float, crf: int, more: dict[str, Any]) -> None:
    coded = encode(film(), gop_s=gop_s, crf=crf, **more)
    always, sparing = watch(coded, economy=False), watch(coded, economy=True)
    first_s = MOVES[0][0]
    # Sparing indeed: else this would show nothing.
    assert always.skipped == 0
    assert sparing.skipped >= 80
    before = [at_s for at_s in sparing.decoded_s if first_s - 12 < at_s <= first_s]
    assert len(before) < 0.8 * 12 * FPS, "it was hardly ever idle before the movement began"
    # Every incident of the one is one of the other and begins when it began: it is told up to a GOP later.
    assert [kind for kind, _ in sparing.onsets()] == [kind for kind, _ in always.onsets()]
    for (kind, expected_s), (_, found_s) in zip(always.onsets(), sparing.onsets(), strict=True):
        assert abs(found_s - expected_s) <= ALIKE_S, kind
    assert all(late_s <= gop_s + ALIKE_S for late_s in sparing.told_late_s)
    # And every frame again within one GOP of the first sign.
    after = [at_s for at_s in sparing.decoded_s if first_s + gop_s + 0.01 < at_s < first_s + gop_s + 10]
    assert np.diff(after).max() < 1.5 / FPS


@pytest.mark.parametrize(("noise", "crf"), [(0.5, 24), (1.0, 20)], ids=["packets tell", "noise hides it in packets"])
def test_a_movement_shorter_than_a_gop_is_seen_too(noise: float, crf: int) -> None:
    # From just after a keyframe to well before the next: nothing moves in any keyframe.
    moves: films.Spans = ((46.3, 47.3),)
    coded = encode(infant(24.0, seed=3, noise=noise, moves=moves, lasts_s=54.0)(), gop_s=2.0, crf=crf)
    always, sparing = watch(coded, economy=False), watch(coded, economy=True)
    assert sparing.skipped >= 100
    assert [kind for kind, _ in always.onsets()][-2:] == [EventKind.MOTION, EventKind.VISITOR]
    assert [kind for kind, _ in sparing.onsets()] == [kind for kind, _ in always.onsets()]
    for (_, expected_s), (_, found_s) in zip(always.onsets(), sparing.onsets(), strict=True):
        assert abs(found_s - expected_s) <= ALIKE_S


@pytest.mark.parametrize(
    ("camera", "gop_s", "crf", "more"),
    [
        ("white grain", 2.0, 24, {}),
        ("coarse infrared grain", 1.0, 0, {"rate": "300k"}),
        ("clock", 2.0, 26, {}),
    ],
)
def test_a_still_nursery_is_left_alone_whatever_the_coder_does(
    camera: str, gop_s: float, crf: int, more: dict[str, Any]
) -> None:
    rng = np.random.default_rng(91)
    bodies = films.infant(np.random.default_rng(91), (), size_px=14)
    shot = rooms.film(rng, rooms.room(rng), bodies, sensors.CAMERAS[camera](rng), 150.0, fps=FPS)
    sparing = watch(encode(shot, gop_s=gop_s, crf=crf, **more), economy=True)
    after = [at_s for at_s in sparing.decoded_s if at_s >= 40]
    keyframes = 110 / gop_s
    # Beside the keyframes a false alarm or two, of some seconds each.
    assert keyframes - 2 <= len(after) <= keyframes + 0.1 * 110 * FPS


@pytest.mark.parametrize(("crf", "more"), [(28, {}), (0, {"rate": "300k"})], ids=["crf 28", "300 kbit/s"])
def test_strong_noise_between_keyframes_far_apart_is_looked_at_always(crf: int, more: dict[str, Any]) -> None:
    """There a movement of a second shows neither in packets nor, once it is over, in the next keyframe."""
    moves: films.Spans = ((62.7, 64.1),)
    shot = infant(16.0, seed=30001, noise=1.9, infrared=True, moves=moves, lasts_s=70.0)
    coded = encode(shot(), gop_s=2.0, crf=crf, **more)
    always, sparing = watch(coded, economy=False), watch(coded, economy=True)
    assert (EventKind.MOTION, True) in [(kind, at_s > moves[0][0]) for kind, at_s in always.onsets()]
    assert sparing.onsets() == always.onsets()
    assert sparing.skipped == 0
    assert sparing.too_noisy


@pytest.mark.parametrize(
    ("film", "crf", "more"),
    [
        (infant(14.0, seed=4, noise=2.0, infrared=True), 24, {}),
        (infant(16.0, seed=34, noise=2.0, infrared=True), 0, {"rate": "400k"}),
    ],
    ids=["infrared", "infrared, constant rate"],
)
def test_no_incident_of_a_noisy_night_is_missed_or_told_late(film: Film, crf: int, more: dict[str, Any]) -> None:
    coded = encode(film(), gop_s=2.0, crf=crf, **more)
    always, sparing = watch(coded, economy=False), watch(coded, economy=True)
    assert always.onsets()
    assert sparing.onsets() == always.onsets()
    assert all(late_s <= ALIKE_S for late_s in sparing.told_late_s)


def test_a_stream_with_b_frames_is_looked_at_always() -> None:
    coded = encode(infant(10.0, seed=31, noise=2.0)(), gop_s=2.0, crf=28, reorders=True)
    always, sparing = watch(coded, economy=False), watch(coded, economy=True)
    assert sparing.skipped == 0
    assert sparing.woke_s == ()
    assert sparing.onsets() == always.onsets()
    assert [kind for kind, _ in sparing.onsets()].count(EventKind.MOTION) == 2


def test_more_bytes_than_there_is_room_for_are_not_held_but_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    coded = encode(infant(14.0, seed=2, noise=2.0, moves=(), lasts_s=50.0)(), gop_s=2.0, crf=24)
    free = watch(coded, economy=True)
    monkeypatch.setattr(backlog, "_MAX_BYTES", len(coded.data) // 50)
    bounded = watch(coded, economy=True)
    assert free.skipped > 100
    assert bounded.skipped < free.skipped / 4
    assert bounded.onsets() == free.onsets()


def test_every_frame_again_at_once_when_something_sounds() -> None:
    coded = encode(infant(14.0, seed=2, noise=2.0, moves=())(), gop_s=2.0, crf=24)
    sparing = watch(coded, economy=True, noise_s=(46.4, 48.0))
    before = [at_s for at_s in sparing.decoded_s if 40 < at_s < 46]
    assert len(before) <= 4
    after = [at_s for at_s in sparing.decoded_s if 46.01 < at_s < 56]
    assert after[0] < 47
    assert np.diff(after).max() < 1.5 / FPS


def test_a_machine_that_cannot_catch_up_goes_on_at_a_keyframe() -> None:
    now = [0.0]

    def slow() -> float:
        # Every look at the clock finds a whole packet's time gone.
        now[0] += 1 / FPS
        return now[0]

    waiting = Backlog(slow)
    coded = encode(infant(14.0, seed=2, noise=2.0, moves=(), lasts_s=16.0)(), gop_s=2.0, crf=34)
    with av.open(io.BytesIO(coded.data)) as source:
        stream = source.streams.video[0]
        items = [
            MediaItem(stream=stream, packet=packet, is_key=packet.is_keyframe, arrived_s=index / FPS)
            for index, packet in enumerate(source.demux(stream))
            if packet.size
        ]
    for item in items[1:20]:
        waiting.hold(item)
    taken: list[MediaItem] = []
    for count, item in enumerate(items[20:]):
        if waiting.too_long_at(item):
            break
        waiting.hold(item)
        # Two packets come for one that is decoded.
        taken += waiting.within_budget() if count % 2 else ()
    assert taken == items[1 : 1 + len(taken)], "in order, none left out"
    assert item.is_key
    assert item.arrived_s - taken[-1].arrived_s < 8
    assert waiting.clear() > 0
    assert len(waiting) == 0
