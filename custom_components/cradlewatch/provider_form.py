"""The forms of the AI: whose model looks at pictures, its key checked, what a day will take in plain figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import logging
from typing import Any
from urllib.parse import urlsplit

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import probatio

from .const import (
    CONF_AI_TASK_ENTITY,
    CONF_API_KEY,
    CONF_BASE_URL,
    CONF_CONSENT,
    CONF_FALLBACK,
    CONF_MODEL,
    CONF_PROVIDER,
    DEFAULT_MODEL,
    ProviderName,
)
from .engine.analysis.openai_compatible import OpenAiCompatibleProvider
from .engine.analysis.report_jobs import TOKENS_PER_FRAME
from .engine.analysis.runner import CancelToken, run_job
from .engine.errors import AnalysisError, AnalysisFailure
from .engine.settings import CheckSettings

_LOGGER = logging.getLogger(__name__)

KEY_CHECK_LIMIT_S = 15.0
_AI_TASK_DOMAIN = "ai_task"
_AI_TASK_NEEDS = 1 | 2
"""AITaskEntityFeature GENERATE_DATA and SUPPORT_ATTACHMENTS, as figures: importing ai_task pulls in all of Assist."""

_OFFERED_MODELS = [DEFAULT_MODEL, "gemini-2.5-flash-lite", "gemini-2.5-flash"]
"""Offered before a key is known; afterwards the list is the one that Google gives for that key."""

TOKENS_IN_PER_CHECK = 1900
REPORTS_A_DAY = 144
TOKENS_PER_REPORT = 600 * TOKENS_PER_FRAME["low"] + 4000
"""A frame a second for ten minutes, and the words."""
"""One picture (258 at this size), instructions and the form of the answer; held true by a test."""
TOKENS_OUT_PER_CHECK = 250

_ERROR_KEYS: Mapping[AnalysisFailure, tuple[str, str]] = {
    AnalysisFailure.INVALID_KEY: (CONF_API_KEY, "invalid_auth"),
    AnalysisFailure.FORBIDDEN: (CONF_API_KEY, "invalid_auth"),
    AnalysisFailure.RATE_LIMITED: ("base", "quota_exceeded"),
    AnalysisFailure.DAILY_QUOTA: ("base", "quota_exceeded"),
    AnalysisFailure.MODEL_NOT_FOUND: (CONF_MODEL, "model_not_found"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """What came of asking Google: models that the key may use, or errors by field."""

    models: tuple[str, ...] = ()
    errors: Mapping[str, str]


def provider_schema(default: str, fallback: Sequence[str] = ()) -> probatio.Schema:
    """Step `ai`: who is asked first, and in which order the others are where it gives no verdict."""
    options = [name.value for name in ProviderName]
    first = SelectSelector(
        SelectSelectorConfig(options=options, translation_key=CONF_PROVIDER, mode=SelectSelectorMode.LIST)
    )
    others = SelectSelector(
        SelectSelectorConfig(
            options=[name for name in options if name != ProviderName.LOCAL],
            translation_key=CONF_PROVIDER,
            mode=SelectSelectorMode.DROPDOWN,
            multiple=True,
        )
    )
    return probatio.Schema(
        {
            probatio.Required(CONF_PROVIDER, default=default): first,
            probatio.Optional(CONF_FALLBACK, description={"suggested_value": list(fallback)}): others,
        }
    )


def openai_schema() -> probatio.Schema:
    """Step `openai_compatible`. A key is optional: a server of the home often wants none."""
    return probatio.Schema(
        {
            probatio.Required(CONF_BASE_URL): TextSelector(TextSelectorConfig(type=TextSelectorType.URL)),
            probatio.Required(CONF_MODEL): TextSelector(),
            probatio.Optional(CONF_API_KEY): password_selector(),
            **consent_field(),
        }
    )


def leaves_house(base_url: str) -> bool:
    """True where pictures sent to this address go to somebody else's machine."""
    return OpenAiCompatibleProvider(base_url, "").capabilities.leaves_house


async def async_check_openai(hass: HomeAssistant, settings: Mapping[str, str]) -> dict[str, str]:
    """Errors by field: asks the server for its models, which costs nothing."""
    address = urlsplit(settings[CONF_BASE_URL])
    if address.scheme not in ("http", "https") or not address.hostname:
        return {CONF_BASE_URL: "cannot_connect"}
    if not settings[CONF_MODEL]:
        return {CONF_MODEL: "model_not_found"}
    provider = OpenAiCompatibleProvider(settings[CONF_BASE_URL], settings[CONF_MODEL], settings.get(CONF_API_KEY))

    def ask() -> tuple[str, ...]:
        return run_job(provider.list_models, timeout_s=KEY_CHECK_LIMIT_S, cancel=CancelToken())

    try:
        models = await hass.async_add_executor_job(ask)
    except AnalysisError as error:
        _LOGGER.info("The server of the model was not accepted: %s", error.failure.value)
        place, key = _ERROR_KEYS.get(error.failure, ("base", "cannot_connect"))
        # No list of models there: the address is wrong.
        return {CONF_BASE_URL: "cannot_connect"} if place == CONF_MODEL else {place: key}
    return {} if not models or settings[CONF_MODEL] in models else {CONF_MODEL: "model_not_found"}


def gemini_schema(models: Sequence[str], stored: Mapping[str, Any]) -> probatio.Schema:
    """Step `gemini`. Where a key is stored, an empty field keeps it: it is never sent back to a browser."""
    key = probatio.Optional if stored.get(CONF_API_KEY) else probatio.Required
    offered = list(models or _OFFERED_MODELS)
    return probatio.Schema(
        {
            key(CONF_API_KEY): password_selector(),
            probatio.Optional(CONF_MODEL, default=stored.get(CONF_MODEL, DEFAULT_MODEL)): SelectSelector(
                SelectSelectorConfig(options=offered, mode=SelectSelectorMode.DROPDOWN, custom_value=True)
            ),
            **consent_field(),
        }
    )


def password_selector() -> TextSelector:
    """A field that shows dots."""
    return TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))


def ai_task_schema() -> probatio.Schema:
    """Step `ai_task`."""
    entity = EntitySelector(EntitySelectorConfig(domain=_AI_TASK_DOMAIN))
    return probatio.Schema({probatio.Required(CONF_AI_TASK_ENTITY): entity, **consent_field()})


def consent_field() -> dict[probatio.Marker, Any]:
    """An unticked box. A browser sends it as it stands, so that an untouched box is a no.

    Optional, because a program that fills the documented fields has no box to tick: it chose by calling.
    """
    return {probatio.Optional(CONF_CONSENT, description={"suggested_value": False}): BooleanSelector()}


def lacks_consent(user_input: Mapping[str, Any]) -> bool:
    """True where the box was shown and left empty."""
    return user_input.get(CONF_CONSENT) is False


def estimate(cribs: int) -> dict[str, str]:
    """Placeholders for the text about use: at most, that is with checks all day and none saved."""
    settings = CheckSettings()
    calls = round(86400 / settings.interval_s) * cribs
    return {
        "interval": f"{settings.interval_s:g}",
        "cribs": str(cribs),
        "calls": _rounded(calls),
        "tokens_in": _rounded(calls * TOKENS_IN_PER_CHECK),
        "tokens_out": _rounded(calls * TOKENS_OUT_PER_CHECK),
        "report_calls": _rounded(REPORTS_A_DAY * cribs),
        "report_tokens": _rounded(REPORTS_A_DAY * cribs * TOKENS_PER_REPORT),
        "picture": str(settings.long_edge_px),
        "key_url": "https://aistudio.google.com/app/apikey",
        "price_url": "https://ai.google.dev/pricing",
        "example_url": "http://gpu.local:8000/v1",
    }


def _rounded(count: int) -> str:
    """Two digits that say something: 2304000 -> 2.3 M."""
    if count >= 1_000_000:
        return f"{count / 1_000_000:.1f} M"
    # A narrow no-break space parts thousands in every language alike.
    return f"{round(count, -2):,}".replace(",", "\u202f")


async def async_check_key(hass: HomeAssistant, api_key: str, model: str) -> KeyCheck:
    """Ask Google, by calls that cost nothing, whether key and model are good."""
    models: tuple[str, ...] = ()
    try:
        models, failure = await hass.async_add_executor_job(_key_job, api_key, model, KEY_CHECK_LIMIT_S)
    except AnalysisError as err:
        failure = err
    if failure is None:
        return KeyCheck(models=models, errors={})
    _LOGGER.info("The Gemini key or model was not accepted: %s", failure.failure.value)
    place, key = _ERROR_KEYS.get(failure.failure, ("base", "cannot_connect"))
    return KeyCheck(models=models, errors={place: key})


def _key_job(api_key: str, model: str, limit_s: float) -> tuple[tuple[str, ...], AnalysisError | None]:
    # Imported in the executor: the SDK alone takes a second on a small machine.
    from .flow_jobs import key_job  # noqa: PLC0415

    return key_job(api_key, model, limit_s)


def check_ai_task(hass: HomeAssistant, entity_id: str) -> dict[str, str]:
    """Errors by field: the entity must exist and look at pictures."""
    state = hass.states.get(entity_id)
    if state is None:
        return {CONF_AI_TASK_ENTITY: "entity_not_found"}
    features = int(state.attributes.get("supported_features", 0))
    return {} if features & _AI_TASK_NEEDS == _AI_TASK_NEEDS else {CONF_AI_TASK_ENTITY: "no_pictures"}
