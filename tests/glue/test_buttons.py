"""What each button does, pressed through Home Assistant."""

from pathlib import Path
import time
from typing import Any

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.cradlewatch.const import EVENT_BUS
from custom_components.cradlewatch.engine.models import EventKind, Severity
from custom_components.cradlewatch.monitor import CribMonitor
from tests.engine.test_safety import verdict
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until

pytestmark = pytest.mark.usefixtures("own_folder")


async def press(hass: HomeAssistant, monitor: CribMonitor, key: str) -> None:
    button = entity_id(hass, monitor.config.crib_id, "button", key)
    await hass.services.async_call("button", "press", {"entity_id": button}, blocking=True)


async def test_test_alert(hass: HomeAssistant, video: Path) -> None:
    told: list[dict[str, Any]] = []

    @callback
    def note(event: Event) -> None:
        told.append(dict(event.data))

    hass.bus.async_listen(EVENT_BUS, note)
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await press(hass, monitor, "test_alert")
    await until(lambda: [event for event in told if event["type"] == EventKind.TEST], "the test alert")
    await leave(hass, entry)


async def test_report_now(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    assert crib_state(hass, monitor, "sensor", "report").state == "unknown"
    await press(hass, monitor, "report_now")
    await until(lambda: crib_state(hass, monitor, "sensor", "report").state not in ("unknown", "unavailable"), "it")
    assert crib_state(hass, monitor, "sensor", "report").attributes["provider"] == "local"
    await leave(hass, entry)


async def test_somebody_has_looked(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), data={"provider": "local"})
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor.judge.on_verdict(verdict(Severity.DANGER, time.monotonic()))
    monitor.keeper.refresh()
    assert monitor.keeper.state.safety.attention is True
    await press(hass, monitor, "attention_seen")
    assert monitor.keeper.state.safety.attention is not True, "a person has looked"
    await leave(hass, entry)


async def test_the_empty_crib_is_learned_from_a_live_picture_only(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await press(hass, monitor, "learn_empty")
    await monitor.async_set_privacy(on=True)
    with pytest.raises(HomeAssistantError):
        monitor.learn_empty()
    await leave(hass, entry)
