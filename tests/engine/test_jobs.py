"""A request is a value: it can go to another process and come back the same."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.cradlewatch.engine.analysis import CheckContext, CheckRequest, EarlierVerdict, LocalFindings
from custom_components.cradlewatch.engine.analysis.chain import ProviderChain
from custom_components.cradlewatch.engine.analysis.jobs import request_from_json, request_to_json
from custom_components.cradlewatch.engine.analysis.lanes import CheckQueue, LaneFigures
from custom_components.cradlewatch.engine.analysis.local import LocalProvider
from custom_components.cradlewatch.engine.analysis.provider import Provider
from custom_components.cradlewatch.engine.analysis.report_jobs import LocalIncident, ReportRequest
from custom_components.cradlewatch.engine.analysis.values import (
    report_from_json,
    report_request_from_json,
    report_request_to_json,
    report_to_json,
    verdict_from_json,
    verdict_to_json,
)
from custom_components.cradlewatch.engine.models import (
    Activity,
    EventKind,
    Posture,
    Severity,
    SkillCategory,
    Sleep,
    Usage,
    Verdict,
)
from custom_components.cradlewatch.engine.windows.bounds import Window
from custom_components.cradlewatch.engine.windows.clip import begin_clip, finish_clip
from tests.engine.checks import picture, request, run
from tests.engine.test_report_schema import incident, made
from tests.engine.test_window_clip import picture as frame

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


@pytest.mark.parametrize("safety", [None, Severity.DANGER])
def test_verdict_there_and_back(safety: Severity | None) -> None:
    verdict = Verdict(
        provider="gemini", model="m", taken_at=picture().taken_at, taken_at_s=100.0, latency_s=2.5, safety=safety,
        title="t", description="d", concerns=("a", "b"), hazard=EventKind.FACE_COVERED, posture=Posture.ON_SIDE,
        face_visible=False, observation_category=SkillCategory.LANGUAGE, confidence=0.7,
        usage=Usage(tokens_in=3, tokens_out=None),
    )  # fmt: skip
    assert verdict_from_json(json.loads(json.dumps(verdict_to_json(verdict)))) == verdict


@pytest.fixture(params=[True, False], ids=["mp4", "jpegs"])
def report_request(tmp_path: Path, request: pytest.FixtureRequest) -> ReportRequest:
    writer = begin_clip(tmp_path / "here", "w", (64, 48), mp4=request.param)
    for second in range(3):
        writer.write(frame(60, 64, 48), second + 0.25)
    writer.close()
    clip = finish_clip(tmp_path / "here", "w")
    assert clip is not None
    start_at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    return ReportRequest(
        crib_id="c", window=Window(start_at=start_at, end_at=start_at + timedelta(minutes=10), repeat=1), clip=clip,
        coverage=0.9, language="ko", age_months=4, age_lines=("x",), notes=("n",), media_resolution="medium",
        local=(LocalIncident(kind=EventKind.CRYING, start_s=1.5, end_s=None),), timeout_s=60,
    )  # fmt: skip


def test_report_request_there_and_back_by_path(report_request: ReportRequest) -> None:
    wire = json.dumps(report_request_to_json(report_request))
    assert report_request_from_json(json.loads(wire)) == report_request


def test_report_request_carries_its_clip(report_request: ReportRequest, tmp_path: Path) -> None:
    wire = json.loads(json.dumps(report_request_to_json(report_request, embed=True)))
    there = report_request_from_json(wire, tmp_path / "there")
    assert there.clip.path == tmp_path / "there" / report_request.clip.path.name
    assert replace(there, clip=report_request.clip) == report_request
    assert there.clip.time_map == report_request.clip.time_map
    if there.clip.mp4:
        assert there.clip.path.read_bytes() == report_request.clip.path.read_bytes()
    else:
        assert there.clip.jpegs() == report_request.clip.jpegs()
    with pytest.raises(ValueError, match="a folder"):
        report_request_from_json(wire)


def test_media_choose_no_folder_of_their_own(report_request: ReportRequest, tmp_path: Path) -> None:
    wire = report_request_to_json(report_request, embed=True)
    wire["media"] = {"../../evil.sh": "eA=="}
    wire["clip"]["path"] = "/etc/../" + report_request.clip.path.name
    report_request_from_json(wire, tmp_path / "there")
    assert not list(tmp_path.parent.glob("evil*"))
    assert list((tmp_path / "there").rglob("evil.sh"))


def test_report_there_and_back() -> None:
    report = made({"incidents": [incident("danger")], "position_changes_s": [3]})
    assert report_from_json(json.loads(json.dumps(report_to_json(report)))) == report


@pytest.mark.parametrize("data", [{}, {"provider": 3}, {"safety": "fine"}])
def test_what_is_no_verdict(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a Verdict"):
        verdict_from_json(data)


class Elsewhere:
    """A queue whose worker shares nothing with its callers but bytes."""

    def __init__(self) -> None:
        self.bytes_sent = 0

    async def submit(self, request: CheckRequest, provider: Provider) -> Verdict:
        wire = json.dumps(request_to_json(request)).encode()
        self.bytes_sent += len(wire)

        def work() -> bytes:
            asked = request_from_json(json.loads(wire))
            worker = {"local": LocalProvider}[provider.name]()
            return json.dumps(verdict_to_json(run(lambda: worker.check(asked)))).encode()

        return verdict_from_json(json.loads(await asyncio.to_thread(work)))

    async def close(self) -> None:
        """Nothing is held."""

    def figures(self) -> LaneFigures:
        return LaneFigures(waiting=0, in_flight=0, served=0, dropped=0, cut=0, stuck=0)


async def test_another_queue_takes_the_lane_s_place() -> None:
    """The chain, which calls, is the same; what ran elsewhere is judged the same."""
    queue = Elsewhere()
    as_queue: CheckQueue = queue
    verdict = await ProviderChain([LocalProvider()], as_queue.submit).check(FULL)
    here = await LocalProvider().check(FULL)
    assert replace(verdict, latency_s=here.latency_s) == here
    assert queue.bytes_sent > 500
