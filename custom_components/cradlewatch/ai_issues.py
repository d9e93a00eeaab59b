"""What the parent has to mend at an AI provider, as Home Assistant's repairs. Event loop only; may be repeated."""

from collections.abc import Mapping
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from . import issues
from .const import CONF_MODEL, DEFAULT_MODEL, DOMAIN, ProviderName
from .engine.errors import AnalysisFailure

ISSUE_AI_FORBIDDEN = "ai_forbidden"
ISSUE_AI_QUOTA = "ai_daily_quota"
ISSUE_AI_MODEL = "ai_model_gone"

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        ProviderName.GEMINI.value: "Google Gemini",
        ProviderName.AI_TASK.value: "AI task",
        ProviderName.OPENAI_COMPATIBLE.value: "OpenAI compatible",
    }
)
_ISSUES = {
    AnalysisFailure.FORBIDDEN: ISSUE_AI_FORBIDDEN,
    AnalysisFailure.DAILY_QUOTA: ISSUE_AI_QUOTA,
    AnalysisFailure.MODEL_NOT_FOUND: ISSUE_AI_MODEL,
}


@callback
def failed(hass: HomeAssistant, entry: ConfigEntry, provider: str, model: str | None, failure: AnalysisFailure) -> None:
    """Raise what only the parent can mend."""
    if failure is AnalysisFailure.MODEL_NOT_FOUND and provider == ProviderName.GEMINI:
        issues.model_gone(hass, entry.entry_id, entry.data.get(CONF_MODEL, DEFAULT_MODEL))
        return
    if (issue := _ISSUES.get(failure)) is None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{issue}_{provider}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING if issue == ISSUE_AI_QUOTA else ir.IssueSeverity.ERROR,
        translation_key=issue,
        translation_placeholders={"provider": _NAMES.get(provider, provider), "model": model or "-"},
    )


@callback
def answered(hass: HomeAssistant, provider: str) -> None:
    """It answers, or is not asked any more: nothing is left to mend."""
    if provider == ProviderName.GEMINI:
        issues.model_answers(hass)
    for issue in _ISSUES.values():
        ir.async_delete_issue(hass, DOMAIN, f"{issue}_{provider}")


@callback
def forget(hass: HomeAssistant) -> None:
    """Other providers were set."""
    for provider in _NAMES:
        answered(hass, provider)
