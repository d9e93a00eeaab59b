"""Alerts to phones without an automation: real mobile_app, a local push service, the whole life of an alert."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.cradlewatch import alert_line
from custom_components.cradlewatch.alerts import AlertDesk
from custom_components.cradlewatch.const import DOMAIN, EVENT_BUS, SUBENTRY_CRIB
from custom_components.cradlewatch.phones import phones_of
from custom_components.cradlewatch.phrases import async_load_phrases
from tests.glue.homes import crib_data, crib_of, entity_id, leave, until
from tests.glue.phones import PushService, add_phone, push_service

BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"
SNAPSHOT = "/api/cradlewatch/snapshot/e1"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as running:
        yield running


@pytest.fixture
async def mum(hass: HomeAssistant, service: PushService) -> str:
    return await add_phone(hass, service, "mum", "Mum's iPhone")


@pytest.fixture
async def dad(hass: HomeAssistant, service: PushService) -> str:
    return await add_phone(hass, service, "dad", "Dad's Pixel", apple=False)


class Crib:
    """A crib in the registries, whose incidents a test tells."""

    def __init__(self, hass: HomeAssistant, entry: MockConfigEntry) -> None:
        self.hass = hass
        self.entry = entry
        self.id = next(iter(entry.subentries))
        self.device = dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id, config_subentry_id=self.id, identifiers={(DOMAIN, self.id)}, name="Mina"
        )
        entities = er.async_get(hass)
        self.event, self.camera = (
            entities.async_get_or_create(
                domain, DOMAIN, f"{self.id}_{domain}", config_entry=entry, config_subentry_id=self.id,
                device_id=self.device.id, suggested_object_id=f"mina_{domain}",
            ).entity_id
            for domain in ("event", "camera")
        )  # fmt: skip

    def tell(self, event_id: str, kind: str, phase: str = "opened", **more: Any) -> None:
        data = {
            "event_id": event_id, "event_type": kind, "phase": phase, "severity": "warning", "status": "unverified",
            "title": f"Mina: {kind}", "description": "Why.", "action_needed": None, "snapshot": SNAPSHOT,
            "muted": False, "entity_id": self.event, "device_id": self.device.id,
        }  # fmt: skip
        self.hass.bus.async_fire(EVENT_BUS, data | more)


async def alerts_to(hass: HomeAssistant, *phones: str, **options: Any) -> tuple[Crib, AlertDesk]:
    entry = MockConfigEntry(
        domain=DOMAIN,
        data={"provider": "local"},
        options={"alert_phones": list(phones), **options},
        subentries_data=[{"data": {}, "subentry_type": SUBENTRY_CRIB, "title": "Mina", "unique_id": None}],
    )
    entry.add_to_hass(hass)
    await async_load_phrases(hass)
    desk = AlertDesk(hass, entry)
    desk.start()
    return Crib(hass, entry), desk


async def settled(hass: HomeAssistant) -> None:
    await hass.async_block_till_done(wait_background_tasks=True)


def shown(push: dict[str, Any]) -> tuple[str, str, int, str]:
    """Interruption level (iOS), importance (Android), critical, tag."""
    data = push["data"]
    return data["push"]["interruption-level"], data["importance"], data["push"]["sound"]["critical"], data["tag"]


async def test_the_whole_life_of_an_alert(hass: HomeAssistant, service: PushService, mum: str, dad: str) -> None:
    crib, desk = await alerts_to(hass, mum, dad)
    crib.tell("e1", "face_covered", status="suspected")
    await settled(hass)
    crib.tell("e1", "face_covered", "updated", severity="danger", status="confirmed", action_needed="Go there.")
    await settled(hass)
    crib.tell("e2", "camera_lost")
    await settled(hass)
    crib.tell("e1", "face_covered", "ended", severity="danger", status="confirmed")
    crib.tell("e3", "climbing", status="suspected", muted=True)
    crib.tell("e4", "climbing", status="suspected", severity="danger", muted=True)
    await settled(hass)
    crib.tell("e4", "climbing", "updated", status="dismissed", severity="info", description="Nothing there.")
    crib.tell("e5", "camera_back", severity="info")
    await settled(hass)
    desk.close()

    assert service.of("mum") == service.of("dad"), "one payload has the fields of both"
    suspected, confirmed, lost, climbing, dismissed, back = service.of("mum")
    assert shown(suspected) == ("time-sensitive", "high", 0, "cradlewatch-e1")
    assert shown(confirmed) == ("critical", "max", 1, "cradlewatch-e1")
    assert confirmed["message"] == "Why. Go there. (Cradlewatch is not a medical device.)"
    assert confirmed["data"]["media_stream"] == "alarm_stream"
    assert confirmed["data"]["push"]["sound"] == {"name": "default", "critical": 1, "volume": 1.0}
    assert confirmed["data"]["image"] == SNAPSHOT
    assert confirmed["data"]["url"] == confirmed["data"]["clickAction"] == f"entityId:{crib.camera}"
    assert [button["action"] for button in confirmed["data"]["actions"]] == [
        "CRADLEWATCH_REAL_e1", "CRADLEWATCH_FALSE_ALARM_e1", "CRADLEWATCH_IGNORE_HOUR_e1",
    ]  # fmt: skip
    assert shown(lost) == ("time-sensitive", "high", 0, "cradlewatch-e2")
    assert lost["data"]["actions"] == [], "nobody can call that a false alarm"
    assert shown(climbing) == ("critical", "max", 1, "cradlewatch-e4"), "danger is never muted, nor waits"
    assert shown(dismissed) == ("passive", "low", 0, "cradlewatch-e4")
    assert dismissed["data"]["alert_once"] is True
    assert dismissed["data"]["push"]["sound"]["name"] == "none"
    assert shown(back) == ("active", "high", 0, "cradlewatch-e5")


async def test_in_korean(hass: HomeAssistant, service: PushService, mum: str) -> None:
    hass.config.language = "ko"
    crib, desk = await alerts_to(hass, mum)
    crib.tell("e1", "climbing", severity="danger", status="confirmed")
    await settled(hass)
    desk.close()
    (push,) = service.of("mum")
    assert [button["title"] for button in push["data"]["actions"]] == ["진짜", "오경보", "1시간 음소거"]
    assert push["message"].endswith("(Cradlewatch는 의료 기기가 아닙니다.)")


async def use_blueprint(hass: HomeAssistant, tmp_path: Path, **inputs: Any) -> None:
    shutil.copytree(BLUEPRINTS, tmp_path / "config" / "blueprints")
    hass.config.config_dir = str(tmp_path / "config")
    config = {
        "id": "tell", "alias": "tell", "use_blueprint": {"path": "cradlewatch/notify_phone.yaml", "input": inputs}
    }  # fmt: skip
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await hass.async_block_till_done()


def announce(hass: HomeAssistant, crib: Crib, event_id: str, kind: str, **more: Any) -> None:
    """As the event entity and the bus tell it, one after the other."""
    attributes = {
        "event_type": kind, "event_id": event_id, "phase": "opened", "severity": "warning", "status": "unverified",
        "title": f"Mina: {kind}", "description": "Why.", "action_needed": None, "snapshot": SNAPSHOT, "muted": False,
    } | more  # fmt: skip
    hass.states.async_set(crib.event, dt_util.utcnow().isoformat(timespec="milliseconds"), attributes)
    crib.tell(event_id, kind, **more)


async def test_never_twice_beside_the_blueprint(
    hass: HomeAssistant, tmp_path: Path, service: PushService, mum: str, dad: str
) -> None:
    """And the two say the same, field by field."""
    crib, desk = await alerts_to(hass, mum, dad)
    hass.states.async_set(crib.event, "unknown")
    hass.states.async_set(crib.camera, "streaming")
    await use_blueprint(hass, tmp_path, crib_event=crib.event, phones=[mum])
    announce(hass, crib, "e1", "climbing", severity="danger", status="suspected")
    await until(lambda: len(service.got) >= 2, "both phones")
    await settled(hass)
    assert sorted(phone for phone, _ in service.got) == ["dad", "mum"], "each once"
    (by_blueprint,), (by_us,) = service.of("mum"), service.of("dad")
    assert by_us == by_blueprint

    await hass.services.async_call("automation", "turn_off", {"entity_id": "automation.tell"}, blocking=True)
    announce(hass, crib, "e2", "climbing", severity="danger", status="suspected")
    await settled(hass)
    assert len(service.of("mum")) == 2, "an automation that is off tells nobody: we do"
    desk.close()


async def test_the_blueprint_of_another_crib_does_not_count(
    hass: HomeAssistant, tmp_path: Path, service: PushService, mum: str
) -> None:
    crib, desk = await alerts_to(hass, mum)
    await use_blueprint(hass, tmp_path, crib_event="event.other", phones=[mum])
    crib.tell("e1", "crying")
    await settled(hass)
    assert len(service.of("mum")) == 1
    desk.close()


async def later(hass: HomeAssistant, **how_long: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**how_long))
    await settled(hass)


async def test_told_once_more_where_nobody_reacts(hass: HomeAssistant, service: PushService, mum: str) -> None:
    crib, desk = await alerts_to(hass, mum, alert_follow_up=3)
    crib.tell("e1", "climbing", severity="danger", status="confirmed")
    await settled(hass)
    await later(hass, minutes=2)
    assert len(service.got) == 1
    await later(hass, minutes=4)
    again = service.of("mum")[1]
    assert again["title"] == "Nobody has reacted: Mina: climbing"
    assert shown(again) == ("critical", "max", 1, "cradlewatch-e1")
    await later(hass, minutes=20)
    assert len(service.got) == 2, "once"
    desk.close()


@pytest.mark.parametrize("reaction", ["button", "swipe", "ended", "dismissed", "never", "closed"])
async def test_not_told_again(hass: HomeAssistant, service: PushService, mum: str, reaction: str) -> None:
    crib, desk = await alerts_to(hass, mum, alert_follow_up=0 if reaction == "never" else 3)
    crib.tell("e1", "climbing", status="suspected")
    await settled(hass)
    if reaction == "button":
        hass.bus.async_fire("mobile_app_notification_action", {"action": "CRADLEWATCH_FALSE_ALARM_e1"})
    elif reaction == "swipe":
        hass.bus.async_fire("mobile_app_notification_cleared", {"tag": "cradlewatch-other"})
        hass.bus.async_fire("mobile_app_notification_cleared", {"tag": "cradlewatch-e1"})
    elif reaction == "ended":
        crib.tell("e1", "climbing", "ended", status="suspected")
    elif reaction == "dismissed":
        crib.tell("e1", "climbing", "updated", status="dismissed")
    elif reaction == "closed":
        desk.close()
    await settled(hass)
    service.got.clear()
    await later(hass, minutes=10)
    assert not service.got
    desk.close()


async def test_somebody_is_in_the_room(hass: HomeAssistant, service: PushService, mum: str) -> None:
    quiet = {"alert_quiet_entities": ["person.dad", "sensor.dads_watch"], "alert_quiet_room": " Nursery"}
    crib, desk = await alerts_to(hass, mum, alert_cooldown=0, **quiet)
    hass.states.async_set("person.dad", "home")
    hass.states.async_set("sensor.dads_watch", "kitchen")
    crib.tell("e1", "crying")
    hass.states.async_set("sensor.dads_watch", "nursery")
    await settled(hass)
    crib.tell("e2", "crying")
    crib.tell("e3", "climbing", severity="danger")
    await settled(hass)
    levels = [shown(push)[0] for push in service.of("mum")]
    assert levels == ["time-sensitive", "passive", "critical"]
    desk.close()


async def test_each_phone_its_own_kinds(hass: HomeAssistant, service: PushService, mum: str, dad: str) -> None:
    own = {dad: {"alert_kinds": ["motion", "a_kind_of_tomorrow"], "alert_severity": "danger"}}
    crib, desk = await alerts_to(hass, mum, dad, alert_own=own)
    crib.tell("e1", "crying", severity="info")
    crib.tell("e2", "motion", severity="info")
    await settled(hass)
    assert [push["data"]["cradlewatch"]["kind"] for push in service.of("mum")] == ["crying"]
    assert [push["data"]["cradlewatch"]["kind"] for push in service.of("dad")] == ["motion"]
    desk.close()


async def test_a_removed_phone_is_told_at_once_and_the_other_rings(
    hass: HomeAssistant, service: PushService, mum: str, dad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_line, "_AGAIN_S", (0.0,))
    crib, desk = await alerts_to(hass, mum, dad)
    (entry,) = [entry for entry in hass.config_entries.async_entries("mobile_app") if entry.title.startswith("Mum")]
    await hass.config_entries.async_remove(entry.entry_id)
    await settled(hass)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"alert_phone_gone_{mum}")
    assert issue is not None
    assert issue.is_fixable
    assert [phone.device_id for phone in phones_of(hass)] == [dad]
    crib.tell("e1", "crying")
    await settled(hass)
    assert len(service.of("dad")) == 1
    assert desk.figures() == {"phones": 2, "sent": 1, "failed": 1, "dropped": 0}

    hass.config_entries.async_update_entry(crib.entry, options={"alert_phones": [dad]})
    desk.options_changed()
    assert not ir.async_get(hass).issues
    desk.close()


async def test_a_failing_phone_is_told_once_and_taken_back(
    hass: HomeAssistant,
    service: PushService,
    mum: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(alert_line, "_AGAIN_S", (0.0, 0.0))
    crib, desk = await alerts_to(hass, mum, alert_cooldown=0)
    works = False
    calls: list[ServiceCall] = []

    async def shaky(call: ServiceCall) -> None:
        calls.append(call)
        if not works:
            raise HomeAssistantError("not connected: secret-token")

    hass.services.async_register("notify", "mobile_app_mum_s_iphone", shaky)
    crib.tell("e1", "crying")
    crib.tell("e2", "climbing")
    await settled(hass)
    assert len(calls) == 6, "each three times"
    assert caplog.text.count("did not reach the phone") == 1
    assert "secret-token" not in caplog.text
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"alert_failed_{mum}") is not None
    works = True
    crib.tell("e3", "crying")
    await settled(hass)
    assert not ir.async_get(hass).issues
    assert desk.figures() == {"phones": 1, "sent": 1, "failed": 2, "dropped": 0}
    desk.close()


async def test_a_slow_phone_does_not_hold_the_others_up(
    hass: HomeAssistant, service: PushService, mum: str, dad: str
) -> None:
    crib, desk = await alerts_to(hass, mum, dad, alert_cooldown=0)
    gate = asyncio.Event()

    async def stuck(call: ServiceCall) -> None:
        await gate.wait()

    hass.services.async_register("notify", "mobile_app_mum_s_iphone", stuck)
    for index in range(60):
        crib.tell(f"e{index}", "crying", status="suspected")
        crib.tell(f"e{index}", "crying", "updated", status="confirmed")
    await until(lambda: len(service.of("dad")) > 50, "what Dad's line holds")
    assert desk.figures()["dropped"] == 2 * (120 - 51)
    levels = [shown(push)[0] for push in service.of("dad")]
    assert levels.count("time-sensitive") == 50, "the silent updates went first"
    desk.close()
    gate.set()
    await settled(hass)
    desk.close()


async def test_before_the_phones_are_known(hass: HomeAssistant, service: PushService) -> None:
    """Home Assistant starts: the alert waits for mobile_app."""
    device = {"id": ""}
    with patch.object(alert_line, "_AGAIN_S", (0.05,) * 40):
        entry_id = "gone"
        crib, desk = await alerts_to(hass, entry_id)
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"alert_phone_gone_{entry_id}") is not None
        device["id"] = await add_phone(hass, service, "mum", "Mum's iPhone")
        hass.config_entries.async_update_entry(crib.entry, options={"alert_phones": [device["id"]]})
        desk.options_changed()
        crib.tell("e1", "crying")
        await until(lambda: service.of("mum"), "the push")
    assert not ir.async_get(hass).issues
    desk.close()


async def test_nobody_elses_event_disturbs(hass: HomeAssistant, service: PushService, mum: str) -> None:
    crib, desk = await alerts_to(hass, mum)
    hass.bus.async_fire(EVENT_BUS, {"event_id": "x"})
    hass.bus.async_fire(EVENT_BUS, {"event_id": "x", "event_type": "nonsense", "phase": "opened"})
    hass.bus.async_fire("mobile_app_notification_action", {"action": "OTHER_APP"})
    await settled(hass)
    assert not service.got
    crib.tell("e1", "crying", device_id=None, entity_id=None)
    await settled(hass)
    assert len(service.got) == 1, "without a device it is told all the same"
    desk.close()


async def test_in_a_running_home(
    hass: HomeAssistant, service: PushService, mum: str, video: Path, tmp_path: Path
) -> None:
    """From the button on the crib's page to the phone; after unloading nothing is sent any more."""
    hass.config.config_dir = str(tmp_path)
    entry = MockConfigEntry(
        domain=DOMAIN, title="Cradlewatch", data={"provider": "local"}, options={"alert_phones": [mum]},
        subentries_data=[crib_data("Mina", str(video))],
    )  # fmt: skip
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    monitor = crib_of(entry, "Mina")
    button = entity_id(hass, monitor.config.crib_id, "button", "test_alert")
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await until(lambda: service.of("mum"), "the push")
    (push,) = service.of("mum")
    assert push["title"] == "Mina: test alert"
    assert push["data"]["entity_id"] == entity_id(hass, monitor.config.crib_id, "camera", "camera")
    assert push["data"]["actions"] == []

    # Changed while it runs: nothing is restarted.
    hass.config_entries.async_update_entry(entry, options={"alert_phones": []})
    await hass.async_block_till_done()
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)
    await asyncio.sleep(1.5)
    assert len(service.of("mum")) == 1
    assert crib_of(entry, "Mina") is monitor
    before = hass.bus.async_listeners()[EVENT_BUS]
    await leave(hass, entry)
    assert hass.bus.async_listeners().get(EVENT_BUS, 0) < before
