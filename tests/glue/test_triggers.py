"""Triggers and conditions of our own, in real automations of Home Assistant."""

from pathlib import Path
import types
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import yaml

from custom_components.cradlewatch.const import DOMAIN

FOLDER = Path(__file__).resolve().parents[2] / "custom_components" / DOMAIN
DESCRIBED = {
    name: {key for key in yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8")) if not key.startswith(".")}
    for name in ("triggers", "conditions")
}


@pytest.fixture
async def crib(hass: HomeAssistant, entity_registry: Any) -> dict[str, str]:
    """Entity ids as the registry knows them, by key."""
    assert await async_setup_component(hass, DOMAIN, {})
    ids = {
        key: entity_registry.async_get_or_create(domain, DOMAIN, f"crib1_{key}").entity_id
        for domain, key in (("event", "event"), ("sensor", "sleep"), ("binary_sensor", "crying"))
    }
    hass.states.async_set(ids["event"], "unknown")
    return ids


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    return async_mock_service(hass, "test", "ring")


async def automate(hass: HomeAssistant, triggers: list[dict[str, Any]], conditions: Any = ()) -> None:
    config = {
        "id": "one",
        "alias": "one",
        "triggers": triggers,
        "conditions": list(conditions),
        "actions": [{"action": "test.ring", "data": {"kind": "{{ trigger.to_state.attributes.event_type }}"}}],
    }
    assert await async_setup_component(hass, "automation", {"automation": [config]})
    await hass.async_block_till_done()


_clock = iter(range(10, 60))


async def happens(hass: HomeAssistant, entity_id: str, **attributes: str) -> None:
    fields = {"event_type": "crying", "phase": "opened", "severity": "info", "status": "unverified", "event_id": "e1"}
    hass.states.async_set(entity_id, f"2026-11-24T03:00:{next(_clock)}.000+00:00", fields | attributes)
    await hass.async_block_till_done()


async def test_started_crying(hass: HomeAssistant, crib: dict[str, str], calls: list[ServiceCall]) -> None:
    await automate(hass, [{"trigger": "cradlewatch.started_crying", "target": {"entity_id": crib["event"]}}])
    await happens(hass, crib["event"], event_type="motion")
    assert not calls
    await happens(hass, crib["event"])
    assert [call.data["kind"] for call in calls] == ["crying"]
    await happens(hass, crib["event"], phase="updated", status="confirmed")
    assert len(calls) == 1, "a verdict is not another beginning"


async def test_another_integrations_event_is_not_ours(
    hass: HomeAssistant, crib: dict[str, str], calls: list[ServiceCall]
) -> None:
    hass.states.async_set("event.other", "unknown")
    both = ["event.other", crib["event"]]
    await automate(hass, [{"trigger": "cradlewatch.started_crying", "target": {"entity_id": both}}])
    await happens(hass, "event.other")
    assert not calls
    await happens(hass, crib["event"])
    assert len(calls) == 1


async def test_danger_once_for_each_incident(
    hass: HomeAssistant, crib: dict[str, str], calls: list[ServiceCall]
) -> None:
    await automate(hass, [{"trigger": "cradlewatch.danger_seen", "target": {"entity_id": crib["event"]}}])
    event = {"event_type": "face_covered"}
    await happens(hass, crib["event"], **event, severity="warning", status="suspected")
    assert not calls
    await happens(hass, crib["event"], **event, severity="danger", status="confirmed", phase="updated")
    assert len(calls) == 1, "it got worse"
    await happens(hass, crib["event"], **event, severity="danger", status="confirmed", phase="updated")
    assert len(calls) == 1
    await happens(hass, crib["event"], **event, severity="danger", status="dismissed", phase="updated")
    assert len(calls) == 1
    await happens(hass, crib["event"], **event, severity="danger", status="suspected", event_id="e2")
    assert len(calls) == 2


async def test_what_is_restored_at_start_is_old_news(
    hass: HomeAssistant, crib: dict[str, str], calls: list[ServiceCall]
) -> None:
    await automate(hass, [{"trigger": "cradlewatch.started_crying", "target": {"entity_id": crib["event"]}}])
    hass.states.async_set(crib["event"], "unavailable")
    await happens(hass, crib["event"])
    assert not calls


@pytest.mark.parametrize(("state", "passes"), [("asleep", True), ("awake", False), ("unknown", False)])
async def test_only_while_asleep(
    hass: HomeAssistant, crib: dict[str, str], calls: list[ServiceCall], state: str, passes: bool
) -> None:
    asleep = {
        "condition": "cradlewatch.is_asleep",
        "target": {"entity_id": [crib["sleep"]]},
        "options": {"behavior": "any"},
    }
    hass.states.async_set(crib["sleep"], state)
    trigger = {"trigger": "cradlewatch.started_crying", "target": {"entity_id": crib["event"]}}
    await automate(hass, [trigger], [asleep])
    await happens(hass, crib["event"])
    assert bool(calls) is passes


async def test_offered_in_the_editor(hass: HomeAssistant, crib: dict[str, str], hass_ws_client: Any) -> None:
    from custom_components.cradlewatch.condition import CONDITIONS
    from custom_components.cradlewatch.trigger import TRIGGERS

    assert await async_setup_component(hass, "automation", {})
    client = await hass_ws_client(hass)
    for command, classes, name in (
        ("trigger_platforms/subscribe", TRIGGERS, "triggers"),
        ("condition_platforms/subscribe", CONDITIONS, "conditions"),
    ):
        await client.send_json_auto_id({"type": command})
        assert (await client.receive_json())["success"]
        offered: set[str] = set()
        while not any(key.startswith(f"{DOMAIN}.") for key in offered):
            offered |= (await client.receive_json())["event"].keys()
        assert {key for key in offered if key.startswith(f"{DOMAIN}.")} == {f"{DOMAIN}.{key}" for key in classes}
        assert DESCRIBED[name] == set(classes)


@pytest.mark.parametrize(("platform", "table"), [("trigger", "TRIGGERS"), ("condition", "CONDITIONS")])
async def test_another_home_assistant_leaves_them_out(
    hass: HomeAssistant, platform: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the young helpers have changed, all else goes on."""
    name = f"custom_components.{DOMAIN}.{platform}"
    with patch.dict("sys.modules", {f"custom_components.{DOMAIN}.entity_{platform}s": None}):
        source = (FOLDER / f"{platform}.py").read_text("utf-8")
        module = types.ModuleType(name)
        module.__package__ = f"custom_components.{DOMAIN}"
        exec(compile(source, name, "exec"), module.__dict__)
    assert getattr(module, table) == {}
    assert await getattr(module, f"async_get_{platform}s")(hass) == {}
    assert "are not available with this version of Home Assistant" in caplog.text
