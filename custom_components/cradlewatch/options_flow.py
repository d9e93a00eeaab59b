"""The home's options: what a day may cost, and what a model is told. Nothing is reloaded by them."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from .alert_form import alerts_schema, choose_schema, own_schema, without_gone
from .const import (
    CONF_ALERT_OWN,
    CONF_ALERT_PHONES,
    CONF_CALLS_PER_DAY,
    CONF_CROP,
    CONF_DANGER_ENTITIES,
    CONF_MONEY_PER_DAY,
    CONF_PERSONS,
    CONF_PRICES,
    CONF_ROOM_ENTITIES,
    CONF_RULES,
    CONF_SOUND_REPORTS,
    CONF_TOKENS_PER_DAY,
    CONF_URGENT_SHARE,
    CONF_VIDEO_REPORTS,
    SUBENTRY_CRIB,
)
from .home_settings import (
    CALLS_PER_CRIB,
    ENTITIES_MAX,
    RULE_LENGTH_MAX,
    RULES_MAX,
    URGENT_SHARE_PERCENT,
    prices_of,
)
from .phones import Phone, phones_of

OWN_LIKE_ALL = "like_all"
_DANGEROUS = ["binary_sensor", "cover", "switch", "lock", "valve", "climate", "light", "input_boolean", "sensor"]


class CradlewatchOptionsFlow(OptionsFlow):
    """init (a menu) -> alerts | alert_phone -> alert_own | budget | context."""

    def __init__(self) -> None:
        self._phone: Phone | None = None

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What is to be changed."""
        told = bool(self.config_entry.options.get(CONF_ALERT_PHONES))
        return self.async_show_menu(
            step_id="init", menu_options=["alerts", *(["alert_phone"] if told else []), "budget", "context"]
        )

    async def async_step_alerts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Which phones ring, for what, and when they are quiet."""
        phones = phones_of(self.hass)
        if user_input is not None:
            return self._saved(user_input, alerts_schema(phones))
        return self._form("alerts", alerts_schema(phones), without_gone(self.config_entry.options, phones), {})

    async def async_step_alert_phone(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """One phone that is told something else than the others."""
        told = self.config_entry.options.get(CONF_ALERT_PHONES, ())
        phones = tuple(phone for phone in phones_of(self.hass) if phone.device_id in told)
        if not phones:
            return self.async_abort(reason="no_phone")
        if user_input is not None:
            self._phone = next(phone for phone in phones if phone.device_id == user_input["phone"])
            return await self.async_step_alert_own()
        return self.async_show_form(step_id="alert_phone", data_schema=choose_schema(phones), last_step=False)

    async def async_step_alert_own(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What that phone is told."""
        assert self._phone is not None, "a phone was chosen"
        own = dict(self.config_entry.options.get(CONF_ALERT_OWN, {}))
        schema = own_schema().extend({probatio.Optional(OWN_LIKE_ALL, default=False): BooleanSelector()})
        if user_input is not None:
            if user_input.pop(OWN_LIKE_ALL):
                own.pop(self._phone.device_id, None)
            else:
                own[self._phone.device_id] = user_input
            return self.async_create_entry(data={**self.config_entry.options, CONF_ALERT_OWN: own})
        shown = {**self.config_entry.options, **own.get(self._phone.device_id, {})}
        return self.async_show_form(
            step_id="alert_own",
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            description_placeholders={"phone": self._phone.name},
        )

    async def async_step_budget(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Limits of a day, prices of the models."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                prices_of(user_input.get(CONF_PRICES, ()))
            except ValueError:
                errors[CONF_PRICES] = "invalid_price"
            else:
                return self._saved(user_input, _budget_schema(0))
        cribs = sum(sub.subentry_type == SUBENTRY_CRIB for sub in self.config_entry.subentries.values())
        return self._form("budget", _budget_schema(CALLS_PER_CRIB * max(1, cribs)), user_input, errors)

    async def async_step_context(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """What a model is told beside the picture."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := _context_errors(user_input)):
            return self._saved(user_input, _context_schema())
        return self._form("context", _context_schema(), user_input, errors)

    def _form(
        self, step: str, schema: probatio.Schema, user_input: Mapping[str, Any] | None, errors: dict[str, str]
    ) -> ConfigFlowResult:
        shown = self.config_entry.options if user_input is None else user_input
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=errors,
            description_placeholders={
                "currency": self.hass.config.currency,
                "rules": str(RULES_MAX),
                "letters": str(RULE_LENGTH_MAX),
                "entities": str(ENTITIES_MAX),
            },
        )

    def _saved(self, user_input: Mapping[str, Any], schema: probatio.Schema) -> ConfigFlowResult:
        """What this form does not show stays; what it shows and was emptied goes."""
        shown = {str(marker) for marker in schema.schema}
        kept = {key: value for key, value in self.config_entry.options.items() if key not in shown}
        return self.async_create_entry(data={**kept, **user_input})


def _budget_schema(calls: int) -> probatio.Schema:
    return probatio.Schema(
        {
            probatio.Optional(CONF_CALLS_PER_DAY, default=calls): _number(0, 100_000),
            probatio.Optional(CONF_TOKENS_PER_DAY, default=0): _number(0, 1_000_000_000),
            probatio.Optional(CONF_MONEY_PER_DAY, default=0): _number(0, 1_000_000, step=0.01),
            probatio.Optional(CONF_URGENT_SHARE, default=URGENT_SHARE_PERCENT): _number(0, 90, unit="%"),
            probatio.Optional(CONF_PRICES): TextSelector(TextSelectorConfig(multiple=True)),
        }
    )


def _context_schema() -> probatio.Schema:
    return probatio.Schema(
        {
            probatio.Optional(CONF_RULES): TextSelector(TextSelectorConfig(multiple=True)),
            probatio.Optional(CONF_ROOM_ENTITIES): _entities(["sensor"]),
            probatio.Optional(CONF_DANGER_ENTITIES): _entities(_DANGEROUS),
            probatio.Optional(CONF_PERSONS): _entities(["person"]),
            probatio.Optional(CONF_CROP, default=False): BooleanSelector(),
            probatio.Optional(CONF_VIDEO_REPORTS, default=True): BooleanSelector(),
            probatio.Optional(CONF_SOUND_REPORTS, default=False): BooleanSelector(),
        }
    )


def _context_errors(user_input: Mapping[str, Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    rules = user_input.get(CONF_RULES, ())
    if len(rules) > RULES_MAX:
        errors[CONF_RULES] = "too_many"
    elif any(len(rule) > RULE_LENGTH_MAX for rule in rules):
        errors[CONF_RULES] = "too_long"
    for key in (CONF_ROOM_ENTITIES, CONF_DANGER_ENTITIES, CONF_PERSONS):
        if len(user_input.get(key, ())) > ENTITIES_MAX:
            errors[key] = "too_many"
    return errors


def _entities(domains: list[str]) -> EntitySelector:
    return EntitySelector(EntitySelectorConfig(domain=domains, multiple=True))


def _number(low: float, high: float, step: float = 1, unit: str | None = None) -> NumberSelector:
    config = NumberSelectorConfig(min=low, max=high, step=step, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)
