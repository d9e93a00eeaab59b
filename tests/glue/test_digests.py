"""Digests and the export of a running home: made once, shown, on request, and only for who may."""

import csv
from datetime import UTC, datetime, timedelta
import io
from pathlib import Path
from typing import Any

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockUser, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cradlewatch.digest_desk import _around, _last
from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from custom_components.cradlewatch.engine.store import Store, windows as window_rows
from custom_components.cradlewatch.engine.windows.bounds import Window
from custom_components.cradlewatch.engine.windows.clip import ClipMap, WindowClip
from custom_components.cradlewatch.engine.windows.digest import DigestSpan
from custom_components.cradlewatch.engine.windows.recorder import ClosedWindow
from custom_components.cradlewatch.engine.windows.report import Statement, TimelineEntry, WindowReport
from custom_components.cradlewatch.monitor import CribMonitor
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, until
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
HOUR = timedelta(hours=1)


pytestmark = pytest.mark.usefixtures("own_folder")


def event(name: str, at: datetime, severity: Severity = Severity.INFO, title: str | None = None) -> MonitorEvent:
    return MonitorEvent(
        event_id=name, kind=EventKind.CRYING if title is None else EventKind.HAZARD, phase=Phase.ENDED,
        severity=severity, status=Status.UNVERIFIED, provider="local", started_at=at, changed_at=at,
        ended_at=at + timedelta(seconds=30), title=title,
    )  # fmt: skip


async def keep_hour(monitor: CribMonitor, start_at: datetime) -> None:
    """Six windows of an hour: one understood by a model, one private, four watched; two cries and a danger."""
    crib_id, store = monitor.config.crib_id, monitor._store
    for number in range(6):
        at = start_at + timedelta(minutes=10 * number)
        window = Window(start_at=at, end_at=at + timedelta(minutes=10))
        clip = WindowClip(path=Path("x"), mp4=True, time_map=ClipMap(offsets_s=(0.0,)), size_bytes=1)
        private = number == 5
        closed = ClosedWindow(
            window=window, cut=False, coverage=0.0 if private else 1.0, frames=1, clip=None if private else clip,
            skipped="privacy" if private else None,
        )  # fmt: skip
        await store.async_read(window_rows.close_window, crib_id, closed, 10.0)
        if number == 0:
            await store.async_read(window_rows.begin_report, crib_id, window)
            report = WindowReport(
                provider="gemini", model="m", made_at=at, start_at=at, end_at=window.end_at, coverage=1.0,
                child_visibility="clear", timeline=(TimelineEntry(entry_id="t1", start_s=60, end_s=70, what="Turns."),),
                summary=(Statement(text="Turned over once.", evidence=("t1",)),), score=70,
            )  # fmt: skip
            await store.async_read(window_rows.finish_report, crib_id, window, report)
    for kept in (
        event("cry1", start_at + timedelta(minutes=12)),
        event("cry2", start_at + timedelta(minutes=31)),
        event("danger", start_at + timedelta(minutes=3), Severity.DANGER, "=Head over {count} the edge"),
    ):
        await store.async_read(Store.save_event, crib_id, kept)


def gathered(hass: HomeAssistant, kind: str) -> list[Event]:
    events: list[Event] = []
    hass.bus.async_listen(kind, events.append)
    return events


async def digest(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call("cradlewatch", "digest", data, blocking=True, return_response=True)
    assert answer is not None
    found: dict[str, Any] = answer["cribs"]["Nursery"]  # type: ignore[index,call-overload,assignment]
    return found


async def test_hour_by_code_names_what_each_sentence_rests_on(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    start_at, _ = _last(DigestSpan.HOUR, dt_util.utcnow())
    await keep_hour(monitor, start_at)
    told = gathered(hass, "cradlewatch_digest")
    await entry.runtime_data.reports.digests._make_all([DigestSpan.HOUR])
    state = await until(
        lambda: (s := crib_state(hass, monitor, "sensor", "hourly_digest")).attributes.get("text") and s, "the digest"
    )
    sentences = state.attributes["sentences"]
    clock = lambda minute: dt_util.as_local(start_at + timedelta(minutes=minute)).strftime("%H:%M")  # noqa: E731
    assert [item["text"] for item in sentences] == [
        f"danger: =Head over {{count}} the edge ({clock(3)}).",
        f"Lowest safety score of a report: 70 ({clock(0)}).",
        f"{clock(1)} Turned over once.",
        f"Nursery is crying, 2 times ({clock(12)}, {clock(31)}).",
        "Not watched for 0 h 10 min: the camera was turned off.",
        "Watched for 0 h 50 min of 1 h 0 min.",
    ]
    assert [[found["ref"] for found in item["evidence"]] for item in sentences[:1]] == [["danger"]]
    assert sentences[2]["evidence"][0]["ref"] == f"{start_at:%Y%m%dT%H%M%SZ}/t1"
    assert [found["ref"] for found in sentences[3]["evidence"]] == ["cry1", "cry2"]
    assert sentences[5]["rests_on"] == 5
    assert state.attributes["provider"] == "local"
    assert state.attributes["incidents"] == 1
    assert "text" in state.state_info["unrecorded_attributes"] if state.state_info else True
    await until(lambda: told, "the event")
    assert [item.data["crib"] for item in told] == ["Nursery"]
    # Once: nothing is made or told again, and a restart shows it.
    await entry.runtime_data.reports.digests._make_all([DigestSpan.HOUR])
    assert len(told) == 1
    assert gemini.requests == [], "no model is asked about an hour"
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    monitor = crib_of(entry)
    assert crib_state(hass, monitor, "sensor", "hourly_digest").attributes["sentences"] == sentences
    await leave(hass, entry)


async def test_korean_words(hass: HomeAssistant, video: Path) -> None:
    hass.config.language = "ko"
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    start_at, _ = _last(DigestSpan.HOUR, dt_util.utcnow())
    await keep_hour(crib_of(entry), start_at)
    found = await digest(hass, span="hour")
    assert "1시간 0분 중 0시간 50분 동안 지켜보았습니다." in found["text"]
    assert "카메라를 꺼 두었습니다" in found["text"]
    await leave(hass, entry)


ANSWER = {
    "sentences": [
        {"text": "Leaned over the edge once.", "evidence": ["i1"]},
        {"text": "Loves the moon.", "evidence": ["i99"]},
    ]
}


async def test_day_by_the_model_text_only_and_within_the_budget(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("hang")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    start_at, _ = _last(DigestSpan.DAY, dt_util.utcnow())
    await keep_hour(monitor, start_at + HOUR)
    gemini.answer_with(ANSWER)
    asked = gemini.checks_received
    usage = await monitor._store.async_read(Store.usage, dt_util.now().date())
    found = await digest(hass)
    assert found["provider"] == "gemini"
    assert found["text"] == "Leaned over the edge once."
    assert found["statements_dropped"] == 1
    assert found["sentences"][0]["evidence"][0]["ref"] == "danger"
    (call,) = [request for request in gemini.checks[asked:] if "Notes of the day" in request.prompt]
    assert call.images == ()
    after = await monitor._store.async_read(Store.usage, dt_util.now().date())
    assert after.calls > usage.calls
    # It is kept: asking again costs nothing.
    asked = gemini.checks_received
    assert await digest(hass) == found
    assert not [request for request in gemini.checks[asked:] if "Notes of the day" in request.prompt]
    await leave(hass, entry)


@pytest.mark.parametrize("scenario", ["503", "not_json", "safety_block", {"sentences": []}])
async def test_day_without_an_answer_is_written_by_code_and_says_why(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, scenario: str | dict[str, Any]
) -> None:
    gemini.answer_with(scenario)
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    start_at, _ = _last(DigestSpan.DAY, dt_util.utcnow())
    await keep_hour(crib_of(entry), start_at + HOUR)
    found = await digest(hass, span="day")
    assert found["provider"] == "local"
    assert found["failure"]
    assert "Nursery is crying, 2 times" in found["text"]
    await leave(hass, entry)


@pytest.mark.parametrize("option", [{"video_reports": False}, {"crop_to_crib": True}])
async def test_parent_who_allows_no_reports_gets_the_day_by_code(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, option: dict[str, bool]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    hass.config_entries.async_update_entry(entry, options=option)
    start_at, _ = _last(DigestSpan.DAY, dt_util.utcnow())
    await keep_hour(crib_of(entry), start_at + HOUR)
    assert (await digest(hass))["provider"] == "local"
    assert not [request for request in gemini.checks if "Notes of the day" in request.prompt]
    await leave(hass, entry)


async def test_nothing_kept_is_no_digest(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    assert await digest(hass, at="2020-01-01 10:00:00") is None
    assert crib_state(hass, crib_of(entry), "sensor", "daily_digest").state == "unknown"
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("zone", "at", "hours"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 9, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 25, 9, tzinfo=UTC), 25),
        ("Asia/Seoul", datetime(2028, 2, 29, 9, tzinfo=UTC), 24),
        ("Asia/Kolkata", datetime(2026, 11, 24, 9, tzinfo=UTC), 24),
    ],
)
async def test_days_of_the_home(hass: HomeAssistant, zone: str, at: datetime, hours: int) -> None:
    await hass.config.async_set_time_zone(zone)
    start_at, end_at = _around(DigestSpan.DAY, at)
    assert end_at - start_at == timedelta(hours=hours)
    assert dt_util.as_local(start_at).hour == 0
    hour = _around(DigestSpan.HOUR, at)
    assert hour[1] - hour[0] == HOUR
    assert dt_util.as_local(hour[0]).minute == 0
    assert hour[0] <= at < hour[1]
    assert _last(DigestSpan.DAY, at)[1] == start_at


# Export


async def export(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    context = data.pop("context", None)
    answer = await hass.services.async_call(
        "cradlewatch", "export_events", data, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    found: dict[str, Any] = answer["cribs"]["Nursery"]  # type: ignore[index,call-overload,assignment]
    return found


async def test_export_as_text_and_as_a_signed_file(
    hass: HomeAssistant, video: Path, hass_client: ClientSessionGenerator, hass_client_no_auth: ClientSessionGenerator
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    start_at, _ = _last(DigestSpan.HOUR, dt_util.utcnow())
    await keep_hour(monitor, start_at)
    period = {"start": start_at.isoformat(), "end": (start_at + HOUR).isoformat()}
    found = await export(hass, **period)
    rows = list(csv.DictReader(io.StringIO(found["csv"], newline="")))
    assert [row["event_id"] for row in rows] == ["danger", "cry1", "cry2"]
    assert rows[0]["title"] == "'=Head over {count} the edge", "no formula"
    assert rows[1]["title"] == "Nursery is crying"
    assert (found["rows"], found["truncated"]) == (3, False)
    newest = await export(hass, **period, limit=1)
    assert (newest["rows"], newest["truncated"]) == (1, True)
    assert "cry2" in newest["csv"]
    assert (await export(hass, **period, kinds=["hazard"]))["rows"] == 1

    anyone = await hass_client_no_auth()
    answer = await anyone.get(found["url"])
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    body = await answer.read()
    assert body.startswith(b"\xef\xbb\xbf")
    assert body.decode("utf-8-sig") == found["csv"]
    # The link is of this period only, and without it nobody gets anything.
    address = found["url"].partition("?")[0]
    assert (await anyone.get(address)).status == 401
    assert (await anyone.get(found["url"].replace("limit=1000", "limit=9999"))).status == 401
    parent = await hass_client()
    assert (await parent.get(address)).status == 200
    assert (await parent.get("/api/cradlewatch/export/none")).status == 404
    for wrong in ("start=yesterday", "start=2026-01-01T00:00:00", "limit=x", "kinds=nonsense"):
        assert (await parent.get(f"{address}?{wrong}")).status == 400, wrong
    with pytest.raises(Exception, match="kinds"):
        await export(hass, kinds=["nonsense"])
    await leave(hass, entry)


async def test_who_may_not_read_gets_neither_text_nor_file(
    hass: HomeAssistant, video: Path, hass_client: ClientSessionGenerator, hass_admin_user: MockUser
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    stranger = MockUser(id="stranger").add_to_hass(hass)
    stranger.mock_policy({})
    for call in (export, digest):
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                "cradlewatch", "export_events" if call is export else "digest", {}, blocking=True,
                return_response=True, context=Context(user_id=stranger.id),
            )  # fmt: skip
    reader = MockUser(id="reader").add_to_hass(hass)
    reader.mock_policy({"entities": {"all": {"read": True}}})
    assert (await export(hass, context=Context(user_id=reader.id)))["rows"] == 0
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "cradlewatch", "digest", {}, blocking=True, return_response=True, context=Context(user_id=reader.id)
        )
    client = await hass_client()
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({})
    assert (await client.get(f"/api/cradlewatch/export/{monitor.config.crib_id}")).status == 403
    await leave(hass, entry)


async def test_what_ended_while_nothing_ran_is_made_up_for_and_the_clock_makes_the_rest(
    hass: HomeAssistant, video: Path
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    start_at, end_at = _last(DigestSpan.HOUR, dt_util.utcnow())
    await keep_hour(crib_of(entry), start_at)
    told = gathered(hass, "cradlewatch_digest")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
    await until(lambda: told, "the digest of the hour before the start")
    assert told[0].data["span"] == "hour"
    assert dt_util.parse_datetime(told[0].data["end"]) == end_at
    await leave(hass, entry)
