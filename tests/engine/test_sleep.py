"""Asleep, awake, away: transitions near the truth, sessions, restart, correction."""

from datetime import UTC, datetime, timedelta
import json
import random

import pytest

from custom_components.cradlewatch.engine.models import EventKind, Reading, Sleep
from custom_components.cradlewatch.engine.sleep import SleepMachine, SleepSettings
from custom_components.cradlewatch.engine.sleep_sessions import summarise

START = datetime(2026, 11, 24, 19, 0, tzinfo=UTC)


class Night:
    """Feeds readings, one a second: awake moves most of the time, asleep twitches."""

    def __init__(self, machine, *, at=START, seed=1):
        self.machine, self.at, self.s = machine, at, 1000.0
        self.random = random.Random(seed)
        self.told = []
        self.stir_until_s = 0.0

    def feed(self, minutes, *, moves, **reading):
        for _ in range(int(minutes * 60)):
            self.s += 1
            self.at += timedelta(seconds=1)
            seen = Reading(at_s=self.s, motion=moves(self), **({"occupancy": True} | reading))
            self.told += [(signal.kind, self.at) for signal in self.machine.on_reading(seen, self.at)]

    def awake(self, minutes, **reading):
        self.feed(minutes, moves=lambda night: night.random.random() < 0.8, **reading)

    def sleeps(self, minutes, **reading):
        def twitches(night):
            if night.random.random() < 1 / 400:
                night.stir_until_s = night.s + night.random.uniform(2, 6)
            return night.s < night.stir_until_s

        self.feed(minutes, moves=twitches, **reading)


@pytest.mark.parametrize(("moving_s", "wakes"), [(30, False), (32, True)])
def test_a_waking_is_movement_through_more_than_half_of_a_minute(moving_s, wakes):
    """A restless sleeper may stir through just half of one, in parts, and sleeps on."""
    night = Night(SleepMachine())
    night.awake(5)
    night.feed(10, moves=lambda _: False)
    parts = (10, 10, moving_s - 20)
    for part_s in parts:
        night.feed(part_s / 60, moves=lambda _: True)
        night.feed(7 / 60, moves=lambda _: False)
    assert (EventKind.WOKE_UP in [kind for kind, _ in night.told]) is wakes


@pytest.mark.parametrize("seed", range(5))
def test_transitions_within_three_minutes_and_their_times_nearer_still(seed):
    night = Night(SleepMachine(), seed=seed)
    night.awake(15)
    asleep_at = night.at
    night.sleeps(60)
    assert night.machine.since_at is not None
    assert abs(night.machine.since_at - asleep_at) < timedelta(minutes=1)
    woke_at = night.at
    night.awake(10)
    (first, first_at), (second, second_at) = night.told
    assert (first, second) == (EventKind.FELL_ASLEEP, EventKind.WOKE_UP)
    assert timedelta(0) < first_at - asleep_at <= timedelta(minutes=3)
    assert timedelta(0) < second_at - woke_at <= timedelta(minutes=3)
    assert night.machine.state is Sleep.AWAKE


def test_unknown_until_it_is_known_and_never_asleep_in_an_empty_bed():
    machine = SleepMachine()
    night = Night(machine)
    night.sleeps(20, occupancy=None)
    assert machine.state is None
    night.sleeps(20, occupancy=False)
    assert machine.state is Sleep.AWAY
    assert machine.sessions == ()
    assert night.told == []


def test_a_child_that_slept_when_monitoring_began_did_not_fall_asleep_now():
    night = Night(SleepMachine())
    night.feed(10, moves=lambda _night: False)
    assert night.machine.state is Sleep.ASLEEP
    assert night.told == []


def test_crying_without_movement_is_a_waking():
    night = Night(SleepMachine())
    night.awake(5)
    night.sleeps(30)
    night.feed(1, moves=lambda _night: False, crying=True)
    assert night.machine.state is Sleep.AWAKE


def test_sessions_with_wakings_and_longest_stretch():
    night = Night(SleepMachine())
    night.awake(10)
    night.sleeps(60)
    night.awake(10)
    night.sleeps(90)
    night.awake(40)
    [session] = night.machine.sessions
    assert session.wakings == 1
    assert session.end_at is not None
    now_at = night.at
    assert abs(session.longest(now_at) - timedelta(minutes=90)) < timedelta(minutes=3)
    assert abs(session.asleep(now_at) - timedelta(minutes=150)) < timedelta(minutes=5)
    midnight = START + timedelta(minutes=60)
    today = summarise(night.machine.sessions, midnight, now_at, now_at)
    before = summarise(night.machine.sessions, START, midnight, now_at)
    assert abs(today.asleep + before.asleep - session.asleep(now_at)) < timedelta(seconds=1)
    assert (before.wakings, before.sessions) == (0, 1)


def test_a_restart_in_the_middle_of_the_night_loses_nothing():
    night = Night(SleepMachine())
    night.awake(10)
    night.sleeps(60)
    saved = json.loads(json.dumps(night.machine.dump()))
    machine = SleepMachine()
    assert machine.restore(saved, night.at + timedelta(minutes=2))
    assert machine.state is Sleep.ASLEEP
    assert machine.sessions == night.machine.sessions
    later = Night(machine, at=night.at + timedelta(minutes=2))
    later.sleeps(30)
    assert later.told == []
    [session] = machine.sessions
    assert session.wakings == 0
    assert abs(session.asleep(later.at) - timedelta(minutes=92)) < timedelta(minutes=3)


def test_an_old_or_unreadable_dump_is_not_the_present():
    night = Night(SleepMachine())
    night.awake(10)
    night.sleeps(30)
    saved = night.machine.dump()
    machine = SleepMachine()
    assert machine.restore(saved, night.at + timedelta(hours=3))
    assert machine.state is None
    [session] = machine.sessions
    assert session.asleep(night.at + timedelta(hours=3)) < timedelta(minutes=35)
    for broken in (
        {},
        {"version": 2},
        saved | {"state": "dreaming"},
        saved | {"sessions": [{}]},
        saved | {"since_at": "x"},
    ):
        fresh = SleepMachine()
        assert not fresh.restore(broken, night.at)
        assert fresh.sessions == ()


def test_what_nobody_saw_for_long_is_not_known():
    night = Night(SleepMachine())
    night.awake(5)
    night.sleeps(30)
    night.machine.tick(night.s + 300, night.at + timedelta(seconds=300))
    assert night.machine.state is Sleep.ASLEEP
    night.machine.tick(night.s + 700, night.at + timedelta(seconds=700))
    assert night.machine.state is None


def test_a_covered_lens_is_not_sleep():
    night = Night(SleepMachine())
    night.awake(5)
    night.feed(15, moves=lambda _night: False, lens_covered=True, visible=False)
    assert night.machine.state is None


def test_leaving_the_bed_ends_sleep_and_a_person_can_correct():
    night = Night(SleepMachine())
    night.awake(5)
    night.sleeps(30)
    night.sleeps(5, occupancy=False)
    assert night.machine.state is Sleep.AWAY
    night.sleeps(1)
    since = night.at - timedelta(minutes=20)
    night.machine.correct(Sleep.AWAKE, since, night.s)
    assert (night.machine.state, night.machine.since_at) == (Sleep.AWAKE, since)
    night.machine.correct(Sleep.ASLEEP, night.at, night.s)
    assert night.machine.state is Sleep.ASLEEP
    assert night.machine.sessions[-1].asleep_since_at == night.at


def test_settings_are_checked():
    with pytest.raises(ValueError, match="quiet_s"):
        SleepSettings(quiet_s=0)
    with pytest.raises(ValueError, match="quiet_share"):
        SleepSettings(quiet_share=0.6, wake_share=0.5)


def _night_with_a_waking() -> Night:
    night = Night(SleepMachine())
    night.awake(5)
    night.sleeps(60)
    night.awake(5)
    night.sleeps(60)
    assert [session.wakings for session in night.machine.sessions] == [1]
    return night


def test_a_correction_rewrites_what_was_noted_since():
    night = _night_with_a_waking()
    began = night.machine.sessions[0].start_at
    night.machine.correct(Sleep.ASLEEP, began + timedelta(minutes=30), night.s, night.at)
    assert len(night.machine.sessions) == 1
    assert night.machine.sessions[0].wakings == 0, "the parent saw no waking"
    assert night.machine.sessions[0].asleep_since_at == began

    night.machine.correct(Sleep.AWAKE, began + timedelta(minutes=40), night.s, night.at)
    assert night.machine.sessions[0].spans(night.at) == ((began, began + timedelta(minutes=40)),)
    assert night.machine.sessions[0].asleep_since_at is None

    night.machine.correct(Sleep.AWAKE, began - timedelta(minutes=1), night.s, night.at)
    assert night.machine.sessions == ()


def test_a_correction_between_two_stretches_drops_the_later_one():
    night = _night_with_a_waking()
    first_end = night.machine.sessions[0].stretches[0][1]
    night.machine.correct(Sleep.AWAKE, first_end + timedelta(seconds=30), night.s, night.at)
    assert night.machine.sessions[0].asleep_since_at is None
    assert [end for _, end in night.machine.sessions[0].spans(night.at)] == [first_end]


def test_away_by_a_person_stands_for_a_minute_against_the_detector():
    night = _night_with_a_waking()
    night.machine.correct(Sleep.AWAY, night.at, night.s, night.at)
    night.sleeps(0.5)
    assert night.machine.state is Sleep.AWAY
    night.sleeps(1)
    assert night.machine.state is None


def test_a_correction_survives_a_restart():
    night = _night_with_a_waking()
    since = night.at - timedelta(minutes=90)
    night.machine.correct(Sleep.ASLEEP, since, night.s, night.at)
    again = SleepMachine()
    assert again.restore(night.machine.dump(), night.at + timedelta(minutes=2))
    assert again.state is Sleep.ASLEEP
    assert again.sessions == night.machine.sessions
