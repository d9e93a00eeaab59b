"""Frame checks against a real local Gemini: verdicts, every kind of no answer, a wrong key."""

import asyncio
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant
import pytest

from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}


pytestmark = pytest.mark.usefixtures("own_folder")


async def check(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call("cradlewatch", "check", data, blocking=True, return_response=True)
    assert answer is not None
    result: dict[str, Any] = next(iter(answer["cribs"].values()))
    return result


async def test_danger_reaches_everything_in_one_pass(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("ok")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a first verdict")
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == "off"
    request = gemini.check_requests[-1] if hasattr(gemini, "check_requests") else None
    if request is not None:
        assert request.images[0][:2] == b"\xff\xd8"

    gemini.answer_with("danger")
    result = await check(hass)
    assert result["verdict"]["safety"] == "danger"
    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("severity") == "danger", "the event")
    assert crib_state(hass, monitor, "sensor", "safety").state == "danger"
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == "on"
    event = crib_state(hass, monitor, "event", "event").attributes
    assert event["event_type"] == "face_covered"
    assert event["status"] == "confirmed"
    assert event["provider"] == "gemini"
    assert event["snapshot"] == f"/api/cradlewatch/snapshot/{event['event_id']}"
    await until(lambda: crib_state(hass, monitor, "sensor", "last_event_title").state == event["title"], "the title")
    calls = hass.states.get(entity_id(hass, entry.entry_id, "sensor", "ai_calls_today"))
    assert calls is not None
    assert int(calls.state) >= 2

    gemini.answer_with("ok")
    await check(hass)
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == "off"
    await leave(hass, entry)


@pytest.mark.parametrize(
    ("scenario", "reason"),
    [
        ("not_json", "unreadable"),
        ("truncated", "truncated"),
        ("safety_block", "blocked"),
        ("empty", "empty"),
        ("429", "rate_limited"),
        ("500", "server_error"),
        ("200_html", None),
        ("404_model", "model_not_found"),
    ],
)
async def test_no_answer_is_unknown_with_its_reason(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, scenario: str, reason: str | None
) -> None:
    gemini.answer_with("ok")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a first verdict")
    gemini.answer_with(scenario)
    result = await check(hass)
    assert result["verdict"] is None
    state = crib_state(hass, monitor, "sensor", "safety")
    assert state.state == "unknown"
    assert state.attributes["reason"] == result["failure"]
    assert reason is None or result["failure"] == reason
    assert crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on", "the picture stopped"
    await leave(hass, entry)


async def test_a_hanging_call_holds_neither_unload_nor_the_picture(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("hang")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: gemini.checks_received > 0, "the request")
    assert monitor.coordinator.data.watching
    started = asyncio.get_running_loop().time()
    await leave(hass, entry)
    assert asyncio.get_running_loop().time() - started < 3


async def test_a_refused_key_starts_one_reauthentication_and_nothing_else_stops(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    gemini.answer_with("invalid_key")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)

    def reason() -> str | None:
        value: str | None = crib_state(hass, monitor, "sensor", "safety").attributes.get("reason")
        return value

    await until(lambda: reason() == "invalid_key", "the reason")
    await until(
        lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "ai_unavailable",
        "the event",
    )
    asked = gemini.checks_received
    await check(hass)
    assert gemini.checks_received == asked, "a refused key was used again"
    flows = [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]
    assert len(flows) == 1
    assert monitor.coordinator.data.watching

    thread = monitor._thread
    gemini.answer_with("ok")
    hass.config_entries.async_update_entry(entry, data={**GEMINI, "api_key": "another-key-987654321"})
    await hass.async_block_till_done()
    assert monitor._thread is thread, "a new key touched the camera"
    assert (await check(hass))["verdict"]["safety"] == "safe"
    assert KEY not in caplog.text
    await leave(hass, entry)


async def test_no_picture_means_no_request(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("ok")
    entry = await add_home(hass, crib_data("Nursery", "rtsp://127.0.0.1:9/none"), data=GEMINI)
    result = await check(hass)
    assert result["failure"] == "no_picture"
    assert gemini.checks_received == 0
    assert crib_state(hass, crib_of(entry), "sensor", "safety").state == "unknown"
    await leave(hass, entry)


async def test_ai_off_asks_nobody(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("ok")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    switch = entity_id(hass, monitor.config.crib_id, "switch", "ai")
    await hass.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await live(hass, monitor)
    asked = gemini.checks_received
    assert (await check(hass))["failure"] == "provider_off"
    await asyncio.sleep(1.5)
    assert gemini.checks_received == asked
    assert crib_state(hass, monitor, "sensor", "safety").attributes["reason"] == "ai_off"
    await leave(hass, entry)


async def test_local_never_claims_safety(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    result = await check(hass)
    assert result["verdict"]["safety"] is None
    state = crib_state(hass, monitor, "sensor", "safety")
    assert (state.state, state.attributes["reason"]) == ("unknown", "local_only")
    assert crib_state(hass, monitor, "binary_sensor", "attention").state == "unknown"
    await leave(hass, entry)
