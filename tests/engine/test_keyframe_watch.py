"""Keyframes that differ by themselves, and those in which something has moved."""

import numpy as np
import pytest

from custom_components.cradlewatch.engine.keyframe_watch import KeyframeWatch
from tests.corpus import rooms
from tests.corpus.rooms import Gray
from tests.corpus.sensors import clock

EVERY_S = 2.0


def pictures(seed: int, count: int, *, noise: float = 2.0, shows_time: bool = False) -> list[Gray]:
    """Keyframes of a still room."""
    rng = np.random.default_rng(seed)
    camera = rooms.Camera(rng, read_noise=noise, marks=clock(rng) if shows_time else None)
    scene = rooms.room(rng)
    return [camera.take(scene, EVERY_S * index) for index in range(count)]


def with_body(gray: Gray, side_px: int, gray_levels: int) -> Gray:
    """The picture with something in its middle that was not there."""
    changed = gray.astype(np.int16)
    changed[84 : 84 + side_px, 150 : 150 + side_px] -= gray_levels
    return np.clip(changed, 0, 255).astype(np.uint8)


def alarms(watch: KeyframeWatch, grays: list[Gray], *, calm: bool = True) -> list[bool]:
    found = []
    for gray in grays:
        found.append(watch.differs(gray))
        watch.looked(gray, calm=calm)
    return found


@pytest.mark.parametrize("noise", [0.5, 2.0, 6.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_noise_is_no_change_and_a_body_is(seed: int, noise: float) -> None:
    watch = KeyframeWatch()
    *still, last = pictures(seed, 60, noise=noise)
    assert not any(alarms(watch, still))
    assert watch.differs(with_body(last, 12, 25))


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_clock_is_learned_in_its_place_and_hides_nothing_elsewhere(seed: int) -> None:
    watch = KeyframeWatch()
    *still, last = pictures(seed, 180, shows_time=True)
    found = alarms(watch, still)
    # The first turns of its minutes are news; six minutes hold six of them.
    assert sum(found[45:]) <= 2
    assert not watch.differs(last)
    assert watch.differs(with_body(last, 12, 25))


def test_what_moved_is_not_learned() -> None:
    watch = KeyframeWatch()
    still = pictures(6, 40)
    alarms(watch, still[:20])
    moving = [with_body(gray, 12, 25 * (index % 2)) for index, gray in enumerate(still[20:])]
    assert all(alarms(watch, moving, calm=False)[1:])


def test_the_first_picture_and_one_of_another_size_tell_nothing() -> None:
    watch = KeyframeWatch()
    gray = pictures(7, 1)[0]
    assert not watch.differs(gray)
    watch.looked(gray, calm=True)
    assert not watch.differs(np.zeros((90, 160), np.uint8))
    watch.forget()
    assert not watch.differs(with_body(gray, 40, 90))
