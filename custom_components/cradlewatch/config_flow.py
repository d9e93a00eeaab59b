"""Setting up the home with its first crib; later its AI (reconfigure) and its key (reauth)."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.core import callback
import probatio

from .alert_form import notify_schema
from .const import (
    CONF_AI_TASK_ENTITY,
    CONF_API_KEY,
    CONF_BASE_URL,
    CONF_CONSENT,
    CONF_FALLBACK,
    CONF_MODEL,
    CONF_NAME,
    CONF_PROVIDER,
    DEFAULT_MODEL,
    DOMAIN,
    SUBENTRY_CRIB,
    ProviderName,
)
from .crib_flow import CribSubentryFlow
from .crib_form import async_check_crib, crib_schema
from .options_flow import CradlewatchOptionsFlow
from .phones import phones_of
from .provider_form import (
    ai_task_schema,
    async_check_key,
    async_check_openai,
    check_ai_task,
    estimate,
    gemini_schema,
    lacks_consent,
    leaves_house,
    openai_schema,
    password_selector,
    provider_schema,
)

TITLE = "Cradlewatch"


class CradlewatchConfigFlow(ConfigFlow, domain=DOMAIN):
    """user (the first crib) -> ai (whose model) -> gemini | ai_task | ... -> notify (whose phones) -> done."""

    VERSION = 1
    MINOR_VERSION = 1

    def __init__(self) -> None:
        self._crib: dict[str, Any] = {}
        self._models: tuple[str, ...] = ()
        self._order: tuple[ProviderName, ...] = ()
        self._left: list[ProviderName] = []
        self._made: dict[str, Any] = {}
        self._reauth_provider = ProviderName.GEMINI.value

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        return {SUBENTRY_CRIB: CribSubentryFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        return CradlewatchOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Name, camera, birthday of the first child."""
        errors: dict[str, str] = {}
        if user_input is not None:
            checked = await async_check_crib(self.hass, user_input)
            if not checked.errors:
                self._crib = checked.data
                return await self.async_step_ai()
            errors = checked.errors
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(crib_schema(self.hass), user_input),
            errors=errors,
        )

    async def async_step_ai(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Who looks at the pictures."""
        if user_input is not None:
            first = ProviderName(user_input[CONF_PROVIDER])
            more = (ProviderName(name) for name in user_input.get(CONF_FALLBACK, ()))
            # A home without a model has nothing to fall back from.
            self._order = tuple(dict.fromkeys((first, *more))) if first is not ProviderName.LOCAL else (first,)
            self._left = list(self._order)
            self._made = {}
            return await self._next()
        default = self._stored.get(CONF_PROVIDER, ProviderName.LOCAL.value)
        fallback = self._stored.get(CONF_FALLBACK, ())
        return self.async_show_form(step_id="ai", data_schema=provider_schema(default, fallback), last_step=False)

    async def _next(self) -> ConfigFlowResult:
        """The form of the next provider of the order; the end after the last."""
        provider = self._left.pop(0) if self._left else None
        if provider is ProviderName.GEMINI:
            return await self.async_step_gemini()
        if provider is ProviderName.AI_TASK:
            return await self.async_step_ai_task()
        if provider is ProviderName.OPENAI_COMPATIBLE:
            return await self.async_step_openai_compatible()
        more = [name.value for name in self._order[1:]]
        self._made = {CONF_PROVIDER: self._order[0].value, **self._made} | ({CONF_FALLBACK: more} if more else {})
        if self.source == SOURCE_RECONFIGURE:
            # All of it, not only what changed: a key that is no longer used is not kept.
            return self.async_update_and_abort(self._get_reconfigure_entry(), data=self._made)
        return await self.async_step_notify()

    async def _take(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        self._made |= data
        return await self._next()

    async def async_step_notify(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Whose phones ring. Not asked where no phone has the app yet; the options ask for it later."""
        phones = phones_of(self.hass)
        if user_input is None and phones:
            return self.async_show_form(step_id="notify", data_schema=notify_schema(phones), last_step=True)
        crib = ConfigSubentryData(
            data=self._crib, subentry_type=SUBENTRY_CRIB, title=self._crib[CONF_NAME], unique_id=None
        )
        return self.async_create_entry(title=TITLE, data=self._made, options=user_input or {}, subentries=[crib])

    async def async_step_gemini(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Key and model; what leaves the house and about how much."""
        errors: dict[str, str] = {}
        if user_input is not None:
            api_key = user_input.get(CONF_API_KEY, "").strip() or self._stored.get(CONF_API_KEY, "")
            model = user_input.get(CONF_MODEL, DEFAULT_MODEL).strip().removeprefix("models/")
            errors = await self._gemini_errors(user_input, api_key, model)
            if not errors:
                return await self._take({CONF_API_KEY: api_key, CONF_MODEL: model})
        return self.async_show_form(
            step_id="gemini",
            data_schema=self.add_suggested_values_to_schema(gemini_schema(self._models, self._stored), user_input),
            errors=errors,
            description_placeholders=estimate(self._crib_count),
        )

    async def _gemini_errors(self, user_input: Mapping[str, Any], api_key: str, model: str) -> dict[str, str]:
        if lacks_consent(user_input):
            return {CONF_CONSENT: "consent_required"}
        if not api_key:
            return {CONF_API_KEY: "invalid_auth"}
        check = await async_check_key(self.hass, api_key, model)
        self._models = check.models
        return dict(check.errors)

    async def async_step_ai_task(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """An AI task entity of another integration."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = check_ai_task(self.hass, user_input[CONF_AI_TASK_ENTITY])
            if lacks_consent(user_input):
                errors[CONF_CONSENT] = "consent_required"
            if not errors:
                entity_id = user_input[CONF_AI_TASK_ENTITY]
                return await self._take({CONF_AI_TASK_ENTITY: entity_id})
        known = {key: self._stored[key] for key in (CONF_AI_TASK_ENTITY,) if key in self._stored}
        return self.async_show_form(
            step_id="ai_task",
            data_schema=self.add_suggested_values_to_schema(ai_task_schema(), user_input or known),
            errors=errors,
            description_placeholders=estimate(self._crib_count),
        )

    async def async_step_openai_compatible(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """A server of the OpenAI wire, on a machine of the home or elsewhere."""
        errors: dict[str, str] = {}
        stored = self._stored.get(ProviderName.OPENAI_COMPATIBLE.value, {})
        if user_input is not None:
            settings = {
                CONF_BASE_URL: user_input[CONF_BASE_URL].strip(),
                CONF_MODEL: user_input[CONF_MODEL].strip(),
                CONF_API_KEY: user_input.get(CONF_API_KEY, "").strip(),
            }
            if not settings[CONF_API_KEY] and settings[CONF_BASE_URL] == stored.get(CONF_BASE_URL):
                # Only ever to the address for which it was entered.
                settings[CONF_API_KEY] = stored.get(CONF_API_KEY, "")
            if lacks_consent(user_input) and leaves_house(settings[CONF_BASE_URL]):
                errors = {CONF_CONSENT: "consent_required"}
            else:
                errors = await async_check_openai(self.hass, settings)
            if not errors:
                return await self._take({ProviderName.OPENAI_COMPATIBLE.value: settings})
        known = {key: stored[key] for key in (CONF_BASE_URL, CONF_MODEL) if key in stored}
        return self.async_show_form(
            step_id="openai_compatible",
            data_schema=self.add_suggested_values_to_schema(openai_schema(), user_input or known),
            errors=errors,
            description_placeholders=estimate(self._crib_count),
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Another provider, key or model. The cribs have flows of their own."""
        return await self.async_step_ai()

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """A provider does not take the stored key any more."""
        self._reauth_provider = str(entry_data.get("reauth_provider", ProviderName.GEMINI.value))
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for a new key."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            api_key = user_input[CONF_API_KEY].strip()
            if self._reauth_provider == ProviderName.OPENAI_COMPATIBLE:
                settings = {**entry.data.get(self._reauth_provider, {}), CONF_API_KEY: api_key}
                problems = await async_check_openai(self.hass, settings)
                if not problems:
                    return self.async_update_and_abort(entry, data_updates={self._reauth_provider: settings})
                return self._reauth_form(
                    {"base" if place != CONF_API_KEY else place: key for place, key in problems.items()}
                )
            check = await async_check_key(self.hass, api_key, entry.data.get(CONF_MODEL, DEFAULT_MODEL))
            # This form has no field for a model; a key with which that model cannot be used is no help either.
            errors = {"base" if place == CONF_MODEL else place: key for place, key in check.errors.items()}
            if not errors:
                return self.async_update_and_abort(entry, data_updates={CONF_API_KEY: api_key})
        return self._reauth_form(errors)

    def _reauth_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=probatio.Schema({probatio.Required(CONF_API_KEY): password_selector()}),
            errors=errors,
            description_placeholders=estimate(self._crib_count),
        )

    @property
    def _stored(self) -> Mapping[str, Any]:
        return self._get_reconfigure_entry().data if self.source == SOURCE_RECONFIGURE else {}

    @property
    def _crib_count(self) -> int:
        entries = self._async_current_entries()
        cribs = [sub for entry in entries for sub in entry.subentries.values() if sub.subentry_type == SUBENTRY_CRIB]
        return max(1, len(cribs))
