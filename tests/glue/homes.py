"""A set-up home in the test's own Home Assistant, with real sources and real frame threads."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import DOMAIN, SUBENTRY_CRIB
from custom_components.cradlewatch.monitor import CribMonitor

LOCAL: dict[str, Any] = {"provider": "local"}


def crib_data(name: str, source: str, **more: Any) -> ConfigSubentryData:
    return ConfigSubentryData(
        data={"name": name, "source": source, **more}, subentry_type=SUBENTRY_CRIB, title=name, unique_id=None
    )


async def add_home(
    hass: HomeAssistant, *cribs: ConfigSubentryData, data: dict[str, Any] | None = None
) -> MockConfigEntry:
    """Set the entry up; does not wait for any camera."""
    entry = MockConfigEntry(domain=DOMAIN, title="Cradlewatch", data=data or LOCAL, subentries_data=list(cribs))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


def crib_of(entry: MockConfigEntry, name: str = "Nursery") -> CribMonitor:
    return next(monitor for monitor in entry.runtime_data.cribs.values() if monitor.config.name == name)


def entity_id(hass: HomeAssistant, owner_id: str, domain: str, key: str) -> str:
    found = er.async_get(hass).async_get_entity_id(domain, DOMAIN, f"{owner_id}_{key}")
    assert found is not None, f"no {domain} {key}"
    return found


def crib_state(hass: HomeAssistant, monitor: CribMonitor, domain: str, key: str) -> State:
    state = hass.states.get(entity_id(hass, monitor.config.crib_id, domain, key))
    assert state is not None
    return state


async def until[T](check: Callable[[], T], what: str, limit_s: float = 15) -> T:
    """Wait in real time until `check()` is truthy; returns that value."""
    deadline = asyncio.get_running_loop().time() + limit_s
    while not (value := check()):
        assert asyncio.get_running_loop().time() < deadline, f"{what} did not happen within {limit_s} s"
        await asyncio.sleep(0.05)
    return value


async def live(hass: HomeAssistant, monitor: CribMonitor, limit_s: float = 20) -> None:
    """Wait for the picture."""
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "connectivity").state == "on", "the camera", limit_s)


async def leave(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Unload, as every test must: no thread may stay behind."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
