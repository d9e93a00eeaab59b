"""One incident, one identity: from a first suspicion to an end that is always told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import itertools

import pytest

from custom_components.cradlewatch.engine.incident import HAZARD_KINDS, MOMENTARY_KINDS
from custom_components.cradlewatch.engine.models import (
    EventKind,
    MonitorEvent,
    Phase,
    Severity,
    Signal,
    Status,
    Verdict,
)
from custom_components.cradlewatch.engine.settings import TrackerSettings
from custom_components.cradlewatch.engine.tracker import IncidentTracker

K = EventKind
T0 = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Crib:
    """A tracker with its clocks."""

    settings: TrackerSettings = field(default_factory=TrackerSettings)
    s: float = 1000.0
    at: datetime = T0
    heard: list[MonitorEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        ids = itertools.count(1)
        self.tracker = IncidentTracker(self.settings, new_id=lambda: f"e{next(ids)}")

    def later(self, seconds: float) -> None:
        self.s += seconds
        self.at += timedelta(seconds=seconds)

    def _note(self, events: tuple[MonitorEvent, ...]) -> list[str]:
        self.heard += events
        return [f"{event.event_id} {event.kind} {event.phase}{'!' if event.notable else ''}" for event in events]

    def on(self, kind: EventKind, severity: Severity = Severity.INFO, zone: str | None = None) -> list[str]:
        signal = Signal(kind=kind, active=True, at_s=self.s, severity=severity, zone=zone, score=0.7)
        return self._note(self.tracker.on_signal(signal, self.at, self.s))

    def off(self, kind: EventKind, zone: str | None = None) -> list[str]:
        return self._note(
            self.tracker.on_signal(Signal(kind=kind, active=False, at_s=self.s, zone=zone), self.at, self.s)
        )

    def verdict(self, safety: Severity | None, hazard: EventKind | None = None, age_s: float = 0, **more) -> list[str]:
        verdict = Verdict(
            provider="gemini", model="m", taken_at=self.at - timedelta(seconds=age_s), taken_at_s=self.s - age_s,
            latency_s=1, safety=safety, title=more.pop("title", "Title"), description="Words", hazard=hazard, **more,
        )  # fmt: skip
        return self._note(self.tracker.on_verdict(verdict, self.at, self.s))

    def tick(self) -> list[str]:
        return self._note(self.tracker.tick(self.at, self.s))

    def end_all(self, reason: str) -> list[str]:
        return self._note(self.tracker.end_all(reason, self.at, self.s))

    @property
    def last(self) -> MonitorEvent:
        return self.heard[-1]

    def ended_once_each(self) -> bool:
        last = {event.event_id: event for event in self.heard}
        return all(event.phase is Phase.ENDED and event.ended_at is not None for event in last.values())


def test_detector_opens_merges_and_ends_at_the_time_it_went_off() -> None:
    crib = Crib()
    assert crib.on(K.MOTION) == ["e1 motion opened!"]
    assert crib.on(K.MOTION) == []
    crib.later(20)
    assert crib.off(K.MOTION) == []
    assert not crib.tracker.active(K.MOTION)
    crib.later(299)
    assert crib.tick() == []
    assert crib.on(K.MOTION) == ["e1 motion updated"]
    assert crib.tracker.active(K.MOTION)
    crib.later(10)
    off_at = crib.at
    crib.off(K.MOTION)
    crib.later(300)
    assert crib.tick() == ["e1 motion ended"]
    assert crib.last.ended_at == off_at
    assert crib.last.started_at == T0
    assert crib.last.end_reason is None
    crib.later(1)
    assert crib.on(K.MOTION) == ["e2 motion opened!"]


def test_end_is_told_before_a_new_one_opens_without_any_tick() -> None:
    crib = Crib()
    crib.on(K.NOISE)
    crib.off(K.NOISE)
    crib.later(301)
    assert crib.on(K.NOISE) == ["e1 noise ended", "e2 noise opened!"]


def test_no_merge_time_ends_at_once() -> None:
    crib = Crib(TrackerSettings(merge_s=0))
    crib.on(K.MOTION)
    crib.later(1)
    assert crib.off(K.MOTION) == ["e1 motion ended"]
    assert crib.on(K.MOTION) == ["e2 motion opened!"]


def test_zones_are_incidents_of_their_own() -> None:
    crib = Crib()
    assert crib.on(K.ZONE_ENTERED, zone="door") == ["e1 zone_entered opened!"]
    assert crib.on(K.ZONE_ENTERED, zone="window") == ["e2 zone_entered opened!"]
    crib.off(K.ZONE_ENTERED, zone="door")
    assert crib.tracker.active(K.ZONE_ENTERED)
    crib.off(K.ZONE_ENTERED, zone="window")
    assert not crib.tracker.active(K.ZONE_ENTERED)


def test_severity_that_rises_is_notable_and_one_that_falls_is_not_told() -> None:
    crib = Crib()
    crib.on(K.CRYING, Severity.INFO)
    assert crib.last.status is Status.UNVERIFIED
    assert crib.on(K.CRYING, Severity.WARNING) == ["e1 crying updated!"]
    assert crib.on(K.CRYING, Severity.INFO) == []
    assert crib.on(K.CRYING, Severity.WARNING) == []


@pytest.mark.parametrize("kind", sorted(MOMENTARY_KINDS))
def test_momentary_kinds_open_and_end_in_one_go(kind: EventKind) -> None:
    crib = Crib()
    assert crib.on(kind) == [f"e1 {kind} opened!", f"e1 {kind} ended"]
    assert crib.last.ended_at == crib.last.started_at == T0
    assert not crib.tracker.open_incidents
    assert crib.off(kind) == []


def test_momentary_again_is_the_same_one_but_a_test_never_is() -> None:
    crib = Crib()
    crib.on(K.WOKE_UP)
    crib.on(K.TEST)
    crib.later(60)
    assert crib.on(K.WOKE_UP) == ["e1 woke_up updated", "e1 woke_up ended"]
    assert crib.on(K.TEST) == ["e3 test opened!", "e3 test ended"]
    crib.later(301)
    assert crib.on(K.WOKE_UP)[0] == "e4 woke_up opened!"


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind not in MOMENTARY_KINDS])
@pytest.mark.parametrize("severity", list(Severity))
def test_only_what_a_picture_can_judge_is_suspected(kind: EventKind, severity: Severity) -> None:
    crib = Crib()
    crib.on(kind, severity)
    judged = kind in HAZARD_KINDS or (severity.rank >= 2 and kind in (K.MOTION, K.ZONE_ENTERED, K.OUT_OF_VIEW))
    assert (crib.last.status is Status.SUSPECTED) == judged
    assert crib.tracker.suspected == ((kind,) if judged else ())


@pytest.mark.parametrize(
    ("safety", "status", "severity"),
    [
        (Severity.DANGER, Status.CONFIRMED, Severity.DANGER),
        (Severity.WARNING, Status.CONFIRMED, Severity.WARNING),
        (Severity.INFO, Status.DISMISSED, Severity.DANGER),
        (Severity.SAFE, Status.DISMISSED, Severity.DANGER),
        (None, Status.SUSPECTED, Severity.DANGER),
    ],
)
def test_verdict_confirms_downgrades_or_dismisses_the_same_incident(
    safety: Severity | None, status: Status, severity: Severity
) -> None:
    crib = Crib()
    crib.on(K.FACE_COVERED, Severity.DANGER)
    crib.later(3)
    told = crib.verdict(safety, K.FACE_COVERED if safety and safety.rank >= 2 else None)
    assert told == ([] if safety is None else ["e1 face_covered updated!"])
    (now,) = crib.tracker.open_incidents
    assert (now.status, now.severity) == (status, severity)
    assert now.provider == ("local" if safety is None else "gemini")


def test_verdict_without_a_named_hazard_is_about_the_suspicion() -> None:
    crib = Crib()
    crib.on(K.CLIMBING, Severity.DANGER)
    assert crib.verdict(Severity.DANGER) == ["e1 climbing updated!"]
    assert crib.last.status is Status.CONFIRMED


def test_verdict_about_another_hazard_leaves_the_suspicion_open() -> None:
    crib = Crib()
    crib.on(K.CLIMBING, Severity.DANGER)
    assert crib.verdict(Severity.DANGER, K.FACE_COVERED) == ["e2 face_covered opened!"]
    assert crib.tracker.suspected == (K.CLIMBING,)


def test_picture_from_before_the_suspicion_cannot_dismiss_it() -> None:
    crib = Crib()
    crib.on(K.FACE_COVERED, Severity.DANGER)
    crib.later(2)
    assert crib.verdict(Severity.SAFE, age_s=4) == []
    assert crib.verdict(Severity.SAFE, age_s=1) == ["e1 face_covered updated!"]


def test_older_harmless_verdict_cannot_end_a_newer_danger() -> None:
    crib = Crib()
    crib.verdict(Severity.DANGER)
    crib.later(5)
    assert crib.verdict(Severity.SAFE, age_s=6) == []
    assert crib.tracker.active(K.HAZARD)


def test_model_hazard_is_renewed_ended_by_a_verdict_and_taken_up_again() -> None:
    crib = Crib()
    assert crib.verdict(Severity.DANGER) == ["e1 hazard opened!"]
    assert crib.last.status is Status.CONFIRMED
    for _ in range(20):
        crib.later(45)
        assert crib.verdict(Severity.DANGER) == ["e1 hazard updated"]
    crib.later(45)
    assert crib.verdict(None) == []
    assert crib.verdict(Severity.SAFE) == ["e1 hazard ended"]
    assert crib.last.end_reason == "verdict"
    assert crib.last.severity is Severity.DANGER
    crib.later(45)
    assert crib.verdict(Severity.DANGER) == ["e1 hazard updated!"]
    assert crib.last.ended_at is None
    crib.later(45)
    crib.verdict(Severity.INFO)
    crib.later(301)
    assert crib.verdict(Severity.DANGER) == ["e2 hazard opened!"]


def test_warning_that_becomes_danger_is_notable() -> None:
    crib = Crib()
    assert crib.verdict(Severity.WARNING, K.CLIMBING) == ["e1 climbing opened!"]
    assert crib.verdict(Severity.DANGER, K.CLIMBING) == ["e1 climbing updated!"]
    assert crib.verdict(Severity.WARNING, K.CLIMBING) == ["e1 climbing updated"]
    assert crib.last.severity is Severity.DANGER


def test_model_hazard_that_nothing_renews_times_out() -> None:
    crib = Crib()
    crib.verdict(Severity.WARNING)
    crib.later(599)
    assert crib.tick() == []
    crib.later(1)
    assert crib.tick() == ["e1 hazard ended"]
    assert crib.last.end_reason == "timeout"
    crib.later(60)
    assert crib.verdict(Severity.WARNING) == ["e1 hazard updated!"]


def test_detector_going_off_does_not_end_what_the_model_still_sees() -> None:
    crib = Crib()
    crib.on(K.ON_STOMACH, Severity.DANGER, zone="crib")
    crib.verdict(Severity.DANGER, K.ON_STOMACH)
    crib.off(K.ON_STOMACH, zone="crib")
    assert crib.tracker.active(K.ON_STOMACH)
    crib.later(10)
    assert crib.verdict(Severity.SAFE) == ["e1 on_stomach ended"]


def test_detector_joins_the_models_incident() -> None:
    crib = Crib()
    crib.verdict(Severity.WARNING, K.CLIMBING)
    crib.later(1)
    assert crib.on(K.CLIMBING, Severity.DANGER, zone="crib") == ["e1 climbing updated!"]
    assert crib.last.status is Status.CONFIRMED
    crib.later(1)
    assert crib.verdict(Severity.SAFE) == []
    crib.later(1)
    crib.off(K.CLIMBING, zone="crib")
    crib.later(300)
    assert crib.tick() == ["e1 climbing ended"]


def test_dismissed_and_there_again_is_suspected_again() -> None:
    crib = Crib()
    crib.on(K.FACE_COVERED, Severity.DANGER)
    crib.later(3)
    crib.verdict(Severity.SAFE)
    crib.on(K.FACE_COVERED, Severity.DANGER)  # still on: no news
    crib.off(K.FACE_COVERED)
    crib.later(60)
    assert crib.on(K.FACE_COVERED, Severity.DANGER) == ["e1 face_covered updated!"]
    assert (crib.last.status, crib.last.provider, crib.last.title) == (Status.SUSPECTED, "local", None)


def test_harmless_verdict_does_not_touch_plain_facts() -> None:
    crib = Crib()
    for kind in (K.CRYING, K.LENS_COVERED, K.CONFIDENCE_LOW, K.MOTION):
        crib.on(kind, Severity.INFO if kind is K.MOTION else Severity.WARNING)
    assert crib.verdict(Severity.SAFE) == []


@pytest.mark.parametrize(("in_view", "dismissed"), [(True, True), (False, False), (None, False)])
def test_out_of_view_needs_a_child_in_the_picture(in_view: bool | None, dismissed: bool) -> None:
    crib = Crib()
    crib.on(K.OUT_OF_VIEW, Severity.WARNING)
    assert bool(crib.verdict(Severity.SAFE, child_in_view=in_view)) == dismissed


@pytest.mark.parametrize("reason", ["camera_lost", "privacy", "reload", "shutdown"])
def test_everything_open_ends_with_its_reason(reason: str) -> None:
    crib = Crib()
    crib.on(K.MOTION)
    crib.on(K.FACE_COVERED, Severity.DANGER)
    crib.verdict(Severity.DANGER, K.CLIMBING)
    crib.on(K.NOISE)
    crib.later(5)
    quiet_at = crib.at
    crib.off(K.NOISE)
    crib.later(5)
    assert len(crib.end_all(reason)) == 4
    assert crib.ended_once_each()
    ends = {event.kind: event for event in crib.heard if event.phase is Phase.ENDED}
    assert {ends[kind].end_reason for kind in (K.MOTION, K.FACE_COVERED, K.CLIMBING)} == {reason}
    assert (ends[K.NOISE].end_reason, ends[K.NOISE].ended_at) == (None, quiet_at)
    assert not crib.tracker.open_incidents
    assert crib.end_all(reason) == []


def test_lost_camera_keeps_saying_that_it_is_lost() -> None:
    crib = Crib()
    raised = crib.tracker.raise_event(
        K.CAMERA_LOST, severity=Severity.WARNING, now_at=crib.at, now_s=crib.s, momentary=False
    )
    assert [event.phase for event in raised] == [Phase.OPENED]
    crib.on(K.MOTION)
    assert crib.end_all("camera_lost") == ["e2 motion ended"]
    crib.later(30)
    (ended,) = crib.tracker.end(K.CAMERA_LOST, None, crib.at, crib.s)
    assert ended.ended_at == T0 + timedelta(seconds=30)
    again = crib.tracker.raise_event(
        K.CAMERA_LOST, severity=Severity.WARNING, now_at=crib.at, now_s=crib.s, momentary=False
    )
    assert [(event.event_id, event.phase, event.notable) for event in again] == [("e1", Phase.UPDATED, False)]
    assert len(crib.end_all("privacy")) == 1


@pytest.mark.parametrize("jump", [timedelta(minutes=-20), timedelta(hours=5)])
def test_clock_jumps_change_no_duration_and_no_end_lies_before_its_start(jump: timedelta) -> None:
    crib = Crib()
    crib.on(K.MOTION)
    crib.at += jump
    crib.later(10)
    crib.off(K.MOTION)
    crib.later(299)
    assert crib.tick() == []
    crib.later(1)
    assert crib.tick() == ["e1 motion ended"]
    assert crib.last.ended_at is not None
    assert crib.last.ended_at >= crib.last.started_at


def test_words_of_a_model_are_one_bounded_plain_line() -> None:
    crib = Crib()
    crib.verdict(Severity.DANGER, title="a\n\x1b[31mb " * 500)
    assert crib.last.title is not None
    assert len(crib.last.title) <= 120
    assert crib.last.title.isprintable()


def test_media_comes_with_an_update_also_after_the_end() -> None:
    crib = Crib()
    crib.on(K.TEST)
    (event,) = crib.tracker.set_media("e1", snapshot="s.jpg", now_at=crib.at)
    assert (event.phase, event.snapshot, event.ended_at, event.notable) == (Phase.UPDATED, "s.jpg", T0, False)
    (event,) = crib.tracker.set_media("e1", clip="c.mp4", now_at=crib.at)
    assert (event.snapshot, event.clip) == ("s.jpg", "c.mp4")
    assert crib.tracker.set_media("nobody", clip="c.mp4", now_at=crib.at) == ()


def test_a_person_dismisses_and_confirms() -> None:
    crib = Crib()
    crib.verdict(Severity.DANGER)
    assert [event.phase for event in crib.tracker.dismiss("e1", crib.at, crib.s)] == [Phase.UPDATED, Phase.ENDED]
    crib.on(K.CLIMBING, Severity.DANGER)
    (event,) = crib.tracker.confirm("e2", crib.at, crib.s)
    assert (event.status, event.notable) == (Status.CONFIRMED, True)
    assert crib.tracker.confirm("e2", crib.at, crib.s) == ()


def test_who_says_so_is_the_person_who_judged() -> None:
    crib = Crib()
    crib.verdict(Severity.DANGER)
    (agreed,) = crib.tracker.confirm("e1", crib.at, crib.s) or (None,)
    assert agreed is None, "the model had confirmed it already"
    dismissed, ended = crib.tracker.dismiss("e1", crib.at, crib.s)
    assert (dismissed.provider, ended.provider) == ("person", "person")
    crib.on(K.CLIMBING, Severity.DANGER)
    (confirmed,) = crib.tracker.confirm("e2", crib.at, crib.s)
    assert confirmed.provider == "person"
    crib.verdict(Severity.DANGER, hazard=K.CLIMBING)
    assert crib.last.provider == "gemini", "a model's later word is its own"


def test_memory_is_bounded_and_every_incident_ends() -> None:
    crib = Crib()
    kinds = list(EventKind)
    for step in range(3000):
        kind = kinds[step * 7 % len(kinds)]
        (crib.on if step % 3 else crib.off)(kind, zone=f"z{step % 5}")
        crib.later(1 + step % 11 * 9)
        if step % 13 == 0:
            crib.verdict([Severity.DANGER, Severity.SAFE, None][step % 3])
    crib.end_all("shutdown")
    assert crib.ended_once_each()
    opened = [event.event_id for event in crib.heard if event.phase is Phase.OPENED]
    assert len(opened) == len(set(opened)) > 100
    assert crib.tracker._incidents == {}
