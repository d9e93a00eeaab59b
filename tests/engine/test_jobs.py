"""A request is a value: it can go to another process and come back the same."""

from datetime import UTC, datetime
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from custom_components.cradlewatch.engine.analysis import CheckContext, CheckRequest, EarlierVerdict, LocalFindings
from custom_components.cradlewatch.engine.analysis.jobs import request_from_json, request_to_json
from custom_components.cradlewatch.engine.analysis.local import LocalProvider
from custom_components.cradlewatch.engine.models import Activity, EventKind, Severity, Sleep
from tests.engine.checks import picture, request, run

FULL = CheckRequest(
    crib_id="a",
    pictures=(picture(1), picture(2, b"x")),
    context=CheckContext(
        language="ko",
        age_months=7,
        local_time=datetime(2026, 11, 24, 22, 0, tzinfo=UTC).astimezone(ZoneInfo("Asia/Seoul")),
        findings=LocalFindings(activity=Activity.CALM, motion=True, sleep=Sleep.ASLEEP, infrared=True, crying=False),
        room=(("Temperature", "21 °C"),),
        persons_home=2,
        dangerous_states=("gate open",),
        rules=("no cat",),
        earlier=(EarlierVerdict(minutes_ago=1, safety=None, title="?"),),
        feedback=("f",),
    ),
    urgent=True,
    suspected=(EventKind.FACE_COVERED,),
    timeout_s=12,
)


@pytest.mark.parametrize("by_path", [False, True])
@pytest.mark.parametrize("asked", [FULL, request()], ids=["full", "bare"])
def test_there_and_back(tmp_path: Path, asked: CheckRequest, by_path: bool) -> None:
    wire = json.dumps(request_to_json(asked, tmp_path if by_path else None))
    assert request_from_json(json.loads(wire)) == asked


def test_pictures_are_few_and_in_order() -> None:
    for pictures in ((), (picture(2), picture(1)), tuple(picture(at) for at in range(4))):
        with pytest.raises(ValueError):
            CheckRequest(crib_id="a", pictures=pictures)


def test_local_never_says_safe() -> None:
    verdict = run(lambda: LocalProvider().check(FULL))
    assert verdict.safety is None
    assert verdict.title is None
    assert verdict.activity == "asleep"
    assert verdict.taken_at_s == 2


def test_local_knows_nothing_of_what_it_cannot_see() -> None:
    blind = LocalFindings(activity=Activity.STILL, occupancy=True, visible=False)
    verdict = run(lambda: LocalProvider().check(request(context=CheckContext(findings=blind))))
    assert verdict.activity is None
    assert verdict.child_in_view is None


def test_severity_of_earlier_verdicts_survives() -> None:
    asked = request(context=CheckContext(earlier=(EarlierVerdict(minutes_ago=2, safety=Severity.INFO, title="t"),)))
    assert request_from_json(request_to_json(asked)).context.earlier[0].safety is Severity.INFO
