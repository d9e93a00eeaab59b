"""The score is arithmetic on listed incidents."""

from datetime import UTC, datetime

import pytest

from custom_components.cradlewatch.engine.models import Severity, Verdict
from custom_components.cradlewatch.engine.score import Grade, ScoreLevel, grades_of_verdict, safety_score, score_level

A, D, C, R = Grade.ACCIDENT, Grade.DANGER, Grade.CAUTION, Grade.RECOMMENDATION


@pytest.mark.parametrize(
    ("grades", "score"),
    [
        ([], 100),
        ([A], 50),
        ([A, A], 50),
        ([D], 70),
        ([D, D, D], 70),
        ([C], 90),
        ([C, C], 90),
        ([R], 98),
        ([R] * 8, 84),
        ([R] * 9, 84),
        ([R] * 100, 84),
        ([D, C], 60),
        ([C, R], 88),
        ([D, R, R], 66),
        ([D, C, R], 58),
        ([D, C, *[R] * 5], 50),
        ([D, C, *[R] * 8], 50),
        ([A, D, C, *[R] * 8], 50),
        ([R, D, R, C], 56),
    ],
)
def test_score(grades: list[Grade], score: int) -> None:
    assert safety_score(grades) == score
    assert safety_score(reversed(grades)) == score


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (100, ScoreLevel.VERY_HIGH), (90, ScoreLevel.VERY_HIGH), (89, ScoreLevel.HIGH), (75, ScoreLevel.HIGH),
        (74, ScoreLevel.MEDIUM), (65, ScoreLevel.MEDIUM), (64, ScoreLevel.LOW), (55, ScoreLevel.LOW),
        (54, ScoreLevel.VERY_LOW), (50, ScoreLevel.VERY_LOW),
    ],
)  # fmt: skip
def test_levels(score: int, level: ScoreLevel) -> None:
    assert score_level(score) is level


@pytest.mark.parametrize(
    ("safety", "concerns", "score"),
    [
        (None, ("a",), None),
        (Severity.SAFE, (), 100),
        (Severity.INFO, ("a", "b"), 96),
        (Severity.WARNING, ("a",), 90),
        (Severity.WARNING, ("a", "b"), 88),
        (Severity.DANGER, (), 70),
        (Severity.DANGER, ("a", "b", "c"), 66),
    ],
)
def test_of_a_frame_check(safety: Severity | None, concerns: tuple[str, ...], score: int | None) -> None:
    verdict = Verdict(
        provider="gemini", model=None, taken_at=datetime(2026, 1, 1, tzinfo=UTC), taken_at_s=0, latency_s=1,
        safety=safety, title=None, description=None, concerns=concerns,
    )  # fmt: skip
    grades = grades_of_verdict(verdict)
    assert (None if grades is None else safety_score(grades)) == score
