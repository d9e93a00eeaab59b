"""The safety score, computed by code from graded incidents; never taken from a model."""

from collections.abc import Iterable
from enum import IntEnum, StrEnum

from .models import Severity, Verdict


class Grade(StrEnum):
    """How an incident counts for the score."""

    ACCIDENT = "accident"
    DANGER = "danger"
    CAUTION = "caution"
    RECOMMENDATION = "recommendation"


class ScoreLevel(IntEnum):
    """The five bands of the score, best first; the value is the lowest score of the band."""

    VERY_HIGH = 90
    HIGH = 75
    MEDIUM = 65
    LOW = 55
    VERY_LOW = 50


_FULL = 100
_FLOOR = 50
# However many there are of one of these, it counts once.
_ONCE = {Grade.ACCIDENT: 50, Grade.DANGER: 30, Grade.CAUTION: 10}
_RECOMMENDATION = 2
_RECOMMENDATIONS_MAX = 16


def safety_score(grades: Iterable[Grade]) -> int:
    """50 to 100 for the incidents of one window, in any order."""
    listed = list(grades)
    lost = sum(points for grade, points in _ONCE.items() if grade in listed)
    lost += min(_RECOMMENDATION * listed.count(Grade.RECOMMENDATION), _RECOMMENDATIONS_MAX)
    return max(_FLOOR, _FULL - lost)


def score_level(score: int) -> ScoreLevel:
    """The band of `score` (50 to 100)."""
    return next(level for level in ScoreLevel if score >= level.value)


def grades_of_verdict(verdict: Verdict) -> tuple[Grade, ...] | None:
    """What one frame check counts for, None where it does not judge safety.

    The first concern of a warning or danger is what it is about; every other one counts as a recommendation.
    """
    if verdict.safety is None:
        return None
    serious = {Severity.DANGER: Grade.DANGER, Severity.WARNING: Grade.CAUTION}.get(verdict.safety)
    others = verdict.concerns[1:] if serious else verdict.concerns
    return (*((serious,) if serious else ()), *(Grade.RECOMMENDATION for _ in others))
