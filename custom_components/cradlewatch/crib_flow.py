"""A further crib, or a changed one. Neither touches the others: nothing is reloaded from here."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.helpers.selector import BooleanSelector
import probatio

from .const import CONF_NAME, CONF_ZONES
from .crib_form import async_check_crib, crib_schema, form_values
from .zone_form import ZONES_GONE, gone_schema, zone_from, zone_schema
from .zone_picture import zones_url

EDIT_ZONES = "edit_zones"


class CribSubentryFlow(ConfigSubentryFlow):
    """user: add; reconfigure: change. Ends with `async_update_and_abort`: the update listener does the rest."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a crib."""
        errors: dict[str, str] = {}
        if user_input is not None:
            checked = await async_check_crib(self.hass, user_input, entry=self._get_entry())
            if not checked.errors:
                return self.async_create_entry(title=checked.data[CONF_NAME], data=checked.data)
            errors = checked.errors
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(crib_schema(self.hass), user_input),
            errors=errors,
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Change a crib."""
        entry, subentry = self._get_entry(), self._get_reconfigure_subentry()
        errors: dict[str, str] = {}
        if user_input is not None:
            checked = await async_check_crib(self.hass, user_input, entry=entry, subentry_id=subentry.subentry_id)
            if not checked.errors and user_input.get(EDIT_ZONES):
                self._data = checked.data
                return await self.async_step_zones()
            if not checked.errors:
                return self.async_update_and_abort(entry, subentry, title=checked.data[CONF_NAME], data=checked.data)
            errors = checked.errors
        shown = user_input if user_input is not None else form_values(subentry.data)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                crib_schema(self.hass).extend({probatio.Optional(EDIT_ZONES, default=False): BooleanSelector()}), shown
            ),
            errors=errors,
        )

    async def async_step_zones(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Add a zone, or take some away."""
        options = ["zone_add", "zone_remove"] if self._zones else ["zone_add"]
        return self.async_show_menu(step_id="zones", menu_options=options, description_placeholders=self._picture)

    async def async_step_zone_add(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """One more zone, on the camera's picture."""
        errors: dict[str, str] = {}
        if user_input is not None:
            zone, errors = zone_from(user_input, self._zones)
            if not errors:
                return self._keep([*self._zones, zone])
        return self.async_show_form(
            step_id="zone_add",
            data_schema=self.add_suggested_values_to_schema(zone_schema(), user_input),
            errors=errors,
            description_placeholders=self._picture,
        )

    async def async_step_zone_remove(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Without these zones from now on."""
        if user_input is not None:
            return self._keep([zone for zone in self._zones if zone["name"] not in user_input[ZONES_GONE]])
        return self.async_show_form(
            step_id="zone_remove", data_schema=gone_schema(self._zones), description_placeholders=self._picture
        )

    @property
    def _zones(self) -> list[dict[str, Any]]:
        return list(self._data.get(CONF_ZONES, ()))

    @property
    def _picture(self) -> dict[str, str]:
        return {"picture_url": zones_url(self.hass, self._get_reconfigure_subentry().subentry_id)}

    def _keep(self, zones: list[dict[str, Any]]) -> SubentryFlowResult:
        data = {**self._data, CONF_ZONES: zones}
        subentry = self._get_reconfigure_subentry()
        return self.async_update_and_abort(self._get_entry(), subentry, title=data[CONF_NAME], data=data)
