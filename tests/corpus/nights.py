"""Whole nights of many kinds: what a child does, what was told of it, and the truth. Read every two seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import random

from custom_components.cradlewatch.engine.models import EventKind, Reading
from custom_components.cradlewatch.engine.sleep import SleepMachine

START = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
STEP_S = 2.0
LATEST = timedelta(minutes=3)
"""The goal: told so long after it happened, at most."""


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
        assert all(timedelta() <= delay <= LATEST for delay in self.delays())

    def delays(self) -> list[timedelta]:
        """Of each true transition that was told, in order: how long after it; what was invented does not count."""
        left, found = list(self.told), []
        for kind, true_at in self.truth:
            match = next((item for item in left if item[0] is kind and item[1] >= true_at), None)
            if match is not None:
                left.remove(match)
                found.append(match[1] - true_at)
        return found


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


def long_wake(night: Night) -> None:
    """Awake in the crib for three quarters of an hour, with calm spells of a minute."""
    night.awake(10)
    night.falls_asleep(90)
    night.wakes(10)
    for _ in range(6):
        night.read(1, lambda: False)
        night.awake(5)
    night.falls_asleep(90)
    night.wakes(10)


def taken_out(night: Night) -> None:
    """A sleeping child is carried to the parents' bed and stays there: no waking was seen, and none is told."""
    night.awake(10)
    night.falls_asleep(100)
    night.read(1, lambda: True, visitor=True)
    night.read(200, lambda: False, occupancy=False)


def parents_bed_and_back(night: Night) -> None:
    """Carried out asleep, brought back asleep: it stirs, and sleeps on; falling asleep is told again."""
    night.awake(10)
    night.falls_asleep(100)
    night.read(1, lambda: True, visitor=True)
    night.read(40, lambda: False, occupancy=False)
    night.read(1, lambda: True, visitor=True)
    night.awake(1)
    night.falls_asleep(60)


KINDS = (
    plain, restless, whimpers, visited, fed_elsewhere, naps, camera_lost, lens_and_infrared, clock_set_back, long_wake,
    taken_out, parents_bed_and_back,
)  # fmt: skip
