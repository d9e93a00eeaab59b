"""Whole nights of many kinds: told within three minutes of the truth, and no waking that was none."""

from datetime import timedelta

import pytest

from custom_components.cradlewatch.engine.models import Sleep
from tests.corpus.nights import KINDS, LATEST, Night, naps, restless, taken_out


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_of_night_is_told_within_three_minutes(kind, seed):
    night = Night(seed)
    kind(night)
    night.check()


@pytest.mark.parametrize("seed", [504, 529])
def test_a_restless_child_that_stirs_through_half_a_minute_of_one_sleeps_on(seed):
    night = Night(seed)
    restless(night)
    night.check()


def test_a_visit_is_no_sleep_either():
    """A parent sits by the crib with a child that lies still: not known, and said as that."""
    night = Night(1)
    night.awake(3)
    night.read(10, lambda: True, visitor=True)
    assert night.machine.state is Sleep.AWAKE
    night.sleeps(4)
    assert night.machine.state is Sleep.ASLEEP


def test_two_naps_are_two_sessions():
    night = Night(2)
    naps(night)
    assert [session.wakings for session in night.machine.sessions] == [0, 0]


def test_the_night_of_the_change_to_winter_time_has_an_hour_more():
    """Times are kept in UTC: sums over the repeated hour are right (01:00 UTC on 25 October 2026 in Europe)."""
    night = Night(3)
    night.awake(10)
    night.falls_asleep(9 * 60)
    [session] = night.machine.sessions
    assert abs(session.asleep(night.at) - timedelta(hours=9)) < LATEST


def test_a_quiet_child_that_is_awake_looks_asleep():
    """Stated as what it is: only movement and crying are known. One that moves a little now and then is not asleep."""
    night = Night(4)
    night.awake(20, share=0.3)
    assert night.machine.state is not Sleep.ASLEEP
    night.read(5, lambda: False)
    assert night.machine.state is Sleep.ASLEEP


def test_a_child_that_is_carried_out_asleep_is_away():
    night = Night(5)
    taken_out(night)
    assert night.machine.state is Sleep.AWAY
    [session] = night.machine.sessions
    assert abs(session.asleep(night.at) - timedelta(minutes=100)) < LATEST
