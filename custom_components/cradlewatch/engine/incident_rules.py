"""Which signal is a suspicion, and of which incident a verdict speaks. Pure functions of the tracker."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from .incident import HAZARD_KINDS, JUDGED_IF_SERIOUS, Incident, Stage
from .models import EventKind, Severity, Signal, Status, Verdict


def status_of(signal: Signal) -> Status:
    """Suspected where only a picture can tell, else unverified: a plain fact."""
    serious = signal.severity.rank >= Severity.WARNING.rank
    judged = signal.kind in HAZARD_KINDS or (serious and signal.kind in JUDGED_IF_SERIOUS)
    return Status.SUSPECTED if judged else Status.UNVERIFIED


def refutes(verdict: Verdict, kind: EventKind) -> bool:
    """Does a harmless verdict say that a suspected `kind` is not so."""
    # "Nothing dangerous to be seen" does not say that the child is in the picture.
    return verdict.child_in_view is True if kind is EventKind.OUT_OF_VIEW else True


def back_dated(now_at: datetime, now_s: float, at_s: float) -> datetime:
    """The wall time of `at_s`: a signal is as old as its frame."""
    return now_at - timedelta(seconds=max(0.0, now_s - at_s))


def meant_by(verdict: Verdict, incidents: Iterable[Incident], may_merge: Callable[[Incident], bool]) -> Incident | None:
    """The incident that a serious verdict speaks of: its own kind, else (no kind named) the newest suspicion."""
    kind = verdict.hazard or EventKind.HAZARD
    known = tuple(incidents)
    same = [found for found in known if found.kind is kind and may_merge(found)]
    if same:
        return max(same, key=lambda found: (found.stage is Stage.ACTIVE, found.on_s))
    if kind is not EventKind.HAZARD:
        return None
    vague = [
        found
        for found in known
        if found.stage is Stage.ACTIVE and (found.status is Status.SUSPECTED or found.held_model)
    ]
    return max(vague, key=lambda found: found.on_s, default=None)
