"""The incidents of one crib that are open or may still go on: how they begin, merge, end and are forgotten."""

from collections.abc import Callable
from datetime import datetime
import uuid

from .incident import HAZARD_KINDS, NEVER_MERGED, OF_THE_SYSTEM, Incident, Stage
from .models import EventKind, MonitorEvent, Phase, Severity, Status
from .settings import TrackerSettings

_KEEP_CLOSED_S = 180.0
_KEEP_CLOSED_MAX = 128

type Events = tuple[MonitorEvent, ...]


def new_event_id() -> str:
    """A random id of 32 hex digits."""
    return uuid.uuid4().hex


class IncidentBook:
    """The base of the tracker: identity and ends. What begins an incident is the tracker's."""

    def __init__(self, settings: TrackerSettings, *, new_id: Callable[[], str]) -> None:
        self._settings = settings
        self._new_id = new_id
        self._incidents: dict[str, Incident] = {}
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
