"""Whole nights of many kinds: told within three minutes of the truth, and no waking that was none."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import random

import pytest

from custom_components.cradlewatch.engine.models import EventKind, Reading, Sleep
from custom_components.cradlewatch.engine.sleep import SleepMachine

START = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
STEP_S = 2.0
LATEST = timedelta(minutes=3)


@dataclass
class Night:
    """A child with its own restlessness, read every two seconds; notes the truth and what was told."""

    seed: int
    twitch_every_s: float = 400
    """A sleeping child stirs so often, for two to six seconds."""
    machine: SleepMachine = field(default_factory=SleepMachine)
    at: datetime = START
    s: float = 1000.0
    told: list[tuple[EventKind, datetime]] = field(default_factory=list)
    truth: list[tuple[EventKind, datetime]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def read(self, minutes: float, moves: Callable[[], bool], **seen: object) -> None:
        for _ in range(int(minutes * 60 / STEP_S)):
            self.pass_time()
            reading = Reading(at_s=self.s, motion=moves(), **({"occupancy": True} | seen))
            self.told += [(signal.kind, self.at) for signal in self.machine.on_reading(reading, self.at)]

    def pass_time(self, step_s: float = STEP_S) -> None:
        self.s += step_s
        self.at += timedelta(seconds=step_s)

    def awake(self, minutes: float, share: float = 0.75, **seen: object) -> None:
        self.read(minutes, lambda: self.random.random() < share, **seen)

    def wakes(self, minutes: float, **seen: object) -> None:
        self.truth.append((EventKind.WOKE_UP, self.at))
        self.awake(minutes, **seen)

    def falls_asleep(self, minutes: float, **seen: object) -> None:
        self.truth.append((EventKind.FELL_ASLEEP, self.at))
        self.sleeps(minutes, **seen)

    def sleeps(self, minutes: float, **seen: object) -> None:
        until = [0.0]

        def stirs() -> bool:
            if self.random.random() < STEP_S / self.twitch_every_s:
                until[0] = self.s + self.random.uniform(2, 6)
            return self.s < until[0]

        self.read(minutes, stirs, **seen)

    def check(self) -> None:
        assert [kind for kind, _ in self.told] == [kind for kind, _ in self.truth]
        for (_, told_at), (_, true_at) in zip(self.told, self.truth, strict=True):
            assert timedelta() <= told_at - true_at <= LATEST


def plain(night: Night) -> None:
    night.awake(20)
    night.falls_asleep(150)
    night.wakes(10)
    night.falls_asleep(120)
    night.wakes(15)


def restless(night: Night) -> None:
    """In active sleep an infant stirs every two minutes, and now and then for fifteen seconds."""
    night.twitch_every_s = 120
    night.awake(10)
    night.falls_asleep(4)
    for _ in range(8):
        night.read(0.25, lambda: True)
        night.sleeps(12)
    night.wakes(10)


def whimpers(night: Night) -> None:
    """A short cry in sleep is no waking."""
    night.awake(10)
    night.falls_asleep(30)
    night.read(0.2, lambda: False, crying=True)
    night.sleeps(30)
    night.truth.append((EventKind.WOKE_UP, night.at))
    night.read(3, lambda: False, crying=True)


def visited(night: Night) -> None:
    """A parent comes in, bends over the crib, tucks in, leaves: the child sleeps on."""
    night.awake(10)
    night.falls_asleep(40)
    night.read(2.5, lambda: True, visitor=True)
    night.sleeps(40)
    night.wakes(10)


def fed_elsewhere(night: Night) -> None:
    """Wakes, cries, is taken out for half an hour, comes back and sleeps on after a while."""
    night.awake(10)
    night.falls_asleep(90)
    night.wakes(4, crying=True)
    night.read(1, lambda: True, visitor=True)
    night.read(20, lambda: False, occupancy=False)
    night.awake(3)
    night.falls_asleep(60)


def naps(night: Night) -> None:
    """Two naps with the crib empty for hours between them: two sessions."""
    night.awake(5)
    night.falls_asleep(40)
    night.wakes(5)
    night.read(90, lambda: False, occupancy=False)
    night.awake(5)
    night.falls_asleep(35)
    night.wakes(5)


def camera_lost(night: Night) -> None:
    """Five minutes without a picture change nothing."""
    night.awake(10)
    night.falls_asleep(60)
    for _ in range(150):
        night.pass_time()
        assert night.machine.tick(night.s, night.at) == ()
    night.sleeps(60)
    night.wakes(10)


def lens_and_infrared(night: Night) -> None:
    """The infrared light switches, the picture is dark or not to be judged for a minute."""
    night.awake(10)
    night.falls_asleep(60)
    night.read(1, lambda: False, visible=False, too_dark=True, occupancy=None, infrared=True)
    night.sleeps(60, infrared=True)
    night.wakes(10)


def clock_set_back(night: Night) -> None:
    """The computer's clock is set back by an hour in the middle of the night, and on again."""
    night.awake(10)
    night.falls_asleep(60)
    night.at -= timedelta(hours=1)
    night.sleeps(5)
    night.at += timedelta(hours=1)
    night.sleeps(60)
    night.wakes(10)


KINDS = (plain, restless, whimpers, visited, fed_elsewhere, naps, camera_lost, lens_and_infrared, clock_set_back)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_of_night_is_told_within_three_minutes(kind, seed):
    night = Night(seed)
    kind(night)
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
