"""Words of an incident in the language of the home, and its line in the logbook."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from .engine.models import MonitorEvent
from .wording import LANGUAGES, Texts, line_words, load_texts, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Title and description as a parent reads them."""

    title: str
    description: str


async def async_load_phrases(hass: HomeAssistant) -> None:
    """Read the texts, once, off the event loop."""
    for language in LANGUAGES:
        # All of them: the parent may choose another at any time, and then no file may be read on the event loop.
        await hass.async_add_executor_job(load_texts, language)


def words_of(hass: HomeAssistant, event: MonitorEvent, name: str) -> Words:
    """The words for `event` of the crib `name`."""
    title, description = words(event, name, load_texts(_language(hass)))
    return Words(title=title, description=description)


def texts_of(hass: HomeAssistant) -> Texts:
    """All words in the language of the home."""
    return load_texts(_language(hass))


def alert_words(hass: HomeAssistant) -> Mapping[str, str]:
    """Buttons and remarks of notifications."""
    return load_texts(_language(hass)).alerts


def logbook_message(hass: HomeAssistant, event: MonitorEvent) -> str:
    """One line that reads after the crib's name: what, how serious, who says so."""
    texts = load_texts(_language(hass))
    provider = texts.providers.get(event.provider, event.provider)
    parts = (texts.severities[event.severity], provider, texts.statuses[event.status])
    return f"{line_words(event, texts)} ({', '.join(part for part in parts if part)})"


def _language(hass: HomeAssistant) -> str:
    short = hass.config.language.partition("-")[0].lower()
    return short if short in LANGUAGES else "en"
