"""The weakest link decides how far silence can be trusted."""

import pytest

from custom_components.cradlewatch.engine.confidence import ConfidenceJudge, ConfidenceSettings, Facts
from custom_components.cradlewatch.engine.models import EventKind, Link, Reading


def facts(**changes):
    reading = Reading(at_s=1.0, occupancy=True, micro_motion=True, sound=False, **changes.pop("seen", {}))
    values = {
        "link": Link.LIVE,
        "frame_age_s": 0.2,
        "reading": reading,
        "has_audio": True,
        "audio_age_s": 0.1,
        "ai_on": True,
        "verdict_age_s": 20.0,
        "budget_left": 0.8,
        "recording_works": True,
    }
    return Facts(**(values | changes))


def test_all_well_is_a_hundred_without_a_reason():
    judge = ConfidenceJudge()
    judge.update(facts(), 1.0)
    assert (judge.percent, judge.reason) == (100, None)


@pytest.mark.parametrize(
    ("changes", "reason", "most"),
    [
        ({"link": Link.LOST}, "camera_lost", 0),
        ({"frame_age_s": None}, "frame_old", 0),
        ({"frame_age_s": 8.0}, "frame_old", 49),
        ({"reading": None}, "no_reading", 0),
        ({"seen": {"lens_covered": True}}, "lens_covered", 0),
        ({"seen": {"frozen": True}}, "picture_frozen", 0),
        ({"seen": {"too_dark": True}}, "too_dark", 49),
        ({"has_audio": False}, "no_sound", 99),
        ({"audio_age_s": None}, "sound_old", 49),
        ({"ai_on": False}, "ai_off", 99),
        ({"verdict_age_s": None}, "no_verdict", 70),
        ({"verdict_age_s": 9999.0}, "verdict_old", 70),
        ({"budget_left": 0.0}, "budget", 70),
        ({"recording_works": False}, "recording_failed", 80),
        ({"second_source_works": False}, "second_source_lost", 99),
    ],
)
def test_each_link_lowers_it_and_is_the_reason(changes, reason, most):
    judge = ConfidenceJudge()
    judge.update(facts(**changes), 1.0)
    assert judge.reason == reason
    assert judge.percent <= most


def test_the_weakest_of_two_is_the_reason():
    judge = ConfidenceJudge()
    judge.update(facts(ai_on=False, seen={"lens_covered": True}), 1.0)
    assert judge.reason == "lens_covered"


def test_low_for_two_minutes_is_told_once_and_its_end_too():
    judge = ConfidenceJudge()
    lost = facts(link=Link.LOST)
    signals = [signal for at_s in range(0, 400, 5) for signal in judge.update(lost, float(at_s))]
    assert [(signal.kind, signal.active, signal.at_s) for signal in signals] == [
        (EventKind.CONFIDENCE_LOW, True, 120.0)
    ]
    assert judge.low
    assert [signal.active for signal in judge.update(facts(), 405.0)] == [False]
    assert not judge.low


def test_a_short_gap_and_privacy_are_not_told():
    judge = ConfidenceJudge()
    for at_s in range(0, 600, 10):
        assert judge.update(facts(link=Link.LOST) if at_s % 100 < 90 else facts(), float(at_s)) == ()
    for at_s in range(600, 1200, 10):
        assert judge.update(facts(link=Link.PRIVACY), float(at_s)) == ()
    assert judge.percent == 0


def test_settings_are_checked():
    with pytest.raises(ValueError, match="low_percent"):
        ConfidenceSettings(low_percent=80, high_percent=60)
