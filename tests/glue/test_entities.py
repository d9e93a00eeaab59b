"""Entities and actions as a parent uses them."""

from datetime import timedelta
from pathlib import Path
import time
from types import SimpleNamespace
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch import state as state_module
from custom_components.cradlewatch.coordinator import CribState, ReportView
from custom_components.cradlewatch.engine.models import Activity, EventKind, Link, LoopFigures, Reading
from custom_components.cradlewatch.engine.safety import SafetyState
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until

EVENT_ATTRIBUTES = {
    "event_id", "phase", "severity", "status", "title", "description", "action_needed", "provider", "score", "zone",
    "started_at", "ended_at", "clip", "snapshot",
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("own_folder")


async def press(hass: HomeAssistant, crib_id: str, key: str) -> None:
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id(hass, crib_id, "button", key)}, blocking=True
    )


async def test_what_is_not_known_is_unknown(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", "rtsp://127.0.0.1:9/none"))
    monitor = crib_of(entry)
    for domain, key in (
        ("binary_sensor", "motion"), ("binary_sensor", "occupancy"), ("binary_sensor", "crying"),
        ("binary_sensor", "attention"), ("sensor", "safety"), ("sensor", "safety_score"), ("sensor", "sleep"),
        ("sensor", "activity"), ("sensor", "activity_level"), ("sensor", "last_event_title"), ("sensor", "report"),
        ("sensor", "sleep_today"), ("sensor", "frame_rate"), ("sensor", "ai_latency"), ("event", "event"),
    ):  # fmt: skip
        assert crib_state(hass, monitor, domain, key).state == "unknown", key
    assert crib_state(hass, monitor, "camera", "camera").state == "idle"
    await leave(hass, entry)


async def test_the_event_entity_and_its_attributes(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    before = crib_state(hass, monitor, "event", "event")
    assert set(before.attributes["event_types"]) == {kind.value for kind in EventKind}
    await press(hass, monitor.config.crib_id, "test_alert")
    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "test", "the test")
    state = crib_state(hass, monitor, "event", "event")
    assert set(state.attributes) >= EVENT_ATTRIBUTES
    assert state.attributes["title"] == "Nursery: test alert"
    assert state.attributes["provider"] == "local"
    assert state.attributes["status"] == "unverified"
    await leave(hass, entry)


async def test_readings_do_not_flood_the_recorder(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    monitor._thread.bridge.close()  # from here on readings come from the test
    figures = LoopFigures(
        frame_rate_fps=14.97, lag_p50_ms=1, lag_p99_ms=8.4, lag_max_ms=20, frames_total=100, frames_detected=50,
        packets_dropped=0, reconnects=0, viewers=0, viewers_cut=0,
    )  # fmt: skip
    written: list[str] = []
    hass.bus.async_listen("state_changed", lambda event: written.append(event.data["entity_id"]))
    for index in range(30):
        monitor.on_reading(
            Reading(at_s=time.monotonic(), activity_level=20 + index % 7, activity=Activity.CALM), figures
        )
    await hass.async_block_till_done()
    level = entity_id(hass, monitor.config.crib_id, "sensor", "activity_level")
    assert written.count(level) <= 2
    assert len(written) <= 12, written
    monitor.on_reading(Reading(at_s=time.monotonic(), activity_level=90, activity=Activity.ACTIVE), figures)
    await hass.async_block_till_done()
    assert hass.states.get(level).state == "90"  # type: ignore[union-attr]
    await leave(hass, entry)


async def test_a_covered_lens_is_no_calm(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    figures = monitor._thread.loop.figures()
    monitor._thread.bridge.close()
    monitor.on_reading(Reading(at_s=time.monotonic(), visible=False, lens_covered=True), figures)
    await hass.async_block_till_done()
    assert crib_state(hass, monitor, "sensor", "activity").state == "unknown"
    assert crib_state(hass, monitor, "sensor", "activity_level").state == "unknown"
    await leave(hass, entry)


async def test_actions_answer(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await press(hass, monitor.config.crib_id, "test_alert")

    async def ask(name: str, **data: Any) -> dict[str, Any]:
        answer = await hass.services.async_call("cradlewatch", name, data, blocking=True, return_response=True)
        assert isinstance(answer, dict)
        return answer

    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "test", "the test")
    events = (await ask("get_events", kinds=["test"]))["cribs"]["Nursery"]
    assert [event["event_type"] for event in events] == ["test"]
    assert set(events[0]) >= EVENT_ATTRIBUTES

    event_id = events[0]["event_id"]
    assert (await ask("feedback", event_id=event_id, correct=False))["event_id"] == event_id
    with pytest.raises(ServiceValidationError):
        await ask("feedback", event_id="nobody", correct=True)
    with pytest.raises(ServiceValidationError):
        await ask("check", entity_id=["light.other"])

    report = (await ask("report", minutes=5))["cribs"]["Nursery"]
    assert "test alert" in report["text"]
    assert report["score"] is None, "nothing was judged: no score"
    assert crib_state(hass, monitor, "sensor", "report").state != "unknown"
    await leave(hass, entry)


async def test_a_guest_gets_no_footage(hass: HomeAssistant, video: Path, hass_read_only_user: User) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    context = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True, context=context)
    stranger = await hass.auth.async_create_user("Nobody", group_ids=[])
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            "cradlewatch", "get_events", {}, blocking=True, return_response=True, context=Context(user_id=stranger.id)
        )
    await leave(hass, entry)


async def test_motion_stays_on_while_a_child_stirs(
    hass: HomeAssistant, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses of a second or two are no "clear": off when nothing has moved for ten seconds."""
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    figures = monitor._thread.loop.figures()
    monitor.threads.begin_stop()
    now_s = time.monotonic()
    monkeypatch.setattr(state_module, "time", SimpleNamespace(monotonic=lambda: now_s))

    def feel(motion: bool, *, visible: bool = True) -> bool | None:
        nonlocal now_s
        now_s += 1
        reading = Reading(
            at_s=now_s, motion=motion, activity_level=0.0, activity=Activity.STILL, occupancy=None,
            sound=None, crying=None, visible=visible,
        )  # fmt: skip
        monitor.on_reading(reading, figures)
        return monitor.keeper.state.motion

    assert [feel(moving) for moving in (True, False, False, True, False)] == [True] * 5
    assert [feel(False) for _ in range(8)] == [True] * 8
    assert feel(False) is False
    assert feel(True) is True
    assert feel(False, visible=False) is None, "what is not seen is not held"
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("check", "report", "age_min", "watching", "score"),
    [
        (None, None, 1, True, (None, None)),
        (90, None, 1, True, (90, "check")),
        (None, 70, 1, True, (70, "report")),
        (100, 70, 1, True, (70, "report")),
        (70, 100, 1, True, (70, "check")),
        (None, 70, 26, True, (None, None)),
        (None, 70, -5, True, (None, None)),
        (None, 70, 1, False, (None, None)),
    ],
)
def test_the_lower_score_counts_and_an_old_one_says_nothing(
    check: int | None, report: int | None, age_min: int, watching: bool, score: tuple[int | None, str | None]
) -> None:
    now = dt_util.utcnow()
    judged = SafetyState(
        safety=None, reason="expired", attention=None, score=check, verdict=None, valid_until_s=None
    )  # fmt: skip
    end = now - timedelta(minutes=age_min)
    view = ReportView(at=now, start=end, end=end, text="", score=report, provider="gemini")
    link = Link.LIVE if watching else Link.LOST
    assert state_module._score(judged, CribState(link=link, report=view)) == score
