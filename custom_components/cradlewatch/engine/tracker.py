"""Turns signals and verdicts into incidents with an identity. Pure arithmetic on times given with the data.

An incident is on while its detector or a model says so. When a detector goes off, its incident stays quiet for the
merge time and may go on again as the same one; `ended` follows when that time has passed, with `ended_at` the time
at which it went off. What a model, a person or the glue ends is told at once. Durations are measured with the
monotonic clock (`now_s`), the wall clock (`now_at`) is for display only: it may jump.
"""

from collections.abc import Callable
from datetime import datetime

from .incident import LOCAL, MOMENTARY_KINDS, PERSON, Stage
from .incident_book import Events, IncidentBook, new_event_id
from .incident_rules import back_dated, meant_by, refutes, status_of
from .models import EventKind, MonitorEvent, Phase, Severity, Signal, Status, Verdict
from .settings import TrackerSettings


class IncidentTracker(IncidentBook):
    """All incidents of one crib. One thread only; every method returns what changed, in order."""

    def __init__(self, settings: TrackerSettings, *, new_id: Callable[[], str] = new_event_id) -> None:
        super().__init__(settings, new_id=new_id)
        self._judged_s = float("-inf")

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
        provider: str = LOCAL,
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
            found.say(None, None, None, LOCAL)
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
        if status is Status.DISMISSED or found.provider == LOCAL:
            found.provider = PERSON  # a danger that a model confirmed stays its word when a person agrees
        events = [found.event(Phase.UPDATED, now_at, notable=True)]
        if status is Status.DISMISSED:
            found.held_model = False
            found.told = Severity.SAFE
            if found.stage is Stage.ACTIVE and not found.held_local:
                events.append(self._close(found, now_at, now_s, "dismissed"))
        return tuple(events)
