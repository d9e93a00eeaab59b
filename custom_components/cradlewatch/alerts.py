"""Tells phones what happens, without an automation: chosen in the set-up, changed under the options of the home."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
import logging
import re
import time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, STATE_ON
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.event import async_call_later

from . import alert_issues
from .alert_line import Alert, PhoneLine
from .alert_payload import alert_payload, alert_tag
from .alert_settings import AlertSettings, alert_settings_of
from .const import DOMAIN, EVENT_BUS, KEY_CAMERA
from .engine.alert_rules import OF_THE_WATCH, AlertBook, AlertNews, Loudness
from .engine.models import EventKind, Phase, Severity, Status
from .phone_buttons import EVENT_BUTTON
from .phones import phone_name, told_by_blueprint
from .phrases import alert_words

_LOGGER = logging.getLogger(__name__)

EVENT_CLEARED = "mobile_app_notification_cleared"
_BUTTON = re.compile(r"^CRADLEWATCH_[A-Z_]+_([0-9A-Za-z-]{1,64})$")
_LOUD = (Loudness.CRITICAL, Loudness.TIME_SENSITIVE)


@dataclass(slots=True, kw_only=True)
class _FollowUp:
    """An incident that was told loudly and that nobody has reacted to yet."""

    cancel: Callable[[], None]
    loudness: Loudness
    news: Mapping[str, Any]
    phones: set[str]


class AlertDesk:
    """The alerts of the home. Event loop only; hears what automations hear."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._settings = AlertSettings()
        self._lines: dict[str, PhoneLine] = {}
        self._books: dict[tuple[str, str], AlertBook] = {}
        self._open: dict[str, _FollowUp] = {}
        self._unsubscribe: list[Callable[[], None]] = []

    @callback
    def start(self) -> None:
        """Listen from now on."""
        self.options_changed()
        listen = self._hass.bus.async_listen
        self._unsubscribe += [
            listen(EVENT_BUS, self._heard),
            listen(EVENT_BUTTON, self._pressed),
            listen(EVENT_CLEARED, self._cleared),
            listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, self._devices_changed),
        ]
        if self._hass.state is not CoreState.running:
            self._unsubscribe.append(listen(EVENT_HOMEASSISTANT_STARTED, self._devices_changed))

    @callback
    def close(self) -> None:
        """Send nothing any more."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        for follow_up in self._open.values():
            follow_up.cancel()
        self._open.clear()
        for line in self._lines.values():
            line.close()

    @callback
    def options_changed(self) -> None:
        """Other phones, or other rules for them. What a phone was told stays known."""
        before, self._settings = self._settings, alert_settings_of(self._entry.options)
        for phone in set(before.phones) - set(self._settings.phones):
            alert_issues.phone_answers(self._hass, phone)
            if line := self._lines.pop(phone, None):
                line.close()
        self._look_for_phones()

    def figures(self) -> dict[str, int]:
        """For diagnostics; no name and no id of a phone."""
        lines = self._lines.values()
        return {
            "phones": len(self._settings.phones),
            **{key: sum(getattr(line, key) for line in lines) for key in ("sent", "failed", "dropped")},
        }

    @callback
    def _heard(self, event: Event[dict[str, Any]]) -> None:
        if not self._settings.phones or (news := _read(event.data)) is None:
            return
        if news.phase is Phase.ENDED or news.dismissed:
            self._settle(news.event_id)
        crib_id = self._crib_id(event.data)
        hushed = self._somebody_is_there()
        for phone, rules in self._settings.phones.items():
            book = self._books.setdefault((phone, crib_id), AlertBook())
            loudness = book.decide(news, rules, hushed=hushed)
            if loudness is None or told_by_blueprint(self._hass, event.data.get("entity_id"), phone):
                continue
            self._send(phone, event.data, loudness)
            if loudness in _LOUD and news.kind not in OF_THE_WATCH:
                self._await_reaction(phone, event.data, loudness)

    @callback
    def _send(self, phone: str, data: Mapping[str, Any], loudness: Loudness, *, again: bool = False) -> None:
        camera = er.async_get(self._hass).async_get_entity_id("camera", DOMAIN, f"{self._crib_id(data)}_{KEY_CAMERA}")
        payload = alert_payload(data, loudness, words=alert_words(self._hass), camera=camera, again=again)
        line = self._lines.setdefault(phone, PhoneLine(self._hass, self._entry, phone))
        line.send(Alert(payload=payload, loudness=loudness))

    # When nobody reacts

    @callback
    def _await_reaction(self, phone: str, data: Mapping[str, Any], loudness: Loudness) -> None:
        if self._settings.follow_up_s <= 0:
            return
        event_id: str = data["event_id"]
        if (known := self._open.get(event_id)) is None:
            cancel = async_call_later(self._hass, self._settings.follow_up_s, partial(self._tell_again, event_id))
            self._open[event_id] = _FollowUp(cancel=cancel, loudness=loudness, news=data, phones={phone})
        else:
            known.loudness, known.news = loudness, data
            known.phones.add(phone)

    @callback
    def _tell_again(self, event_id: str, _now: datetime) -> None:
        follow_up = self._open.pop(event_id)
        for phone in sorted(follow_up.phones & set(self._settings.phones)):
            self._send(phone, follow_up.news, follow_up.loudness, again=True)

    @callback
    def _settle(self, event_id: str) -> None:
        if follow_up := self._open.pop(event_id, None):
            follow_up.cancel()

    @callback
    def _pressed(self, event: Event[dict[str, Any]]) -> None:
        if match := _BUTTON.match(str(event.data.get("action", ""))[:200]):
            self._settle(match[1])

    @callback
    def _cleared(self, event: Event[dict[str, Any]]) -> None:
        """Swiped away (Android tells it): somebody has seen it."""
        tag = str(event.data.get("tag", ""))
        for event_id in tuple(self._open):
            if tag == alert_tag(event_id):
                self._settle(event_id)

    # What surrounds it

    @callback
    def _devices_changed(self, _event: Event[Any]) -> None:
        self._look_for_phones()

    @callback
    def _look_for_phones(self) -> None:
        """A chosen phone that is gone is told at once, not when it fails to ring."""
        for phone in self._settings.phones:
            if dr.async_get(self._hass).async_get(phone) is None:
                issue_is_new = alert_issues.phone_fails(
                    self._hass, phone, phone_name(self._hass, phone) or "?", gone=True
                )
                if issue_is_new:
                    _LOGGER.warning("A phone that was chosen for alerts is not there any more")

    def _somebody_is_there(self) -> bool:
        """True while a chosen person is in the room: nothing but danger makes a sound then."""
        good = {STATE_ON} | ({self._settings.quiet_room} if self._settings.quiet_room else set())
        states = (self._hass.states.get(entity) for entity in self._settings.quiet_entities)
        return any(state is not None and state.state.casefold() in good for state in states)

    def _crib_id(self, data: Mapping[str, Any]) -> str:
        device = dr.async_get(self._hass).async_get(data.get("device_id") or "")
        mine = () if device is None else (name for domain, name in device.identifiers if domain == DOMAIN)
        return next(iter(mine), "")


def _read(data: Mapping[str, Any]) -> AlertNews | None:
    try:
        return AlertNews(
            event_id=str(data["event_id"]),
            kind=EventKind(data["event_type"]),
            phase=Phase(data["phase"]),
            severity=Severity(data["severity"]),
            status=Status(data["status"]),
            muted=bool(data.get("muted", False)),
            at_s=time.monotonic(),
        )
    except KeyError, ValueError:
        # Anybody may fire an event of this name.
        _LOGGER.debug("An event that is none of ours was passed over")
        return None
