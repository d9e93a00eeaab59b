"""What a phone is told of an incident, and how loudly. A book for one phone and one crib; pure, without a clock."""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from .models import EventKind, Phase, Severity, Status

_REMEMBERED = 128
USUAL_KINDS = frozenset(
    {
        *(EventKind.CRYING, EventKind.WOKE_UP, EventKind.OUT_OF_VIEW, EventKind.FACE_COVERED, EventKind.ON_STOMACH),
        *(EventKind.CLIMBING, EventKind.HAZARD, EventKind.LENS_COVERED, EventKind.CAMERA_LOST, EventKind.CAMERA_BACK),
        *(EventKind.CONFIDENCE_LOW, EventKind.AI_UNAVAILABLE, EventKind.BUDGET_SPENT, EventKind.TEST),
    }
)
"""Told where the parent chose nothing else; the notification blueprint has the same."""

OF_THE_WATCH = frozenset(
    {
        *(EventKind.CAMERA_LOST, EventKind.CAMERA_BACK, EventKind.CONFIDENCE_LOW),
        *(EventKind.AI_UNAVAILABLE, EventKind.BUDGET_SPENT, EventKind.TEST),
    }
)
"""How well it is watched, not what the child does: no quiet time holds that back, and no parent can call it wrong."""


class Loudness(StrEnum):
    """How a phone shows it; the values are Apple's interruption levels."""

    CRITICAL = "critical"
    """Through silent mode, where the phone allows it."""
    TIME_SENSITIVE = "time-sensitive"
    ACTIVE = "active"
    PASSIVE = "passive"
    """Without a sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """What one phone is told. Anything of at least `least` is told whatever its kind."""

    kinds: frozenset[EventKind] = USUAL_KINDS
    least: Severity = Severity.WARNING
    cooldown_s: float = 300.0
    """After one that was told, a new incident that is no more serious waits for this long. Danger never waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """One change of one incident."""

    event_id: str
    kind: EventKind
    phase: Phase
    severity: Severity
    status: Status
    muted: bool
    at_s: float
    """Monotonic."""

    @property
    def dismissed(self) -> bool:
        """The model looked and saw nothing of it."""
        return self.status is Status.DISMISSED

    @property
    def danger(self) -> bool:
        """Must be looked at now."""
        return self.severity is Severity.DANGER and not self.dismissed


class AlertBook:
    """Remembers what the phone was told, so that a verdict updates that notification and nothing rings twice."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[Status, Severity]] = OrderedDict()
        self._told: OrderedDict[str, Severity] = OrderedDict()
        self._last_s = float("-inf")
        self._last_rank = 0

    def told(self, event_id: str) -> bool:
        """Does the phone show this incident?"""
        return event_id in self._told

    def decide(self, news: AlertNews, rules: AlertRules, *, hushed: bool = False) -> Loudness | None:
        """How the phone is told of `news`; None where it is not. `hushed`: somebody is with the child."""
        stood = self._seen.get(news.event_id)
        self._note(self._seen, news.event_id, (news.status, news.severity))
        if news.phase is Phase.ENDED or stood == (news.status, news.severity):
            return None
        if self.told(news.event_id):
            self._note(self._told, news.event_id, news.severity)
            return Loudness.CRITICAL if news.danger else Loudness.PASSIVE
        if not self._new_is_told(news, rules):
            return None
        self._note(self._told, news.event_id, news.severity)
        self._last_s, self._last_rank = news.at_s, news.severity.rank
        return self._loudness(news, hushed=hushed)

    def _new_is_told(self, news: AlertNews, rules: AlertRules) -> bool:
        if news.dismissed or not (news.kind in rules.kinds or news.severity.rank >= rules.least.rank):
            return False
        if news.danger:
            return True
        resting = news.at_s - self._last_s < rules.cooldown_s and news.severity.rank <= self._last_rank
        return not news.muted and (not resting or news.kind in OF_THE_WATCH)

    @staticmethod
    def _loudness(news: AlertNews, *, hushed: bool) -> Loudness:
        if news.danger:
            return Loudness.CRITICAL
        if hushed or news.severity is Severity.SAFE:
            return Loudness.PASSIVE
        return Loudness.TIME_SENSITIVE if news.severity.rank >= Severity.WARNING.rank else Loudness.ACTIVE

    @staticmethod
    def _note[T](memory: OrderedDict[str, T], event_id: str, value: T) -> None:
        memory[event_id] = value
        memory.move_to_end(event_id)
        while len(memory) > _REMEMBERED:
            memory.popitem(last=False)
