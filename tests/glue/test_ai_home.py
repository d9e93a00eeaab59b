"""The AI of a home, whole: remedies, fall-back, budget, context, several cribs. Real servers, real frame threads."""

import asyncio
from datetime import timedelta
import json
import logging
from pathlib import Path
import time
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.diagnostics import async_get_config_entry_diagnostics
from custom_components.cradlewatch.engine.models import EventKind, Severity, Signal
from tests.glue.helpers import KEY
from tests.glue.homes import crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.servers.gemini import GeminiServer
from tests.servers.openai import OpenAiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
OTHER_KEY = "sk-another-secret-0123456789"


pytestmark = pytest.mark.usefixtures("own_folder")


async def home(
    hass: HomeAssistant, *cribs: Any, data: dict[str, Any] = GEMINI, options: dict[str, Any] | None = None
) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain="cradlewatch", title="Cradlewatch", data=data, options=options or {}, subentries_data=list(cribs)
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def check(hass: HomeAssistant) -> dict[str, Any]:
    answer = await hass.services.async_call("cradlewatch", "check", {}, blocking=True, return_response=True)
    assert answer is not None
    result: dict[str, Any] = next(iter(answer["cribs"].values()))
    return result


def of_home(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> State:
    state = hass.states.get(entity_id(hass, entry.entry_id, "sensor", key))
    assert state is not None
    return state


async def safe(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "safe", "a first verdict")


def our_issues(hass: HomeAssistant) -> set[str]:
    return {issue for domain, issue in ir.async_get(hass).issues if domain == "cradlewatch" and "no_sound" not in issue}


@pytest.mark.parametrize(
    ("scenario", "reason", "issue", "status"),
    [
        ("403", "forbidden", "ai_forbidden_gemini", "backing_off"),
        ("429_daily", "daily_quota", "ai_daily_quota_gemini", "backing_off"),
        ("404_model", "model_not_found", "model_gone", "backing_off"),
        ("429", "rate_limited", None, "backing_off"),
        ("500", "server_error", None, "degraded"),
        ("503", "server_error", None, "degraded"),
        ("safety_finish", "blocked", None, "degraded"),
        ("wrong_schema", "unreadable", None, "degraded"),
        ("invalid_key", "invalid_key", None, "backing_off"),
    ],
)
async def test_each_failure_has_its_reason_and_remedy(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, scenario: str, reason: str, issue: str | None, status: str
) -> None:
    gemini.answer_with("ok")
    entry = await home(hass, crib_data("Nursery", str(video)))
    await safe(hass, entry)
    assert of_home(hass, entry, "ai_status").state == "ok"

    gemini.answer_with(scenario)
    assert (await check(hass))["failure"] == reason
    safety = crib_state(hass, crib_of(entry), "sensor", "safety")
    assert (safety.state, safety.attributes["reason"]) == ("unknown", reason)
    shown = of_home(hass, entry, "ai_status")
    assert (shown.state, shown.attributes["reason"]) == (status, reason)
    assert our_issues(hass) == ({issue} if issue else set())
    flows = [flow for flow in hass.config_entries.flow.async_progress() if flow["context"]["source"] == SOURCE_REAUTH]
    assert len(flows) == (1 if reason == "invalid_key" else 0)
    await leave(hass, entry)


async def test_an_outage_backs_off_says_so_once_and_returns(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    gemini.answer_with("ok")
    entry = await home(hass, crib_data("Nursery", str(video)))
    await safe(hass, entry)
    caplog.clear()
    gemini.answer_with("500")
    for _ in range(3):
        assert (await check(hass))["failure"] == "server_error"
    asked = gemini.checks_received
    assert of_home(hass, entry, "ai_status").state == "backing_off"
    await until(
        lambda: crib_state(hass, crib_of(entry), "event", "event").attributes.get("event_type") == "ai_unavailable",
        "the event",
    )
    # One early probe is granted to a person's or a danger's urgency; after that the pause holds.
    failures = [(await check(hass))["failure"] for _ in range(4)]
    assert failures[-1] == "backing_off"
    assert gemini.checks_received - asked <= 1
    assert crib_state(hass, crib_of(entry), "sensor", "safety").attributes["reason"] == "server_error"
    lines = [row for row in caplog.records if row.levelno >= logging.WARNING and "cradlewatch" in row.name]
    assert len([row for row in lines if "gives no verdicts" in row.message]) == 1

    gemini.answer_with("ok")
    chain = entry.runtime_data.analyst._chain
    chain.links[0].breaker._resume_s = time.monotonic()  # the pause is over
    assert (await check(hass))["verdict"]["safety"] == "safe"
    assert of_home(hass, entry, "ai_status").state == "ok"
    assert len([row for row in caplog.records if "answers again" in row.message]) == 1
    await leave(hass, entry)


async def test_the_fall_back_judges_while_the_first_is_out(
    hass: HomeAssistant, video: Path, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with OpenAiServer() as other:
        gemini.answer_with("500")
        other.answer_with("danger")
        server = {"base_url": f"{other.url}/v1", "model": "local-vision", "api_key": OTHER_KEY}
        data = GEMINI | {"fallback": ["openai_compatible"], "openai_compatible": server}
        entry = await home(hass, crib_data("Nursery", str(video)), data=data)
        monitor = crib_of(entry)
        await live(hass, monitor)
        await until(lambda: crib_state(hass, monitor, "sensor", "safety").state == "danger", "the other's verdict")
        assert crib_state(hass, monitor, "sensor", "safety").attributes["provider"] == "openai_compatible"
        shown = of_home(hass, entry, "ai_status")
        assert (shown.state, shown.attributes["reason"]) == ("degraded", "server_error")
        assert list(shown.attributes["providers"]) == ["gemini", "openai_compatible"]

        other.answer_with("invalid_key")
        await check(hass)
        flows = [f for f in hass.config_entries.flow.async_progress() if f["context"]["source"] == SOURCE_REAUTH]
        assert len(flows) == 1
        other.answer_with("ok")
        result = await hass.config_entries.flow.async_configure(flows[0]["flow_id"], {"api_key": "sk-new-0123456789"})
        assert result["reason"] == "reauth_successful"
        await hass.async_block_till_done()
        assert entry.data["openai_compatible"]["api_key"] == "sk-new-0123456789"
        assert entry.data["api_key"] == KEY, "the other's key is untouched"
        assert (await check(hass))["verdict"]["provider"] == "openai_compatible"

        found = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
        states = json.dumps([state.as_dict() for state in hass.states.async_all()], default=str)
        for text in (found, states, caplog.text):
            assert KEY not in text
            assert OTHER_KEY not in text
        await leave(hass, entry)


async def test_a_spent_budget_is_unknown_with_its_reason_and_sends_nothing(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("ok")
    entry = await home(hass, crib_data("Nursery", str(video)), options={"calls_per_day": 3, "urgent_share": 34})
    monitor = crib_of(entry)
    await safe(hass, entry)
    while (await check(hass))["failure"] is None:
        pass
    assert gemini.checks_received == 3
    safety = await until(
        lambda: (s := crib_state(hass, monitor, "sensor", "safety")).attributes["reason"] == "budget_spent" and s,
        "the reason",
    )
    assert safety.state == "unknown"
    await until(
        lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "budget_spent", "the event"
    )
    shown = of_home(hass, entry, "ai_status")
    assert (shown.state, shown.attributes["reason"]) == ("budget_spent", "calls_spent")
    assert crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on"
    await asyncio.sleep(2)
    assert gemini.checks_received == 3

    # A restart forgets nothing.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    await live(hass, crib_of(entry))
    assert of_home(hass, entry, "ai_calls_today").state == "3"
    assert (await check(hass))["failure"] == "budget_spent"
    assert gemini.checks_received == 3

    # A higher limit counts at once, and nothing is reloaded by it.
    monitor = crib_of(entry)
    hass.config_entries.async_update_entry(entry, options={"calls_per_day": 100})
    await hass.async_block_till_done()
    assert crib_of(entry) is monitor
    assert (await check(hass))["verdict"]["safety"] == "safe"
    await until(lambda: not monitor.tracker.active(EventKind.BUDGET_SPENT), "the end of it")
    await leave(hass, entry)


async def test_prices_make_a_cost_and_none_is_invented(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("ok")
    entry = await home(hass, crib_data("Nursery", str(video)))
    await safe(hass, entry)
    assert int(of_home(hass, entry, "ai_tokens_today").state) > 0
    assert of_home(hass, entry, "ai_cost_today").state == "unknown"
    await leave(hass, entry)

    priced = await home(hass, crib_data("Other", str(video)), options={"prices": ["gemini-2.5-flash 1 2"]})
    await live(hass, crib_of(priced, "Other"))
    await check(hass)
    cost = of_home(hass, priced, "ai_cost_today")
    assert cost.attributes["unit_of_measurement"] == hass.config.currency
    await leave(hass, priced)


async def test_the_model_is_told_what_the_parent_chose_and_no_name(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("ok")
    hass.states.async_set("sensor.t", "21.5", {"device_class": "temperature", "unit_of_measurement": "°C"})
    hass.states.async_set("sensor.gone", "unavailable", {"device_class": "humidity"})
    hass.states.async_set("switch.stove", "on", {"friendly_name": "Stove of Minjun"})
    hass.states.async_set("binary_sensor.gate", "off", {"friendly_name": "Stair gate"})
    hass.states.async_set("person.mum", "home")
    hass.states.async_set("person.dad", "not_home")
    options = {
        "rules": ["Minjun may sleep on his side", "{{ 1 + 1 }} the cat stays out"],
        "room_entities": ["sensor.t", "sensor.gone"],
        "danger_entities": ["switch.stove", "binary_sensor.gate"],
        "persons": ["person.mum", "person.dad"],
    }
    birthdate = (dt_util.now().date() - timedelta(days=150)).isoformat()
    entry = await home(hass, crib_data("Minjun", str(video), birthdate=birthdate), options=options)
    monitor = crib_of(entry, "Minjun")
    await live(hass, monitor)
    await until(lambda: gemini.checks_received > 0, "a check")
    await check(hass)
    told = json.dumps(gemini.checks[-1].body, ensure_ascii=False, default=str)
    for part in ("temperature: 21.5 °C", "Stove of the child: on", "the child may sleep on his side",
                 "the cat stays out", "adults at home: 1", "4 months", "min ago: safe"):  # fmt: skip
        assert part in told, part
    for part in ("Minjun", "humidity", "Stair gate", "1 + 1", KEY):
        assert part not in told, part
    await leave(hass, entry)


async def test_a_suspicion_shows_up_to_three_pictures_in_time_order(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("ok")
    entry = await home(hass, crib_data("Nursery", str(video)))
    await safe(hass, entry)
    monitor = crib_of(entry)
    await asyncio.sleep(3)
    asked = gemini.checks_received
    monitor._signal(
        Signal(kind=EventKind.FACE_COVERED, active=True, at_s=time.monotonic() - 1, severity=Severity.DANGER)
    )
    await until(lambda: gemini.checks_received > asked, "the urgent check", 3)
    request = gemini.checks[asked]
    assert 2 <= len(request.images) <= 3
    assert "face_covered" in json.dumps(request.body, default=str)
    await leave(hass, entry)


async def test_five_cribs_share_a_lane_and_danger_goes_first(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    gemini.answer_with("slow:4")
    names = ["A", "B", "C", "D", "E"]
    entry = await home(hass, *(crib_data(name, str(video)) for name in names))
    for name in names:
        await live(hass, crib_of(entry, name), 40)
    await until(lambda: gemini.checks_received > 0, "a routine check")
    monitor = crib_of(entry, "E")
    asked, began = gemini.checks_received, time.monotonic()
    monitor._signal(
        Signal(kind=EventKind.FACE_COVERED, active=True, at_s=time.monotonic() - 1.5, severity=Severity.DANGER)
    )
    await until(
        lambda: any("face_covered" in json.dumps(item.body, default=str) for item in gemini.checks[asked:]),
        "the urgent check",
        3,
    )
    assert time.monotonic() - began < 3, "it waited for the others"
    await until(lambda: not monitor.tracker.suspected, "its verdict", 20)
    figures = entry.runtime_data.analyst._lane.figures()
    assert figures.stuck == 0
    await leave(hass, entry)
