"""Pictures of a window: few while nothing happens, never fewer around an incident."""

import itertools

import pytest

from custom_components.cradlewatch.engine.models import Activity, Sleep
from custom_components.cradlewatch.engine.windows.pace import Pace, pace_of


@pytest.mark.parametrize(
    ("sleep", "activity", "occupancy", "sounds", "expected"),
    [
        (Sleep.ASLEEP, Activity.STILL, True, False, Pace.IDLE),
        (Sleep.AWAY, Activity.STILL, None, False, Pace.IDLE),
        (None, Activity.STILL, False, False, Pace.IDLE),
        (Sleep.AWAKE, Activity.STILL, True, False, Pace.QUIET),
        (None, Activity.STILL, None, False, Pace.QUIET),
        (Sleep.AWAKE, Activity.CALM, True, False, Pace.CALM),
        (Sleep.ASLEEP, Activity.CALM, True, False, Pace.CALM),
        (Sleep.AWAKE, Activity.MODERATE, True, False, Pace.NORMAL),
        (Sleep.ASLEEP, Activity.ACTIVE, True, False, Pace.NORMAL),
        # A sound in a still picture, and a picture of which nothing is known (covered, dark, not live).
        (Sleep.ASLEEP, Activity.STILL, True, True, Pace.NORMAL),
        (Sleep.ASLEEP, None, None, False, Pace.NORMAL),
    ],
)
def test_table(
    sleep: Sleep | None, activity: Activity | None, occupancy: bool | None, sounds: bool, expected: Pace
) -> None:
    found = pace_of(sleep=sleep, activity=activity, occupancy=occupancy, sounds=sounds, incident=False)
    assert found is expected


def test_an_incident_is_seen_twice_a_second_whatever_else_is_known() -> None:
    states = itertools.product((None, *Sleep), (None, *Activity), (None, True, False), (True, False))
    for sleep, activity, occupancy, sounds in states:
        assert (
            pace_of(sleep=sleep, activity=activity, occupancy=occupancy, sounds=sounds, incident=True) is Pace.INCIDENT
        )


def test_a_slow_pace_never_delays_the_first_picture_of_an_incident() -> None:
    assert all(pace.offer_s <= 1.0 for pace in Pace)
    assert all(pace.offer_s <= pace.value for pace in Pace)
