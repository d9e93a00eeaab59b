"""Sleep as a calendar: each sleep from falling asleep to waking for good."""

from datetime import datetime
from typing import override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import KEY_SLEEP_SESSIONS
from .data import CradlewatchConfigEntry
from .engine.sleep_sessions import SleepSession
from .entity import CribEntity
from .wording import load_texts, sleep_words

PARALLEL_UPDATES = 0

DESCRIPTION = CalendarEntityDescription(key=KEY_SLEEP_SESSIONS)


async def async_setup_entry(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """One for each crib."""
    entry.runtime_data.add_platform(async_add_entities, lambda monitor: [SleepCalendar(monitor, DESCRIPTION)])


class SleepCalendar(CribEntity, CalendarEntity):
    """The sleeps that are remembered. On while the child is in one, short wakings included."""

    @property
    @override
    def event(self) -> CalendarEvent | None:
        sessions = self.monitor.insight.sessions
        if not sessions or sessions[-1].end_at is not None:
            return None
        return self._event(sessions[-1])

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        now_at = dt_util.utcnow()
        return [
            self._event(session)
            for session in self.monitor.insight.sessions
            if session.start_at < end_date and (session.end_at or now_at) > start_date
        ]

    def _event(self, session: SleepSession) -> CalendarEvent:
        now_at = dt_util.utcnow()
        texts = load_texts(self.hass.config.language)
        summary, description = sleep_words(session, now_at, self.monitor.config.name, texts)
        # A calendar wants an end: for a sleep that goes on it is now, and moves.
        end = max(session.end_at or now_at, session.start_at)
        return CalendarEvent(
            start=dt_util.as_local(session.start_at),
            end=dt_util.as_local(end),
            summary=summary,
            description=description,
            uid=f"{self.monitor.config.crib_id}-{session.start_at.isoformat()}",
        )
