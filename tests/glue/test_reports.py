"""Windows of a running home: recorded, understood by a model on a real wire, told, and in nobody's way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import io
from pathlib import Path
from typing import Any

import av
from homeassistant.components import media_source
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cradlewatch import report_office, window_keeper
from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from custom_components.cradlewatch.engine.store import Store
from custom_components.cradlewatch.engine.windows.settings import WindowSettings
from custom_components.cradlewatch.engine.windows.states import StoredWindow, WindowState
from custom_components.cradlewatch.monitor import CribMonitor
from custom_components.cradlewatch.window_keeper import windows_folder
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until
from tests.servers.gemini import GeminiRequest, GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
WINDOW_S = 5
SHORT = WindowSettings(length_s=WINDOW_S, due_after_s=0.5, timeout_s=20)

ANSWER: dict[str, Any] = {
    "child_visibility": "clear",
    "timeline": [{"id": "t1", "start_s": 0, "end_s": 2, "what": "Sits and plays."}],
    "incidents": [],
    "sleep": [],
    "position_changes_s": [],
    "carer_present": [],
    "skills": [{"category": "gross_motor", "skill": "Rolls over", "level": "middle", "evidence_s": [1]}],
    "hazards": ["loose blanket"],
    "summary": [
        {"text": "Played in the crib.", "evidence": ["t1"]},
        {"text": "Loves music.", "evidence": []},
    ],
    "recommendations": [],
}
INCIDENT = {
    "severity": "danger", "start_s": 1, "end_s": 2, "hazard": "Head over the edge", "what": "Leans far over the rail.",
    "resolved": True, "safety_device": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def short_windows(hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of seconds, in folders of the test's own."""
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    monkeypatch.setattr(window_keeper, "USUAL", SHORT)
    monkeypatch.setattr(report_office, "USUAL", SHORT)


async def rows(monitor: CribMonitor) -> list[StoredWindow]:
    book = monitor.entry.runtime_data.reports.book
    found: list[StoredWindow] = await book.windows(monitor.config.crib_id, limit=500)
    return found


async def ended(monitor: CribMonitor, state: WindowState | None = None, count: int = 1) -> list[StoredWindow]:
    """Wait for `count` windows that have ended (in `state`)."""
    for _ in range(400):
        found = [row for row in await rows(monitor) if row.state.final and (state is None or row.state is state)]
        if len(found) >= count:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError([(row.window.name, row.state, row.reason) for row in await rows(monitor)])


def gathered(hass: HomeAssistant) -> list[Event]:
    events: list[Event] = []
    hass.bus.async_listen("cradlewatch_event", events.append)
    return events


def of_kind(events: list[Event], kind: str) -> Callable[[], list[Event]]:
    return lambda: [event for event in events if event.data["event_type"] == kind and event.data["phase"] == "opened"]


async def test_window_is_recorded_understood_and_told(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.reports_with = {**ANSWER, "incidents": [INCIDENT]}
    events = gathered(hass)
    stages: dict[str, list[str]] = {}

    def note(event: Event) -> None:
        stages.setdefault(event.data["start"], []).append(event.data["stage"])

    hass.bus.async_listen("cradlewatch_report", note)
    entry = await add_home(hass, crib_data("Nursery", str(video), birthdate="2026-03-01"), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    done = await ended(monitor, WindowState.COMPLETED)
    row = done[-1]
    assert row.window.start_at.timestamp() % WINDOW_S == 0, "aligned to the clock"
    assert row.score == 70, "computed: 100 less 30 for the danger"
    state = await until(
        lambda: (s := crib_state(hass, monitor, "sensor", "report")).attributes.get("summary") and s, "the report shown"
    )
    attributes = state.attributes
    assert attributes["summary"] == ["Played in the crib."], "a sentence that rests on nothing is dropped"
    assert attributes["statements_dropped"] == 1
    assert attributes["score"] == 70
    assert attributes["provider"] == "gemini"
    assert attributes["tokens_in"] > 0
    assert attributes["incidents"][0]["hazard"] == "Head over the edge"
    score = await until(
        lambda: (s := crib_state(hass, monitor, "sensor", "safety_score")).state == "70" and s, "the window's score"
    )
    assert score.attributes["rests_on"] == "report", "the pictures of the checks are harmless"
    # One video of the window, sampled at its own rate; the detectors' incidents and the age beside it.
    request = gemini.reports[0]
    assert len(request.images) == 1
    assert request.images[0][4:8] == b"ftyp"
    assert "age of the child" in request.prompt
    video_part = next(part for content in request.body["contents"] for part in content["parts"] if "inlineData" in part)
    assert video_part["videoMetadata"]["fps"] == 1.0
    # The model's incident at its true time, with the picture of that moment and the window's clip.
    danger = (await until(of_kind(events, "hazard"), "the incident"))[0].data
    assert danger["severity"] == "danger"
    assert danger["provider"] == "gemini"
    assert danger["title"].endswith("Head over the edge")
    assert danger["clip"].startswith(f"/api/cradlewatch/window/{monitor.config.crib_id}/")
    assert danger["snapshot"]
    milestone = (await until(of_kind(events, "milestone"), "the milestone"))[0].data
    assert "Rolls over" in milestone["title"]
    # The next window may close meanwhile: each has its own stages.
    assert stages[row.window.start_at.isoformat()] == ["closing", "closed", "sending", "model", "checking", "done"]
    # The same skill and the next window: no second milestone.
    await ended(monitor, WindowState.COMPLETED, 2)
    await hass.async_block_till_done()
    assert len(of_kind(events, "milestone")()) == 1
    clips = list(windows_folder(hass, monitor.config.crib_id).glob("*.mp4"))
    assert clips
    assert all(clip.stat().st_mode & 0o777 == 0o600 for clip in clips)
    figures = (await async_get_config_entry_diagnostics(hass, entry))["cribs"][0]["windows"]
    assert figures["closed"] >= 2
    sent_late_ms = entry.runtime_data.reports.sent_late_ms
    print(f"clip {figures['close_late_ms']:.0f} ms after the close, request {sent_late_ms:.0f} ms after it was due")
    assert sent_late_ms < 2000, "design: within 2 s of the due time"
    await leave(hass, entry)


async def test_report_that_hangs_delays_no_check_and_no_picture(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("ok")
    gemini.reports_with = "hang"
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: gemini.reports, "the report's request", 30)
    thread = monitor.threads.thread
    assert thread is not None
    frames = thread.loop.figures().frames_total
    before = gemini.checks_received - len(gemini.reports)
    verdicts = 0
    for _ in range(10):
        answer = await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
        assert answer is not None
        result = answer["cribs"]["Nursery"]
        # A check that motion began may take the place of ours; nothing else may come between.
        assert result["failure"] in (None, "cancelled"), result
        verdicts += result["verdict"] is not None
        if verdicts == 3:
            break
    assert verdicts == 3
    assert gemini.in_flight >= 1, "the report hangs still"
    assert gemini.checks_received - len(gemini.reports) >= before + 3
    assert crib_state(hass, monitor, "sensor", "safety").state == "safe"
    await until(lambda: thread.loop.figures().frames_total > frames, "more frames")
    # The next window closes on time all the same.
    closed = monitor.windows.closed
    await until(lambda: monitor.windows.closed > closed, "the next window")
    assert len(gemini.reports) == 1, "one report at a time"
    await leave(hass, entry)


async def test_stop_in_the_middle_of_a_call_loses_nothing(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.reports_with = "hang"
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: gemini.reports, "the report's request", 30)
    sending = [row.window for row in await rows(monitor) if row.state is WindowState.SENDING]
    assert len(sending) == 1
    await leave(hass, entry)
    gemini.reports_with = ANSWER
    asked = len(gemini.reports)
    assert await hass.config_entries.async_setup(entry.entry_id)
    monitor = crib_of(entry)
    found = await ended(monitor, WindowState.COMPLETED)
    assert sending[0] in {row.window for row in await ended(monitor, WindowState.COMPLETED)} | {
        row.window for row in found
    } | {row.window for row in await rows(monitor) if row.state in (WindowState.PARTIAL, WindowState.COMPLETED)}
    every = await rows(monitor)
    assert len({row.window for row in every}) == len(every), "no window twice"
    done = [row for row in every if row.state in (WindowState.COMPLETED, WindowState.PARTIAL)]
    assert len(gemini.reports) - asked <= len(done) + 1, "each is asked for once"
    assert [row.attempts for row in every if row.window == sending[0]] == [2]
    await leave(hass, entry)


async def test_local_reports_send_nothing_and_score_nothing(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    found = await ended(monitor, WindowState.COMPLETED)
    assert found[0].score is None
    monitor.test_alert()

    def told() -> list[str]:
        attributes = crib_state(hass, monitor, "sensor", "report").attributes
        return [entry["what"] for entry in attributes.get("timeline") or ()]

    # The window before it may have incidents of its own.
    await until(lambda: "test" in told(), "the report of the window with the test alert")
    state = crib_state(hass, monitor, "sensor", "report")
    assert state.attributes["provider"] == "local"
    assert state.attributes["score"] is None
    assert gemini.requests == []
    await leave(hass, entry)


async def test_ai_switch_off_sends_no_video(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await monitor.async_set_ai(False)
    await live(hass, monitor)
    await ended(monitor, WindowState.COMPLETED)
    await until(lambda: crib_state(hass, monitor, "sensor", "report").attributes.get("provider"), "the report")
    assert crib_state(hass, monitor, "sensor", "report").attributes["provider"] == "local"
    assert gemini.reports == []
    await leave(hass, entry)


@pytest.mark.parametrize("option", [{"video_reports": False}, {"crop_to_crib": True}])
async def test_parent_who_allows_no_video_gets_local_reports(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, option: dict[str, bool]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    hass.config_entries.async_update_entry(entry, options=option)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await ended(monitor, WindowState.COMPLETED)
    answer = await hass.services.async_call("cradlewatch", "report", {}, blocking=True, return_response=True)
    assert answer is not None
    assert answer["cribs"]["Nursery"]["provider"] == "local"
    assert gemini.reports == []
    await leave(hass, entry)


async def test_privacy_is_skipped_and_keeps_nothing(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.reports_with = ANSWER
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await monitor.async_set_privacy(True)
    asked = len(gemini.reports)
    found = await ended(monitor, WindowState.SKIPPED)
    assert {row.reason for row in found} == {"privacy"}
    assert not [path for row in found for path in monitor.windows.folder.glob(f"{row.window.name}*")]
    assert len(gemini.reports) == asked
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [("too_large", None), ("text:Once upon a time", "unreadable"), ("truncated", None), ("invalid_key", "invalid_key")],
)
async def test_faults_of_the_model(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, scenario: str, reason: str | None
) -> None:
    gemini.reports_with = scenario
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: monitor.entry.runtime_data.reports.desk.counts.failures, "the failure", 30)
    await hass.async_block_till_done()
    found = [row for row in await rows(monitor) if row.reason is not None and row.attempts]
    assert found
    assert all(row.state in (WindowState.FAILED, WindowState.PENDING) for row in found)
    if reason is not None:
        assert {row.reason for row in found} == {reason}
    assert not [row for row in await rows(monitor) if row.score is not None]
    report = crib_state(hass, monitor, "sensor", "report")
    assert report.attributes.get("provider") is None, "nothing is shown as a report"
    usage = await monitor._store.async_read(Store.usage, dt_util.now().date())
    assert usage.failures >= 1
    safety = await until(lambda: (s := crib_state(hass, monitor, "sensor", "safety")).state == "safe" and s, "a check")
    assert safety.attributes["reason"] is None, "the frame checks go on"
    await leave(hass, entry)


async def test_broken_form_is_put_right_by_one_text_only_call(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.reports_with = ANSWER
    gemini.report_next("text:The child plays [and")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await monitor.async_set_ai(True)
    await live(hass, monitor)
    await ended(monitor, WindowState.COMPLETED)
    first, second = gemini.reports[:2]
    assert len(first.images) == 1
    assert second.images == (), "no video goes with it"
    assert "The child plays [and" in second.prompt
    book = entry.runtime_data.reports.book
    done = [row for row in await rows(monitor) if row.state in (WindowState.COMPLETED, WindowState.PARTIAL)]
    reports = [await book.report_of(monitor.config.crib_id, row.window) for row in done]
    assert [report.repaired for report in reports if report].count(True) == 1
    assert [row.attempts for row in done] == [1] * len(done), "one attempt of the window, not two"
    usage = await monitor._store.async_read(Store.usage, dt_util.now().date())
    assert usage.calls == gemini.checks_received, "each call is counted, the second one too"
    assert usage.failures == 1
    await leave(hass, entry)


async def test_no_second_call_where_the_budget_leaves_none(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.reports_with = "slow:2:text:The child plays [and"
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    budget = entry.runtime_data.analyst.governor.budget
    await live(hass, monitor)
    await until(lambda: gemini.reports, "the report's request", 30)
    budget.settings = replace(budget.settings, calls_per_day=0)
    failures = entry.runtime_data.reports.desk.counts
    await until(lambda: failures.failures, "the failure", 30)
    assert len(gemini.reports) == 1
    await leave(hass, entry)


@pytest.mark.parametrize("allowed", [True, False])
async def test_sound_leaves_the_house_by_its_own_consent_only(
    hass: HomeAssistant, gemini: GeminiServer, allowed: bool
) -> None:
    """The drawn nursery cries from its second 36 on."""
    gemini.reports_with = ANSWER
    entry = await add_home(hass, crib_data("Nursery", "demo:?start=33"), data=GEMINI)
    if allowed:
        hass.config_entries.async_update_entry(entry, options={"sound_reports": True})
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "crying").state == "on", "the crying", 40)

    def sounding() -> list[GeminiRequest]:
        return [request for request in gemini.reports if request.images and has_sound(request.images[0])]

    if allowed:
        await until(sounding, "a video with sound", 30)
        assert "the video has sound from" in sounding()[0].prompt
    else:
        asked = len(gemini.reports)
        await until(lambda: len(gemini.reports) >= asked + 2, "two windows of the crying", 30)
        assert sounding() == []
        assert not [request for request in gemini.reports if "has sound from" in request.prompt]
    await leave(hass, entry)


def has_sound(video: bytes) -> bool:
    with av.open(io.BytesIO(video)) as container:
        return bool(container.streams.audio)


async def test_action_asks_for_the_window_so_far(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.reports_with = ANSWER
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: monitor.windows.figures()["frames_written"] >= 3, "some frames")
    answer = await hass.services.async_call(
        "cradlewatch", "report", {"minutes": 5}, blocking=True, return_response=True
    )
    assert answer is not None
    result = answer["cribs"]["Nursery"]
    assert result["provider"] == "gemini"
    assert result["text"] == "Played in the crib."
    assert result["score"] == 100
    assert not list(monitor.windows.folder.glob("ask-*")), "its clip is gone"
    gemini.reports_with = "503"
    answer = await hass.services.async_call(
        "cradlewatch", "report", {"minutes": 5}, blocking=True, return_response=True
    )
    assert answer is not None
    result = answer["cribs"]["Nursery"]
    assert (result["provider"], result["score"], result["failure"]) == ("local", None, "server_error")
    await leave(hass, entry)


async def test_windows_in_the_media_browser(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, hass_client: ClientSessionGenerator
) -> None:
    gemini.reports_with = ANSWER
    assert await async_setup_component(hass, "media_source", {})
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    row = (await ended(monitor, WindowState.COMPLETED))[-1]
    root = await media_source.async_browse_media(hass, "media-source://cradlewatch")
    crib = next(child for child in root.children or () if child.title == "Nursery")
    days = await media_source.async_browse_media(hass, crib.media_content_id)
    found = []
    for day in days.children or ():
        found += (await media_source.async_browse_media(hass, day.media_content_id)).children or ()
    mine = next(child for child in found if child.media_content_id.endswith(row.window.name))
    assert mine.title.endswith("(completed, 100)")
    played = await media_source.async_resolve_media(hass, mine.media_content_id, None)
    assert played.mime_type == "video/mp4"
    client = await hass_client()
    answer = await client.get(f"/api/cradlewatch/window/{monitor.config.crib_id}/{row.window.name}")
    assert answer.status == 200
    assert (await answer.read())[4:8] == b"ftyp"
    assert (await client.get(f"/api/cradlewatch/window/{monitor.config.crib_id}/none")).status == 404
    await client.close()
    with pytest.raises(media_source.Unresolvable):
        await media_source.async_resolve_media(hass, f"{crib.media_content_id}/../../secrets", None)
    await leave(hass, entry)
