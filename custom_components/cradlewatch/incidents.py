"""From the tracker's changes to everything that a parent or an automation sees: in order, one at a time."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import DOMAIN, EVENT_BUS, KEY_EVENT
from .engine.models import MonitorEvent, Phase, Severity, Status
from .engine.store import Store
from .phrases import Words, logbook_message, words_of
from .storage import AsyncStore

EVENT_LINE = "cradlewatch_logbook"
"""Fired once for a logbook line. `cradlewatch_event` comes with every phase: each would be a line."""

_LOGGER = logging.getLogger(__name__)
_WAITING_MAX = 500
_REMEMBERED = 256
_PICTURE_S = 1.0

type Line = tuple[Status, Severity]


def event_attributes(event: MonitorEvent, words: Words) -> dict[str, Any]:
    """The attributes of the event entity: a public contract."""
    return {
        "event_id": event.event_id,
        "phase": event.phase.value,
        "severity": event.severity.value,
        "status": event.status.value,
        "title": words.title,
        "description": words.description,
        "action_needed": event.action_needed,
        "provider": event.provider,
        "score": None if event.score is None else round(event.score, 2),
        "zone": event.zone,
        "started_at": event.started_at.isoformat(),
        "ended_at": event.ended_at.isoformat() if event.ended_at else None,
        "clip": event.clip,
        "snapshot": event.snapshot,
    }


class IncidentDesk:
    """Publishes the incidents of one crib. Event loop only.

    An opened incident waits (at most a second) for its picture, so that a notification can show it; what comes after
    waits behind it. Nothing else delays anything.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        store: AsyncStore,
        crib_id: str,
        *,
        picture_of: Callable[[MonitorEvent], Awaitable[str | None]],
        published: Callable[[MonitorEvent, Words], None],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._store = store
        self._crib_id = crib_id
        self._picture_of = picture_of
        self._published = published
        self._waiting: deque[MonitorEvent] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._snapshots: OrderedDict[str, str] = OrderedDict()
        self._lines: OrderedDict[str, Line] = OrderedDict()
        self._listeners: list[Callable[[str, dict[str, Any]], None]] = []
        self.name = ""
        self.dropped = 0
        self.muted: Callable[[MonitorEvent], bool] = lambda _event: False
        """Does the parent want no notification of this one?"""

    @callback
    def async_listen(self, listener: Callable[[str, dict[str, Any]], None]) -> Callable[[], None]:
        """Call `listener(event_type, attributes)` for what the event entity fires; returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def publish(self, events: Iterable[MonitorEvent]) -> None:
        """Tell these, after those given before."""
        for event in events:
            if len(self._waiting) >= _WAITING_MAX:
                self.dropped += 1
                _LOGGER.error("Too many incidents of %s at once: one was not told", self.name)
                continue
            self._waiting.append(event)
        if self._waiting and (self._worker is None or self._worker.done()):
            self._worker = self._entry.async_create_background_task(
                self._hass, self._work(), f"cradlewatch incidents {self.name}"
            )

    @callback
    def flush(self) -> None:
        """Before a stop: tell all that waits now, without pictures."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        while self._waiting:
            self._tell(self._waiting.popleft())

    async def _work(self) -> None:
        while self._waiting:
            event = self._waiting[0]
            if event.phase is Phase.OPENED and event.snapshot is None:
                await self._take_picture(event)
            self._waiting.popleft()
            self._tell(event)

    async def _take_picture(self, event: MonitorEvent) -> None:
        """Nothing that goes wrong with a picture may hold an alert back."""
        try:
            async with asyncio.timeout(_PICTURE_S):
                snapshot = await self._picture_of(event)
        except TimeoutError:
            _LOGGER.debug("The picture of an incident took too long")
        except Exception:
            _LOGGER.exception("The picture of an incident of %s failed", self.name)
        else:
            if snapshot is not None:
                self._remember(self._snapshots, event.event_id, snapshot)

    @callback
    def _tell(self, event: MonitorEvent) -> None:
        if event.snapshot is None and (snapshot := self._snapshots.get(event.event_id)):
            event = replace(event, snapshot=snapshot)
        words = words_of(self._hass, event, self.name)
        # What comes after the end (a clip) does not open it again: the next start would end it once more.
        kept = event if event.ended_at is None else replace(event, phase=Phase.ENDED)
        self._store.write(Store.save_event, self._crib_id, kept)
        attributes = event_attributes(event, words) | {"muted": self.muted(event)}
        if event.notable:
            for listener in tuple(self._listeners):
                listener(event.kind.value, attributes)
        self._fire(event, words, attributes)
        self._published(event, words)

    @callback
    def _fire(self, event: MonitorEvent, words: Words, attributes: dict[str, Any]) -> None:
        entity_id = er.async_get(self._hass).async_get_entity_id("event", DOMAIN, f"{self._crib_id}_{KEY_EVENT}")
        device = dr.async_get(self._hass).async_get_device_by_identifier((DOMAIN, self._crib_id), self._entry.entry_id)
        where = {"entity_id": entity_id, "device_id": device.id if device else None}
        kind = event.kind.value
        self._hass.bus.async_fire(
            EVENT_BUS, {**attributes, **where, "event_type": kind, "type": kind, "crib": self.name}
        )
        if self._is_news(event):
            line = {"name": self.name, "message": logbook_message(self._hass, event), "kind": kind}
            self._hass.bus.async_fire(EVENT_LINE, {**line, **where, "event_id": event.event_id})

    def _is_news(self, event: MonitorEvent) -> bool:
        """One logbook line for an incident; a further one only where a verdict changes its meaning."""
        if not event.notable:
            return False
        told = self._lines.get(event.event_id)
        if told == (event.status, event.severity):
            return False
        self._remember(self._lines, event.event_id, (event.status, event.severity))
        return True

    @staticmethod
    def _remember[T](memory: OrderedDict[str, T], event_id: str, value: T) -> None:
        memory[event_id] = value
        memory.move_to_end(event_id)
        while len(memory) > _REMEMBERED:
            memory.popitem(last=False)
