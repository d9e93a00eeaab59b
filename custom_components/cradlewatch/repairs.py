"""Fix flows: another address or password, a full disk, another model, a camera without microphone, a phone gone."""

from typing import Any, override

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode, TextSelector
import probatio

from .alert_settings import without_phone
from .const import (
    CONF_ALERT_PHONES,
    CONF_API_KEY,
    CONF_CLIP_DAYS,
    CONF_CLIP_GB,
    CONF_CLIPS,
    CONF_DETECTION_SOURCE,
    CONF_MODEL,
    CONF_NAME,
    CONF_SOURCE,
    DOMAIN,
    ISSUE_ALERT_PHONE_GONE,
    ISSUE_DISK_FULL,
    ISSUE_INVALID_AUTH,
    ISSUE_MODEL_GONE,
    ISSUE_NO_ENCODER,
    ISSUE_NO_SOUND,
    ISSUE_SECOND_SOURCE_AUTH,
    ISSUE_SECOND_SOURCE_LOST,
)
from .crib_form import async_check_detection, async_check_source, clip_room_schema
from .provider_form import async_check_key
from .sources import mask_source, unmask_source, with_escaped_password


class _CribFlow(RepairsFlow):
    """A flow about one crib."""

    def __init__(self, crib_id: str, name: str) -> None:
        self.crib_id = crib_id
        self.name = name

    @property
    def entry(self) -> ConfigEntry | None:
        """The home, where the crib still exists."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        return next((entry for entry in entries if self.crib_id in entry.subentries), None)

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """First step."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """The only step."""
        raise NotImplementedError


class SourceFlow(_CribFlow):
    """Another address: the camera refuses the stored log-in, or sends what cannot be shown here."""

    key = CONF_SOURCE
    marker: type[probatio.Marker] = probatio.Required

    @override
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        entry = self.entry
        if entry is None:
            return self.async_abort(reason="crib_gone")
        subentry = entry.subentries[self.crib_id]
        stored = subentry.data.get(self.key)
        errors: dict[str, str] = {}
        if user_input is not None:
            data = {key: value for key, value in subentry.data.items() if key != self.key}
            if entered := user_input.get(self.key, "").strip():
                data[self.key] = with_escaped_password(unmask_source(entered, stored))
            if problem := await self._check(data):
                errors = {self.key: problem}
            else:
                self.hass.config_entries.async_update_subentry(entry, subentry, data=data)
                return self.async_create_entry(data={})
        shown = user_input.get(self.key, "") if user_input is not None else mask_source(stored or "")
        field = self.marker(self.key, description={"suggested_value": shown})
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({field: TextSelector()}),
            errors=errors,
            description_placeholders={CONF_NAME: self.name},
        )

    async def _check(self, data: dict[str, Any]) -> str | None:
        return await async_check_source(self.hass, data)


class SecondSourceFlow(SourceFlow):
    """Another address of the second source, or none."""

    key = CONF_DETECTION_SOURCE
    marker = probatio.Optional

    @override
    async def _check(self, data: dict[str, Any]) -> str | None:
        return await async_check_detection(self.hass, data)


class NoSoundFlow(_CribFlow):
    """This camera has no microphone: do not ask again."""

    @override
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        if self.entry is None:
            return self.async_abort(reason="crib_gone")
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders={CONF_NAME: self.name})
        # Ignored, and the flow not finished: that would delete the issue, and the next connection raise it anew.
        ir.async_ignore_issue(self.hass, DOMAIN, self.issue_id, True)
        return self.async_abort(reason="no_microphone")


class DiskFlow(_CribFlow):
    """No room for clips: keep fewer of them, or none."""

    @override
    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        entry = self.entry
        if entry is None:
            return self.async_abort(reason="crib_gone")
        subentry = entry.subentries[self.crib_id]
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=self.add_suggested_values_to_schema(
                    clip_room_schema(),
                    {
                        key: subentry.data[key]
                        for key in (CONF_CLIPS, CONF_CLIP_DAYS, CONF_CLIP_GB)
                        if key in subentry.data
                    },
                ),
                description_placeholders={CONF_NAME: self.name},
            )
        # What is beyond the new limits goes at the next look; the issue comes again if that was not enough.
        self.hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **user_input})
        return self.async_create_entry(data={})


class ModelFlow(RepairsFlow):
    """The chosen model is gone."""

    def __init__(self, entry_id: str, model: str) -> None:
        self.entry_id = entry_id
        self.model = model
        self._models: tuple[str, ...] | None = None

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """First step."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Choose among those that the key may use now."""
        entry = self.hass.config_entries.async_get_entry(self.entry_id)
        if entry is None or CONF_API_KEY not in entry.data:
            return self.async_abort(reason="home_gone")
        errors: dict[str, str] = {}
        wanted = user_input[CONF_MODEL] if user_input else self.model
        if user_input is not None or self._models is None:
            check = await async_check_key(self.hass, entry.data[CONF_API_KEY], wanted)
            self._models = check.models or self._models or ()
            if user_input is not None and not check.errors:
                self.hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_MODEL: wanted})
                return self.async_create_entry(data={})
            # On opening it is known that the old model is gone; a key or connection trouble is news.
            errors = {
                place if place == CONF_MODEL else "base": key
                for place, key in check.errors.items()
                if user_input is not None or place != CONF_MODEL
            }
        selector = SelectSelector(
            SelectSelectorConfig(options=list(self._models), mode=SelectSelectorMode.DROPDOWN, custom_value=True)
        )
        return self.async_show_form(
            step_id="confirm",
            data_schema=probatio.Schema({probatio.Required(CONF_MODEL): selector}),
            errors=errors,
            description_placeholders={CONF_MODEL: self.model},
        )


class PhoneGoneFlow(RepairsFlow):
    """A phone that was chosen for alerts is gone: leave it out from now on."""

    def __init__(self, phone: str, name: str) -> None:
        self.phone = phone
        self.name = name

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """First step."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Yes or no."""
        entries = self.hass.config_entries.async_entries(DOMAIN)
        entry = next((home for home in entries if self.phone in home.options.get(CONF_ALERT_PHONES, ())), None)
        if entry is None:
            return self.async_abort(reason="not_chosen")
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders={CONF_NAME: self.name})
        self.hass.config_entries.async_update_entry(entry, options=without_phone(entry.options, self.phone))
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The flow for an issue of ours."""
    known = data or {}
    if issue_id == ISSUE_MODEL_GONE:
        return ModelFlow(str(known["entry_id"]), str(known["model"]))
    if issue_id.startswith(f"{ISSUE_ALERT_PHONE_GONE}_"):
        return PhoneGoneFlow(str(known["phone"]), str(known["name"]))
    flows: dict[str, type[_CribFlow]] = {
        ISSUE_INVALID_AUTH: SourceFlow,
        ISSUE_NO_ENCODER: SourceFlow,
        ISSUE_NO_SOUND: NoSoundFlow,
        ISSUE_DISK_FULL: DiskFlow,
        ISSUE_SECOND_SOURCE_AUTH: SecondSourceFlow,
        ISSUE_SECOND_SOURCE_LOST: SecondSourceFlow,
    }
    for issue, flow in flows.items():
        if issue_id.startswith(f"{issue}_"):
            return flow(str(known["crib_id"]), str(known["name"]))
    raise ValueError(f"no fix flow for {issue_id}")
