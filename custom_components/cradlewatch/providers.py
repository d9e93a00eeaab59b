"""Makes the providers that the home's entry names, in the order in which they are asked."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .ai_task_call import forget_frames
from .ai_task_provider import AiTaskProvider
from .ai_task_reporter import AiTaskReporter
from .const import (
    CONF_AI_TASK_ENTITY,
    CONF_API_KEY,
    CONF_BASE_URL,
    CONF_FALLBACK,
    CONF_MODEL,
    CONF_PROVIDER,
    DEFAULT_MODEL,
    ProviderName,
)
from .engine.analysis.gemini_report import GeminiReporter
from .engine.analysis.local import LocalProvider
from .engine.analysis.openai_compatible import OpenAiCompatibleProvider
from .engine.analysis.provider import Provider, Reporter
from .engine.errors import AnalysisError, AnalysisFailure, Remedy
from .engine.windows.stages import Stage


def provider_order(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the providers of a home, first choice first. Local stands alone or not at all."""
    first = str(data.get(CONF_PROVIDER, ProviderName.LOCAL))
    if first == ProviderName.LOCAL:
        return (first,)
    more = (str(name) for name in data.get(CONF_FALLBACK, ()))
    return tuple(dict.fromkeys((first, *(name for name in more if name != ProviderName.LOCAL))))


async def async_make_provider(hass: HomeAssistant, entry: ConfigEntry, name: str | None = None) -> Provider:
    """The provider. Raises AnalysisError where one is named that cannot be made: never another in its place."""
    name = name or str(entry.data.get(CONF_PROVIDER, ProviderName.LOCAL))
    if name == ProviderName.GEMINI:
        if not (api_key := entry.data.get(CONF_API_KEY)):
            raise AnalysisError(AnalysisFailure.INVALID_KEY, "no key is stored", remedy=Remedy.NEW_KEY)
        return await hass.async_add_executor_job(_gemini, api_key, entry.data.get(CONF_MODEL, DEFAULT_MODEL))
    if name == ProviderName.AI_TASK:
        if not (entity_id := entry.data.get(CONF_AI_TASK_ENTITY)):
            raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "no AI task entity is chosen")
        await hass.async_add_executor_job(forget_frames, hass)
        return AiTaskProvider(hass, entity_id)
    if name == ProviderName.OPENAI_COMPATIBLE:
        settings = entry.data.get(name, {})
        if not settings.get(CONF_BASE_URL):
            raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "no address is stored")
        return OpenAiCompatibleProvider(
            settings[CONF_BASE_URL], settings.get(CONF_MODEL, ""), settings.get(CONF_API_KEY)
        )
    return LocalProvider()


def make_reporter(hass: HomeAssistant, entry: ConfigEntry, on_stage: Callable[[Stage], None] | None = None) -> Reporter:
    """Who understands the windows of this home: its first provider. Raises AnalysisError where that one cannot.

    `on_stage` is called in the call's own thread, by those that can tell how far they are.
    """
    data = entry.data
    name = data.get(CONF_PROVIDER)
    if name == ProviderName.AI_TASK and (entity_id := data.get(CONF_AI_TASK_ENTITY)):
        return AiTaskReporter(hass, str(entity_id))
    if name != ProviderName.GEMINI:
        raise AnalysisError(AnalysisFailure.PROVIDER_OFF, "nobody here understands windows", remedy=Remedy.TELL_USER)
    if not (api_key := data.get(CONF_API_KEY)):
        raise AnalysisError(AnalysisFailure.INVALID_KEY, "waiting for a new key", remedy=Remedy.NEW_KEY)
    return GeminiReporter(str(api_key), str(data.get(CONF_MODEL) or DEFAULT_MODEL), on_stage)


def _gemini(api_key: str, model: str) -> Provider:
    # The SDK takes a second to import: in an executor.
    from .engine.analysis.gemini import GeminiProvider  # noqa: PLC0415

    return GeminiProvider(api_key, model)
