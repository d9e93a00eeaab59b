"""Which cribs an action means, and whether the caller may."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized, UnknownUser
from homeassistant.helpers import config_validation as cv, device_registry as dr, entity_registry as er
import probatio

from .const import DOMAIN, KEY_EVENT
from .data import CradlewatchConfigEntry
from .monitor import CribMonitor

TARGET: dict[Any, Any] = {
    probatio.Optional("entity_id"): cv.entity_ids,
    probatio.Optional("device_id"): probatio.All(cv.ensure_list, [cv.string]),
}


async def async_cribs_meant(call: ServiceCall, policy: str) -> list[CribMonitor]:
    """The cribs that are meant (all where none is named), if the caller may."""
    entries: list[CradlewatchConfigEntry] = [
        entry for entry in call.hass.config_entries.async_entries(DOMAIN) if entry.state is ConfigEntryState.LOADED
    ]
    cribs = {crib_id: monitor for entry in entries for crib_id, monitor in entry.runtime_data.cribs.items()}
    wanted = _wanted(call.hass, call, set(cribs))
    if not wanted:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_crib")
    await _require(call, wanted, policy)
    return [cribs[crib_id] for crib_id in cribs if crib_id in wanted]


def _wanted(hass: HomeAssistant, call: ServiceCall, known: set[str]) -> set[str]:
    if not call.data.get("entity_id") and not call.data.get("device_id"):
        return known
    entities, devices = er.async_get(hass), dr.async_get(hass)
    wanted: set[str] = set()
    for entity_id in call.data.get("entity_id", ()):
        row = entities.async_get(entity_id)
        if row is not None and row.platform == DOMAIN and row.config_subentry_id:
            wanted.add(row.config_subentry_id)
    for device_id in call.data.get("device_id", ()):
        device = devices.async_get(device_id)
        if device is not None:
            wanted |= {identifier[1] for identifier in device.identifiers if identifier[0] == DOMAIN}
    return wanted & known


async def _require(call: ServiceCall, crib_ids: set[str], policy: str) -> None:
    """The caller may do this with the event entity of each crib; automations (no user) may."""
    if call.context.user_id is None:
        return
    user = await call.hass.auth.async_get_user(call.context.user_id)
    if user is None:
        raise UnknownUser(context=call.context)
    entities = er.async_get(call.hass)
    for crib_id in crib_ids:
        entity_id = entities.async_get_entity_id("event", DOMAIN, f"{crib_id}_{KEY_EVENT}")
        if entity_id is None or not user.permissions.check_entity(entity_id, policy):
            raise Unauthorized(context=call.context, entity_id=entity_id, permission=policy)
