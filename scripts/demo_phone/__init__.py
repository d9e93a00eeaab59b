"""A stand-in for a phone with the companion app: what would reach the phone is written down and shown.

Registers the action that the companion app would (notify.mobile_app_demo_phone), appends each payload to
demo_phone.jsonl in the config folder, and shows it among Home Assistant's own notifications.
"""

import json
from pathlib import Path
from typing import Any

import voluptuous as vol

from homeassistant.components import persistent_notification
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

DOMAIN = "demo_phone"
CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)
SCHEMA = vol.Schema(
    {vol.Required("message"): cv.string, vol.Optional("title"): cv.string, vol.Optional("data"): dict}
)


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


async def async_setup(hass: HomeAssistant, config: dict[str, Any]) -> bool:
    """Register the action."""
    path = Path(hass.config.path("demo_phone.jsonl"))

    async def notify(call: ServiceCall) -> None:
        data = call.data.get("data", {})
        record = {"at": dt_util.utcnow().isoformat(), **call.data}
        await hass.async_add_executor_job(_append, path, json.dumps(record, ensure_ascii=False, default=str))
        if call.data["message"] == "clear_notification":
            persistent_notification.async_dismiss(hass, str(data.get("tag")))
            return
        persistent_notification.async_create(
            hass, call.data["message"], call.data.get("title"), str(data["tag"]) if "tag" in data else None
        )

    hass.services.async_register("notify", "mobile_app_demo_phone", notify, schema=SCHEMA)
    return True
