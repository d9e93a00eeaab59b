"""The phones of the home: devices of the Home Assistant app that take notifications."""

from dataclasses import dataclass
import logging

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

_LOGGER = logging.getLogger(__name__)

MOBILE_APP = "mobile_app"
NOTIFY = "notify"
BLUEPRINT = "cradlewatch/notify_phone.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One device of the app."""

    device_id: str
    name: str


@callback
def phones_of(hass: HomeAssistant) -> tuple[Phone, ...]:
    """Those that take notifications now, by name."""
    found = [
        Phone(device_id=device.id, name=device.name_by_user or device.name or "?")
        for entry in hass.config_entries.async_entries(MOBILE_APP)
        for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        if notify_action(hass, device.id) is not None
    ]
    return tuple(sorted(found, key=lambda phone: phone.name.casefold()))


@callback
def phone_name(hass: HomeAssistant, device_id: str) -> str | None:
    """What the parent calls it; None where it is gone."""
    device = dr.async_get(hass).async_get(device_id)
    return None if device is None else device.name_by_user or device.name


@callback
def notify_action(hass: HomeAssistant, device_id: str) -> str | None:
    """Name of the phone's action in the domain `notify`; None where it takes no notifications (any more)."""
    if MOBILE_APP not in hass.config.components:
        return None
    # It is loaded, so this reads no file. At the top it would load the app's integration into every home.
    from homeassistant.components.mobile_app.util import (  # noqa: PLC0415
        get_notify_service,
        webhook_id_from_device_id,
    )

    try:
        webhook_id = webhook_id_from_device_id(hass, device_id)
        # By its registration and not by its name: two phones may be called alike.
        action = None if webhook_id is None else get_notify_service(hass, webhook_id)
    except KeyError:
        # Not set up yet.
        return None
    return action if action is not None and hass.services.has_service(NOTIFY, action) else None


@callback
def told_by_blueprint(hass: HomeAssistant, event_entity: str | None, device_id: str) -> bool:
    """True where a running automation of our notification blueprint tells this phone of this crib already."""
    if event_entity is None or "automation" not in hass.config.components:
        return False
    from homeassistant.components.automation import DATA_COMPONENT, automations_with_blueprint  # noqa: PLC0415

    for entity_id in automations_with_blueprint(hass, BLUEPRINT):
        state, automation = hass.states.get(entity_id), hass.data[DATA_COMPONENT].get_entity(entity_id)
        if state is None or state.state != "on" or automation is None:
            continue
        # The blueprint takes its inputs into variables of these names.
        chosen = (automation.raw_config or {}).get("variables", {})
        if event_entity in _listed(chosen.get("crib_event")) and device_id in _listed(chosen.get("phones")):
            return True
    return False


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
