"""What a parent says of incidents: the action, its permission, undo, and the buttons of notifications."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.cradlewatch.check_context import check_context
from custom_components.cradlewatch.engine.analysis.jobs import CheckRequest
from custom_components.cradlewatch.engine.analysis.prompt import context_text
from custom_components.cradlewatch.engine.models import EventKind, Severity, Signal, Status
from custom_components.cradlewatch.monitor import CribMonitor
from tests.engine.checks import picture
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, until
from tests.glue.test_blueprints import BLUEPRINTS, EVENT, end_automations, happens, settle, use  # noqa: F401

import shutil  # isort: skip

NOWHERE = "rtsp://127.0.0.1:9/none"


@pytest.fixture(autouse=True)
def own_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    shutil.copytree(BLUEPRINTS, tmp_path / "config" / "blueprints")
    hass.config.config_dir = str(tmp_path / "config")


async def say(hass: HomeAssistant, event_id: str, context: Context | None = None, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        "cradlewatch", "feedback", {"event_id": event_id, **data}, blocking=True, return_response=True, context=context
    )
    assert answer is not None
    return dict(answer)


async def heard(hass: HomeAssistant, monitor: CribMonitor, *, score: float = 0.55) -> str | None:
    """A cry that begins and ends; the incident's id, None where it was held back."""
    ids: list[str] = []
    stop = hass.bus.async_listen("cradlewatch_event", lambda event: ids.append(event.data["event_id"]))
    now_s = hass.loop.time()
    monitor._signal(Signal(kind=EventKind.CRYING, active=True, at_s=now_s, score=score))
    await hass.async_block_till_done()
    await monitor.desk._worker if monitor.desk._worker else None
    monitor._publish(monitor.tracker.end_all("reload", dt_util.utcnow(), now_s))
    await until(lambda: not monitor.desk._waiting, "what waits")
    stop()
    return ids[0] if ids else None


async def test_false_alarms_raise_the_bar_within_bounds_and_undo_lowers_it(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    monitor = crib_of(entry)
    first = await heard(hass, monitor)
    assert first is not None
    answer = await say(hass, first, verdict="false_alarm")
    assert answer["event_type"] == "crying"
    assert (answer["precision"], answer["undone"]) == (0.0, False)
    assert 0 < answer["threshold_offset"] < 0.05
    said = [first]
    for _ in range(9):
        if (event_id := await heard(hass, monitor, score=0.9)) is not None:
            said.append(event_id)
            answer = await say(hass, event_id, verdict="false_alarm")
    assert answer["threshold_offset"] == 0.15, "the bound"
    assert await heard(hass, monitor, score=0.55) is None, "below the raised bar"
    assert await heard(hass, monitor, score=0.66) is not None
    confidence = crib_state(hass, monitor, "sensor", "monitoring_confidence")
    assert confidence.attributes["precision"] == {"crying": 0.0}

    for event_id in said:
        answer = await say(hass, event_id, undo=True)
        assert answer["undone"] is True
    assert (answer["threshold_offset"], answer["precision"]) == (0, None)
    assert await heard(hass, monitor, score=0.55) is not None
    await leave(hass, entry)


async def test_words_outlive_a_restart(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    event_id = await heard(hass, crib_of(entry))
    assert event_id is not None
    offset = (await say(hass, event_id, verdict="false_alarm"))["threshold_offset"]
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert offset > 0
    assert round(crib_of(entry).feedback.book.offset(EventKind.CRYING, dt_util.now()), 3) == offset
    await leave(hass, entry)


async def test_a_muted_kind_says_so_and_danger_never_is(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    monitor = crib_of(entry)
    event_id = await heard(hass, monitor)
    assert event_id is not None
    await say(hass, event_id, verdict="ignore_hour")
    seen: list[dict[str, Any]] = []
    hass.bus.async_listen("cradlewatch_event", lambda event: seen.append(event.data))
    assert await heard(hass, monitor) is not None
    assert seen
    assert all(data["muted"] for data in seen)
    danger = monitor.tracker.raise_event(
        EventKind.CRYING, severity=Severity.DANGER, now_at=dt_util.utcnow(), now_s=hass.loop.time()
    )
    assert not monitor.feedback.muted(danger[0])
    await leave(hass, entry)


async def test_who_may_not_control_may_not_judge(hass: HomeAssistant, hass_read_only_user: User) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    event_id = await heard(hass, crib_of(entry))
    assert event_id is not None
    with pytest.raises(Unauthorized):
        await say(hass, event_id, Context(user_id=hass_read_only_user.id), verdict="real")
    with pytest.raises(ServiceValidationError):
        await say(hass, event_id)
    await leave(hass, entry)


# What the two apps send for a press: the same event, with different company.
ANDROID = {"device_id": "a1", "title": "Mina: crying", "message": "Why.", "tag": "cradlewatch-x"}
IOS = {"action_data": {"event_id": "x"}, "sourceDeviceName": "iPhone", "sourceDevicePermanentID": "1"}


@pytest.mark.parametrize("company", [ANDROID, IOS], ids=["android", "ios"])
async def test_a_button_is_feedback(hass: HomeAssistant, company: dict[str, Any]) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    monitor = crib_of(entry)
    event_id = await heard(hass, monitor)
    for action in ("CRADLEWATCH_REAL_nobody", "CRADLEWATCH_FALSE_ALARM_../x", "OTHER", "", "CRADLEWATCH_SHOUT_1"):
        hass.bus.async_fire("mobile_app_notification_action", {"action": action, **company})
    await hass.async_block_till_done()
    assert monitor.feedback.book.precision(EventKind.CRYING, dt_util.now()) is None
    hass.bus.async_fire("mobile_app_notification_action", {"action": f"CRADLEWATCH_REAL_{event_id}", **company})
    await until(lambda: monitor.feedback.book.precision(EventKind.CRYING, dt_util.now()) == 1.0, "the word")
    await leave(hass, entry)


async def test_the_buttons_of_a_notification(hass: HomeAssistant) -> None:
    phone_entry = MockConfigEntry(domain="mobile_app")
    phone_entry.add_to_hass(hass)
    phone = dr.async_get(hass).async_get_or_create(
        config_entry_id=phone_entry.entry_id, identifiers={("mobile_app", "1")}, name="Mum's phone"
    )
    pushes: list[ServiceCall] = async_mock_service(hass, "notify", "mobile_app_mum_s_phone")
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "notify_phone", crib_event=EVENT, phones=[phone.id], cooldown=0)
    await happens(hass, "e1", "climbing")
    rows = pushes[0].data["data"]["actions"]
    assert [(row["action"], row["title"]) for row in rows] == [
        ("CRADLEWATCH_REAL_e1", "Real"),
        ("CRADLEWATCH_FALSE_ALARM_e1", "False alarm"),
        ("CRADLEWATCH_IGNORE_HOUR_e1", "Mute 1 h"),
    ]
    await happens(hass, "e2", "camera_lost")
    assert pushes[1].data["data"]["actions"] == []
    at = (dt_util.utcnow() + timedelta(seconds=1)).isoformat(timespec="milliseconds")
    quiet = {"event_id": "e3", "event_type": "crying", "phase": "opened", "severity": "warning", "muted": True}
    hass.states.async_set(EVENT, at, quiet)
    await hass.async_block_till_done()
    assert len(pushes) == 2, "muted"
    assert await async_setup_component(hass, "homeassistant", {})


async def test_words_of_a_model_are_not_rendered_in_a_notification(hass: HomeAssistant) -> None:
    """Should anything get past the bounds and the plain text (tests/glue/test_hostile.py), it stays a text here."""
    phone_entry = MockConfigEntry(domain="mobile_app")
    phone_entry.add_to_hass(hass)
    phone = dr.async_get(hass).async_get_or_create(
        config_entry_id=phone_entry.entry_id, identifiers={("mobile_app", "1")}, name="Mum's phone"
    )
    pushes: list[ServiceCall] = async_mock_service(hass, "notify", "mobile_app_mum_s_phone")
    hass.states.async_set(EVENT, "unknown")
    await use(hass, "notify_phone", crib_event=EVENT, phones=[phone.id], cooldown=0)
    words = {"title": "{{ 40 + 2 }} look", "description": "{% raise %} {{ states.sensor }}"}
    attributes = {"event_id": "e1", "event_type": "climbing", "phase": "opened", "severity": "warning", **words}
    hass.states.async_set(EVENT, dt_util.utcnow().isoformat(timespec="milliseconds"), attributes)
    await settle()
    assert (pushes[0].data["title"], pushes[0].data["message"]) == (words["title"], words["description"])


async def test_a_word_is_told_to_the_next_prompts(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    monitor = crib_of(entry)
    for _ in range(3):
        event_id = await heard(hass, monitor, score=0.9)
        assert event_id is not None
        await say(hass, event_id, verdict="false_alarm")
    asked = CheckRequest(crib_id="c", pictures=(picture(),), context=check_context(monitor, picture(), ()))
    assert "the parent said: 3 of the last 3 findings of crying were false alarms" in context_text(asked)
    await leave(hass, entry)


async def test_a_danger_that_a_model_confirmed_raises_no_bar(hass: HomeAssistant) -> None:
    entry = await add_home(hass, crib_data("Nursery", NOWHERE))
    monitor = crib_of(entry)
    events = monitor.tracker.raise_event(
        EventKind.FACE_COVERED,
        severity=Severity.DANGER,
        now_at=dt_util.utcnow(),
        now_s=hass.loop.time(),
        provider="gemini",
        status=Status.CONFIRMED,
        momentary=False,
    )
    monitor.publish(events)
    await until(lambda: not monitor.desk._waiting, "what waits")
    for _ in range(3):
        answer = await say(hass, events[0].event_id, verdict="false_alarm")
    assert (answer["threshold_offset"], answer["precision"]) == (0, 0.0), "noted, and nothing more"
    again = Signal(kind=EventKind.FACE_COVERED, active=True, at_s=hass.loop.time(), score=0.5)
    assert monitor.feedback.admits(again)
    await leave(hass, entry)
