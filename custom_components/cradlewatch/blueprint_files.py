"""Our blueprints, as files in the user's blueprint folder.

They are packed with the integration: a home that has it from HACS has no other copy of them.
"""

from pathlib import Path
from typing import Any

from homeassistant.components.automation.helpers import async_get_blueprints
from homeassistant.const import SERVICE_RELOAD
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.file import WriteError, write_utf8_file_atomic
import probatio

from .const import DOMAIN

AUTOMATION_DOMAIN = "automation"

PACKED = Path(__file__).parent / "blueprints"
INSTALL_SCHEMA = probatio.Schema({probatio.Optional("replace", default=False): cv.boolean})


async def async_install_blueprints(call: ServiceCall) -> ServiceResponse:
    """Write them; what the user has changed stays unless `replace`. Answers with the paths by what became of them."""
    folder = Path(call.hass.config.path("blueprints", AUTOMATION_DOMAIN, DOMAIN))
    try:
        outcome = await call.hass.async_add_executor_job(_install, folder, call.data["replace"])
    except (OSError, WriteError) as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="blueprints_not_written",
            translation_placeholders={"reason": str(err)},
        ) from err
    if outcome["written"]:
        await _async_use(call.hass)
    return dict(outcome)


async def _async_use(hass: HomeAssistant) -> None:
    """Home Assistant remembers blueprints that it has read, and automations what they were made of."""
    if not hass.services.has_service(AUTOMATION_DOMAIN, SERVICE_RELOAD):
        return
    await async_get_blueprints(hass).async_reset_cache()
    await hass.services.async_call(AUTOMATION_DOMAIN, SERVICE_RELOAD, blocking=True)


def _install(folder: Path, replace: bool) -> dict[str, Any]:
    outcome: dict[str, list[str]] = {"written": [], "unchanged": [], "kept": []}
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(PACKED.glob("*.yaml")):
        target, text = folder / source.name, source.read_text("utf-8")
        if not target.exists() or (replace and target.read_text("utf-8") != text):
            write_utf8_file_atomic(str(target), text)
            became = "written"
        else:
            became = "unchanged" if target.read_text("utf-8") == text else "kept"
        outcome[became].append(f"{DOMAIN}/{source.name}")
    return outcome
