"""Words of an incident in the language of the home, and its line in the logbook."""

from dataclasses import dataclass

from homeassistant.core import HomeAssistant

from .engine.models import MonitorEvent, Status
from .wording import LANGUAGES, load_texts, words


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


def logbook_message(hass: HomeAssistant, event: MonitorEvent, said: Words, name: str) -> str:
    """One line that reads after the crib's name: what, how serious, who says so."""
    texts = load_texts(_language(hass))
    provider = texts.providers.get(event.provider, event.provider)
    what = texts.dismissed if event.status is Status.DISMISSED else _after_name(said.title, name)
    parts = (texts.severities[event.severity], provider, texts.statuses[event.status])
    return f"{what} ({', '.join(part for part in parts if part)})"


def _after_name(title: str, name: str) -> str:
    """`title` without the name that the logbook puts before it."""
    rest = title.removeprefix(name)
    return rest.lstrip(": ") if rest[:1] in (":", " ") else title


def _language(hass: HomeAssistant) -> str:
    short = hass.config.language.partition("-")[0].lower()
    return short if short in LANGUAGES else "en"
