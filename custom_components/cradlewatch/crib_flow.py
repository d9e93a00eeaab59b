"""A further crib, or a changed one. Neither touches the others: nothing is reloaded from here."""

from typing import Any

from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult

from .const import CONF_NAME
from .crib_form import async_check_crib, crib_schema, form_values


class CribSubentryFlow(ConfigSubentryFlow):
    """user: add; reconfigure: change. Ends with `async_update_and_abort`: the update listener does the rest."""

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
            if not checked.errors:
                return self.async_update_and_abort(entry, subentry, title=checked.data[CONF_NAME], data=checked.data)
            errors = checked.errors
        shown = user_input if user_input is not None else form_values(subentry.data)
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(crib_schema(self.hass), shown),
            errors=errors,
        )
