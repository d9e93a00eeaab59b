"""Age stages, and the hazards that each of them arms."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

from .models import EventKind, Severity, Verdict

STAGES_MONTHS: tuple[tuple[int, int], ...] = (
    (0, 2), (3, 5), (6, 8), (9, 11), (12, 17), (18, 23), (24, 29), (30, 35), (36, 47), (48, 59), (60, 71),
)  # fmt: skip
"""First and last full month of each stage (design)."""

_ALWAYS = frozenset({EventKind.HAZARD})
_PRONE_UNTIL, _COVERED_UNTIL, _CLIMBING_FROM = 2, 6, 2
"""Stage indices: prone is a danger under six months; climbing begins with pulling up, from six months on."""


def age_months(birthdate: date, on: date) -> int:
    """Full months of age; negative before birth. Born on the 31st, a month is full on the last day of a shorter one."""
    months = (on.year - birthdate.year) * 12 + on.month - birthdate.month
    return months if on.day >= min(birthdate.day, monthrange(on.year, on.month)[1]) else months - 1


def stage_at(birthdate: date | None, on: date) -> int | None:
    """Index of the stage, or None: no birthdate, not born yet, or six years and older."""
    if birthdate is None:
        return None
    months = age_months(birthdate, on)
    return next((index for index, (low, high) in enumerate(STAGES_MONTHS) if low <= months <= high), None)


def armed_hazards(stage: int | None) -> frozenset[EventKind]:
    """The hazards that count at this stage. Where the age is not known all of them do."""
    prone = stage is None or stage < _PRONE_UNTIL
    covered = stage is None or stage < _COVERED_UNTIL
    climbing = stage is None or stage >= _CLIMBING_FROM
    armed = {EventKind.ON_STOMACH: prone, EventKind.FACE_COVERED: covered, EventKind.CLIMBING: climbing}
    return _ALWAYS | {kind for kind, is_armed in armed.items() if is_armed}


def verdict_at_stage(verdict: Verdict, stage: int | None) -> Verdict:
    """A model's verdict where its hazard is none at this stage: a warning of it is for information only.

    A danger stays one, as a hazard of no kind: the model was told the age, and says so all the same.
    """
    if verdict.hazard is None or verdict.hazard in armed_hazards(stage):
        return verdict
    if verdict.safety is Severity.DANGER:
        return replace(verdict, hazard=EventKind.HAZARD)
    return replace(verdict, hazard=None, safety=Severity.INFO if verdict.safety is Severity.WARNING else verdict.safety)


def new_stage_on(birthdate: date | None, on: date) -> int | None:
    """The stage that begins on this very day, else None. The day of birth is no change."""
    now = stage_at(birthdate, on)
    before = stage_at(birthdate, on - timedelta(days=1))
    return now if now is not None and before is not None and now != before else None
