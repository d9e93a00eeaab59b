"""Turns signals and verdicts into incidents with an identity. Pure arithmetic on times given with the data.

An incident is on while its detector or a model says so. When a detector goes off, its incident stays quiet for the
merge time and may go on again as the same one; `ended` follows when that time has passed, with `ended_at` the time
at which it went off. What a model, a person or the glue ends is told at once. Durations are measured with the
monotonic clock (`now_s`), the wall clock (`now_at`) is for display only: it may jump.
"""

from collections.abc import Callable
from datetime import datetime
import uuid

from .incident import (
    HAZARD_KINDS,
    MOMENTARY_KINDS,
    NEVER_MERGED,
    OF_THE_SYSTEM,
    Incident,
    Stage,
)
from .incident_rules import back_dated, meant_by, refutes, status_of
from .models import EventKind, MonitorEvent, Phase, Severity, Signal, Status, Verdict
from .settings import TrackerSettings

_KEEP_CLOSED_S = 180.0
_KEEP_CLOSED_MAX = 128

type Events = tuple[MonitorEvent, ...]


def new_event_id() -> str:
    """A random id of 32 hex digits."""
    return uuid.uuid4().hex


class IncidentTracker:
    """All incidents of one crib. One thread only; every method returns what changed, in order."""

    def __init__(self, settings: TrackerSettings, *, new_id: Callable[[], str] = new_event_id) -> None:
        self._settings = settings
        self._new_id = new_id
        self._incidents: dict[str, Incident] = {}
        self._judged_s = float("-inf")
        self._now_s = float("-inf")

    @property
    def open_incidents(self) -> Events:
        """The present state of what was opened and whose end was not told yet, oldest first."""
        return tuple(
            found.event(Phase.UPDATED, found.started_at)
            for found in self._incidents.values()
            if found.stage is not Stage.CLOSED
        )

    @property
    def active_kinds(self) -> frozenset[EventKind]:
        """Kinds that are on right now (without those that only wait for their merge time)."""
        return frozenset(found.kind for found in self._incidents.values() if found.stage is Stage.ACTIVE)

    @property
    def active_ids(self) -> frozenset[str]:
        """Ids of the incidents that are on right now."""
        return frozenset(found.event_id for found in self._incidents.values() if found.stage is Stage.ACTIVE)

    @property
    def suspected(self) -> tuple[EventKind, ...]:
        """Kinds that are on and wait for a verdict, oldest first."""
        return tuple(
            found.kind
            for found in self._incidents.values()
            if found.stage is Stage.ACTIVE and found.status is Status.SUSPECTED
        )

    def active(self, kind: EventKind) -> bool:
        """Is `kind` on right now."""
        return kind in self.active_kinds

    def on_signal(self, signal: Signal, now_at: datetime, now_s: float) -> Events:
        """A detector's word. Repeated words about what is on already change nothing unless it got worse."""
        events = list(self._settle(now_at, now_s))
        if signal.momentary or signal.kind in MOMENTARY_KINDS:
            if signal.active:
                events += self._happen(signal, now_at, now_s)
        elif signal.active:
            events += self._detector_on(signal, now_at, now_s)
        else:
            events += self._detector_off(signal, now_at, now_s)
        return tuple(events)

    def raise_event(  # noqa: PLR0913 - the fields of an event, all named
        self,
        kind: EventKind,
        *,
        severity: Severity,
        now_at: datetime,
        now_s: float,
        title: str | None = None,
        description: str | None = None,
        provider: str = "local",
        status: Status = Status.UNVERIFIED,
        momentary: bool = True,
    ) -> Events:
        """Raise what no detector reports. Not `momentary`: it stays on until `end` or `end_all`."""
        events = list(self._settle(now_at, now_s))
        found = self._mergeable(kind, None)
        opened = found is None
        if found is None:
            found = self._open(kind, None, severity, status, now_at, now_s)
        found.go_on(now_s)
        notable = found.raise_to(severity) or opened or status is not found.status
        found.status = status
        found.say(title, description, None, provider)
        events.append(found.event(Phase.OPENED if opened else Phase.UPDATED, now_at, notable=notable))
        if momentary:
            events.append(self._close(found, now_at, now_s))
        else:
            found.held_by.add(None)
        return tuple(events)

    def on_verdict(self, verdict: Verdict, now_at: datetime, now_s: float) -> Events:
        """A model's word: opens, confirms, corrects, dismisses or ends. One that cannot judge changes nothing."""
        events = list(self._settle(now_at, now_s))
        if verdict.safety is None:
            return tuple(events)
        if verdict.safety.rank >= Severity.WARNING.rank:
            events += self._serious(verdict, verdict.safety, now_at, now_s)
        elif verdict.taken_at_s >= self._judged_s:
            events += self._harmless(verdict, verdict.safety, now_at, now_s)
        self._judged_s = max(self._judged_s, verdict.taken_at_s)
        return tuple(events)

    def end(self, kind: EventKind, reason: str | None, now_at: datetime, now_s: float) -> Events:
        """End all that is open of `kind`, and tell at once."""
        return self._end_where(lambda found: found.kind is kind, reason, now_at, now_s)

    def end_all(self, reason: str, now_at: datetime, now_s: float) -> Events:
        """End all that is open, and tell at once. A lost camera does not end what says that it is lost."""
        lost = reason == EventKind.CAMERA_LOST.value
        events = self._end_where(lambda found: not (lost and found.kind in OF_THE_SYSTEM), reason, now_at, now_s)
        if not lost:
            # After privacy, a reload or a stop nothing is "again".
            self._incidents = {key: item for key, item in self._incidents.items() if item.stage is not Stage.CLOSED}
        return events

    def tick(self, now_at: datetime, now_s: float) -> Events:
        """Tell the ends that are due; about once a second, also while no frames come."""
        return self._settle(now_at, now_s)

    def set_media(
        self, event_id: str, *, clip: str | None = None, snapshot: str | None = None, now_at: datetime
    ) -> Events:
        """Attach what was recorded; () when the incident is no longer known."""
        found = self._incidents.get(event_id)
        if found is None:
            return ()
        found.clip = clip or found.clip
        found.snapshot = snapshot or found.snapshot
        return (found.event(Phase.UPDATED, now_at),)

    def dismiss(self, event_id: str, now_at: datetime, now_s: float) -> Events:
        """A person says that it was nothing."""
        return self._person_says(event_id, Status.DISMISSED, now_at, now_s)

    def confirm(self, event_id: str, now_at: datetime, now_s: float) -> Events:
        """A person says that it is so."""
        return self._person_says(event_id, Status.CONFIRMED, now_at, now_s)

    # Signals

    def _happen(self, signal: Signal, now_at: datetime, now_s: float) -> Events:
        found = self._mergeable(signal.kind, signal.zone)
        opened = found is None
        if found is None:
            started_at = back_dated(now_at, now_s, signal.at_s)
            found = self._open(signal.kind, signal.zone, signal.severity, Status.UNVERIFIED, started_at, now_s)
        found.go_on(now_s)
        rises = found.raise_to(signal.severity)
        found.score = signal.score
        first = found.event(Phase.OPENED if opened else Phase.UPDATED, now_at, notable=opened or rises)
        return first, self._close(found, now_at, now_s)

    def _detector_on(self, signal: Signal, now_at: datetime, now_s: float) -> Events:
        status = status_of(signal)
        found = self._mergeable(signal.kind, signal.zone)
        if found is None:
            started_at = back_dated(now_at, now_s, signal.at_s)
            found = self._open(signal.kind, signal.zone, signal.severity, status, started_at, signal.at_s)
            found.held_by.add(signal.zone)
            found.score = signal.score
            return (found.event(Phase.OPENED, now_at, notable=True),)
        again = not found.held_local
        was = found.status
        found.go_on(signal.at_s)
        found.held_by.add(signal.zone)
        rises = found.raise_to(signal.severity)
        found.score = max(signal.score, found.score or 0.0)
        if again and not found.held_model and status is Status.SUSPECTED and was is not Status.CONFIRMED:
            # Dismissed and there again: suspected anew, in the detector's own (unworded) voice.
            found.status = status
            found.say(None, None, None, "local")
        if not again and not rises:
            return ()
        return (found.event(Phase.UPDATED, now_at, notable=rises or found.status is not was),)

    def _detector_off(self, signal: Signal, now_at: datetime, now_s: float) -> Events:
        for found in self._incidents.values():
            if found.kind is not signal.kind or signal.zone not in found.held_by:
                continue
            found.held_by.discard(signal.zone)
            if not found.held_local and not found.held_model:
                found.go_off(Stage.QUIET, back_dated(now_at, now_s, signal.at_s), min(signal.at_s, now_s))
        return self._settle(now_at, now_s)

    # Verdicts

    def _serious(self, verdict: Verdict, safety: Severity, now_at: datetime, now_s: float) -> Events:
        found = meant_by(verdict, self._incidents.values(), self._may_merge)
        opened = found is None
        if found is None:
            kind = verdict.hazard or EventKind.HAZARD
            seen_at = back_dated(now_at, now_s, verdict.taken_at_s)
            found = self._open(kind, None, safety, Status.CONFIRMED, seen_at, verdict.taken_at_s)
        notable = opened or found.status is not Status.CONFIRMED
        if found.status in (Status.SUSPECTED, Status.DISMISSED):
            # The first verdict corrects the suspicion in both directions; later ones only raise it.
            found.severity = found.told = safety
        notable = found.raise_to(safety) or notable
        found.go_on(verdict.taken_at_s)
        found.status = Status.CONFIRMED
        found.held_model = True
        found.renewed_s = now_s
        found.score = verdict.confidence
        found.say(verdict.title, verdict.description, verdict.action_needed, verdict.provider)
        return (found.event(Phase.OPENED if opened else Phase.UPDATED, now_at, notable=notable),)

    def _harmless(self, verdict: Verdict, safety: Severity, now_at: datetime, now_s: float) -> Events:
        events: list[MonitorEvent] = []
        for found in tuple(self._incidents.values()):
            if found.stage is Stage.CLOSED or verdict.taken_at_s < found.on_s:
                continue  # a picture from before it began says nothing about it
            if found.held_model:
                found.held_model = False
                found.told = safety
                if not found.held_local:
                    events.append(self._close(found, now_at, now_s, "verdict"))
            elif found.status is Status.SUSPECTED and refutes(verdict, found.kind):
                found.status = Status.DISMISSED
                found.told = safety
                found.say(verdict.title, verdict.description, verdict.action_needed, verdict.provider)
                events.append(found.event(Phase.UPDATED, now_at, notable=True))
        return tuple(events)

    def _person_says(self, event_id: str, status: Status, now_at: datetime, now_s: float) -> Events:
        found = self._incidents.get(event_id)
        if found is None or found.status is status:
            return ()
        found.status = status
        events = [found.event(Phase.UPDATED, now_at, notable=True)]
        if status is Status.DISMISSED:
            found.held_model = False
            found.told = Severity.SAFE
            if found.stage is Stage.ACTIVE and not found.held_local:
                events.append(self._close(found, now_at, now_s, "dismissed"))
        return tuple(events)

    # Life and death

    def _open(
        self, kind: EventKind, zone: str | None, severity: Severity, status: Status, started_at: datetime, on_s: float
    ) -> Incident:
        found = Incident(
            event_id=self._new_id(),
            kind=kind,
            zone=zone,
            severity=severity,
            status=status,
            provider="local",
            started_at=started_at,
            on_s=on_s,
            told=severity,
        )
        self._incidents[found.event_id] = found
        return found

    def _close(self, found: Incident, at: datetime, at_s: float, reason: str | None = None) -> MonitorEvent:
        found.go_off(Stage.CLOSED, at, at_s, reason)
        return found.event(Phase.ENDED, at)

    def _settle(self, now_at: datetime, now_s: float) -> Events:
        self._now_s = now_s
        events: list[MonitorEvent] = []
        for found in tuple(self._incidents.values()):
            if found.held_model and now_s - found.renewed_s >= self._settings.unattended_end_s:
                found.held_model = False
                found.told = Severity.SAFE
                if not found.held_local:
                    events.append(self._close(found, now_at, now_s, "timeout"))
            elif found.stage is Stage.QUIET and now_s - found.off_s >= self._settings.merge_s:
                found.stage = Stage.CLOSED
                events.append(found.event(Phase.ENDED, now_at))
        self._forget(now_s)
        return tuple(events)

    def _forget(self, now_s: float) -> None:
        keep_s = max(self._settings.merge_s, _KEEP_CLOSED_S)
        closed = [found for found in self._incidents.values() if found.stage is Stage.CLOSED]
        too_many = len(closed) - _KEEP_CLOSED_MAX
        for position, found in enumerate(closed):
            if position < too_many or now_s - found.off_s > keep_s:
                del self._incidents[found.event_id]

    def _end_where(
        self, wanted: Callable[[Incident], bool], reason: str | None, now_at: datetime, now_s: float
    ) -> Events:
        events = list(self._settle(now_at, now_s))
        for found in tuple(self._incidents.values()):
            if found.stage is Stage.CLOSED or not wanted(found):
                continue
            if found.stage is Stage.QUIET:
                # It was over already; only its end was not told yet.
                found.stage = Stage.CLOSED
                events.append(found.event(Phase.ENDED, now_at))
            else:
                events.append(self._close(found, now_at, now_s, reason))
        return tuple(events)

    def _of(self, kind: EventKind, zone: str | None) -> list[Incident]:
        return [found for found in self._incidents.values() if found.kind is kind and found.zone == zone]

    def _may_merge(self, found: Incident) -> bool:
        return found.stage is not Stage.CLOSED or self._now_s - found.off_s < self._settings.merge_s

    def _mergeable(self, kind: EventKind, zone: str | None) -> Incident | None:
        """The incident that `kind` in `zone` would go on with; a model's incident has no zone and takes any."""
        if kind in NEVER_MERGED:
            return None
        same = [found for found in self._of(kind, zone) if self._may_merge(found)]
        if not same and kind in HAZARD_KINDS:
            same = [found for found in self._of(kind, None) if self._may_merge(found)]
        return max(same, key=lambda found: found.on_s, default=None)
