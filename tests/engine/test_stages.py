"""Age stages and what they arm."""

from datetime import date, timedelta
import itertools

import pytest

from custom_components.cradlewatch.engine.models import EventKind
from custom_components.cradlewatch.engine.stages import STAGES_MONTHS, age_months, armed_hazards, new_stage_on, stage_at


@pytest.mark.parametrize(
    ("born", "on", "months"),
    [
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2026, 1, 31), date(2026, 2, 27), 0),
        (date(2026, 1, 31), date(2026, 2, 28), 1),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2026, 3, 1), date(2026, 2, 28), -1),
    ],
)
def test_full_months(born, on, months):
    assert age_months(born, on) == months


def test_stages_follow_one_another_without_a_gap():
    for (_, end), (start, _) in itertools.pairwise(STAGES_MONTHS):
        assert start == end + 1
    assert (STAGES_MONTHS[0][0], STAGES_MONTHS[-1][1]) == (0, 71)


def test_stage_is_unknown_without_birthdate_before_birth_and_from_six_years_on():
    assert stage_at(None, date(2026, 1, 1)) is None
    assert stage_at(date(2026, 1, 2), date(2026, 1, 1)) is None
    assert stage_at(date(2020, 1, 1), date(2026, 1, 1)) is None
    assert stage_at(date(2020, 1, 2), date(2026, 1, 1)) == 10


def test_each_stage_is_told_on_exactly_one_day():
    born = date(2025, 1, 31)
    told = [new_stage_on(born, born + timedelta(days=day)) for day in range(6 * 366)]
    assert [stage for stage in told if stage is not None] == list(range(1, 11))


def test_hazards_by_stage():
    assert EventKind.ON_STOMACH in armed_hazards(1)
    assert EventKind.ON_STOMACH not in armed_hazards(2)
    assert EventKind.CLIMBING not in armed_hazards(0)
    assert EventKind.CLIMBING in armed_hazards(4)
    assert all(EventKind.HAZARD in armed_hazards(stage) for stage in [None, *range(11)])
    assert armed_hazards(None) >= {EventKind.ON_STOMACH, EventKind.CLIMBING, EventKind.FACE_COVERED}
