"""Spoken questions: is she asleep, how was the night, when did he last cry. Answered from the store, with times.

The sentences lie in the repository's `custom_sentences/`: Home Assistant takes them from the user's own folder.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.util import dt as dt_util
import probatio

from .answers import async_last, exposed_cribs
from .engine.models import EventKind, Sleep
from .engine.sleep_sessions import summarise
from .monitor import CribMonitor
from .wording import Texts, duration, load_texts

NIGHT = timedelta(hours=12)


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Called by Home Assistant."""
    for handler in (SleepIntent(), NightIntent(), CryIntent()):
        intent.async_register(hass, handler)


class _Question(intent.IntentHandler):
    """Asks each crib that is meant, all where none is named."""

    slot_schema = {probatio.Optional("crib"): cv.string}  # noqa: RUF012 - as the base class declares it

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        hass = intent_obj.hass
        texts = await hass.async_add_executor_job(load_texts, intent_obj.language)
        cribs = exposed_cribs(hass, intent_obj.assistant)
        slots = self.async_validate_slots(intent_obj.slots)
        named = slots.get("crib", {}).get("value", "").casefold()
        wanted = [monitor for name, monitor in cribs.items() if named in ("", name.casefold())]
        try:
            said = [await self.answer(monitor, texts) for monitor in wanted]
        except HomeAssistantError:
            said = [texts.answers["unreadable"]]
        response = intent_obj.create_response()
        response.async_set_speech(" ".join(said) or texts.answers["no_crib"])
        return response

    async def answer(self, monitor: CribMonitor, texts: Texts) -> str:
        """What is said of one crib."""
        raise NotImplementedError


class SleepIntent(_Question):
    """Is she asleep?"""

    intent_type = "CradlewatchSleep"
    description = "Tells whether a child is asleep, and since when"

    @override
    async def answer(self, monitor: CribMonitor, texts: Texts) -> str:
        sleep, sessions = monitor.coordinator.data.sleep, monitor.insight.sessions
        since: datetime | None = None
        if sleep is Sleep.ASLEEP and sessions:
            since = sessions[-1].asleep_since_at
        elif sleep is Sleep.AWAKE and sessions and sessions[-1].stretches:
            since = sessions[-1].stretches[-1][1]
        key = sleep.value if sleep else "sleep_unknown"
        return _say(texts, f"{key}_since" if since else key, monitor, since)


class NightIntent(_Question):
    """How was the night?"""

    intent_type = "CradlewatchNight"
    description = "Tells how long a child slept in the last twelve hours and how often it woke"

    @override
    async def answer(self, monitor: CribMonitor, texts: Texts) -> str:
        now_at = dt_util.utcnow()
        slept = summarise(monitor.insight.sessions, now_at - NIGHT, now_at, now_at)
        if slept.sessions == 0:
            return _say(texts, "night_unknown", monitor)
        facts = {
            "{asleep}": duration(slept.asleep, texts),
            "{longest}": duration(slept.longest, texts),
            "{wakings}": str(slept.wakings),
        }
        return _say(texts, "night", monitor, facts=facts)


class CryIntent(_Question):
    """When did he last cry?"""

    intent_type = "CradlewatchLastCry"
    description = "Tells when a child last cried"

    @override
    async def answer(self, monitor: CribMonitor, texts: Texts) -> str:
        last = await async_last(monitor, EventKind.CRYING)
        if last is None:
            return _say(texts, "cried_never", monitor)
        return _say(texts, "cried" if last.ended_at else "crying_now", monitor, last.started_at)


def _say(
    texts: Texts, key: str, monitor: CribMonitor, at: datetime | None = None, facts: Mapping[str, str] | None = None
) -> str:
    sentence = texts.answers[key]
    if at is not None:
        local = dt_util.as_local(at)
        form = "time" if local.date() == dt_util.now().date() else "day_time"
        sentence = sentence.replace("{time}", local.strftime(texts.answers[form]))
    for mark, value in (facts or {}).items():
        sentence = sentence.replace(mark, value)
    return sentence.replace("{name}", monitor.config.name)
