"""One incident, one notification: what rings, what is silent, what is not told at all."""

from typing import Any

import pytest

from custom_components.cradlewatch.engine.alert_rules import AlertBook, AlertNews, AlertRules, Loudness
from custom_components.cradlewatch.engine.models import EventKind, Phase, Severity, Status

RULES = AlertRules()


def news(event_id: str, kind: EventKind = EventKind.CRYING, **more: Any) -> AlertNews:
    fields: dict[str, Any] = {
        "event_id": event_id,
        "kind": kind,
        "phase": Phase.OPENED,
        "severity": Severity.WARNING,
        "status": Status.UNVERIFIED,
        "muted": False,
        "at_s": 1000.0,
    }
    return AlertNews(**(fields | more))


def hazard(phase: Phase, severity: Severity, status: Status, **more: Any) -> AlertNews:
    return news("h", EventKind.FACE_COVERED, phase=phase, severity=severity, status=status, **more)


def test_the_life_of_a_danger() -> None:
    book = AlertBook()
    suspected = hazard(Phase.OPENED, Severity.WARNING, Status.SUSPECTED)
    assert book.decide(suspected, RULES) is Loudness.TIME_SENSITIVE
    assert book.decide(hazard(Phase.UPDATED, Severity.WARNING, Status.SUSPECTED), RULES) is None, "nothing new"
    assert book.decide(hazard(Phase.UPDATED, Severity.DANGER, Status.CONFIRMED), RULES) is Loudness.CRITICAL
    assert book.decide(hazard(Phase.UPDATED, Severity.DANGER, Status.CONFIRMED), RULES) is None, "a clip came"
    assert book.decide(hazard(Phase.UPDATED, Severity.WARNING, Status.DISMISSED), RULES) is Loudness.PASSIVE
    assert book.decide(hazard(Phase.ENDED, Severity.WARNING, Status.DISMISSED), RULES) is None


def test_a_dismissed_one_that_nobody_was_told_of_stays_untold() -> None:
    book = AlertBook()
    motion = news("m", EventKind.MOTION, severity=Severity.INFO, status=Status.SUSPECTED)
    assert book.decide(motion, RULES) is None
    dismissed = news("m", EventKind.MOTION, phase=Phase.UPDATED, severity=Severity.INFO, status=Status.DISMISSED)
    assert book.decide(dismissed, RULES) is None
    assert not book.told("m")


def test_one_that_grows_serious_is_told_then() -> None:
    book = AlertBook()
    assert book.decide(news("m", EventKind.MOTION, severity=Severity.INFO), RULES) is None
    worse = news("m", EventKind.MOTION, phase=Phase.UPDATED, severity=Severity.WARNING)
    assert book.decide(worse, RULES) is Loudness.TIME_SENSITIVE


def test_quiet_time() -> None:
    book, rules = AlertBook(), AlertRules(least=Severity.INFO, cooldown_s=300)
    assert book.decide(news("a", severity=Severity.INFO), rules) is Loudness.ACTIVE
    assert book.decide(news("b", severity=Severity.INFO, at_s=1100), rules) is None
    assert book.decide(news("c", severity=Severity.WARNING, at_s=1110), rules) is Loudness.TIME_SENSITIVE, "worse"
    assert book.decide(news("d", severity=Severity.WARNING, at_s=1120), rules) is None
    assert book.decide(news("e", severity=Severity.DANGER, at_s=1130), rules) is Loudness.CRITICAL
    assert book.decide(news("f", severity=Severity.DANGER, at_s=1131), rules) is Loudness.CRITICAL
    assert book.decide(news("t", EventKind.TEST, severity=Severity.INFO, at_s=1132), rules) is Loudness.ACTIVE
    assert book.decide(news("g", severity=Severity.INFO, at_s=1500), rules) is Loudness.ACTIVE, "long ago"


def test_mute_never_holds_danger_back() -> None:
    assert AlertBook().decide(news("a", muted=True), RULES) is None
    assert AlertBook().decide(news("a", muted=True, severity=Severity.DANGER), RULES) is Loudness.CRITICAL


def test_somebody_is_with_the_child() -> None:
    assert AlertBook().decide(news("a"), RULES, hushed=True) is Loudness.PASSIVE
    assert AlertBook().decide(news("a", severity=Severity.DANGER), RULES, hushed=True) is Loudness.CRITICAL


@pytest.mark.parametrize(
    ("kind", "severity", "told"),
    [
        (EventKind.MOTION, Severity.INFO, False),
        (EventKind.MOTION, Severity.WARNING, True),
        (EventKind.WOKE_UP, Severity.INFO, True),
        (EventKind.NOISE, Severity.SAFE, False),
        (EventKind.CAMERA_LOST, Severity.WARNING, True),
    ],
)
def test_what_is_told(kind: EventKind, severity: Severity, told: bool) -> None:
    assert (AlertBook().decide(news("a", kind, severity=severity), RULES) is not None) is told


def test_a_phone_of_its_own_mind() -> None:
    rules = AlertRules(kinds=frozenset({EventKind.MOTION}), least=Severity.DANGER)
    assert AlertBook().decide(news("a", EventKind.CRYING), rules) is None
    assert AlertBook().decide(news("b", EventKind.MOTION, severity=Severity.SAFE), rules) is Loudness.PASSIVE


def test_memory_is_bounded_and_the_newest_is_kept() -> None:
    book, rules = AlertBook(), AlertRules(cooldown_s=0)
    for index in range(1000):
        book.decide(news(f"e{index}", at_s=1000.0 + index), rules)
    assert not book.told("e0")
    assert book.told("e999")
