"""The way to one phone: in order, tried again where it fails, and never a brake for the other phones."""

import asyncio
from collections import deque
from dataclasses import dataclass
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from . import alert_issues
from .engine.alert_rules import Loudness
from .phones import NOTIFY, notify_action, phone_name

_LOGGER = logging.getLogger(__name__)

_WAITING_MAX = 50
_SEND_S = 15.0
_AGAIN_S = (2.0, 5.0, 15.0, 40.0)
"""For about a minute: Home Assistant may just be starting, or the connection be away for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One notification on its way."""

    payload: dict[str, Any]
    loudness: Loudness


class PhoneLine:
    """Event loop only."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, phone: str) -> None:
        self._hass = hass
        self._entry = entry
        self._phone = phone
        self._waiting: deque[Alert] = deque()
        self._worker: asyncio.Task[None] | None = None
        self.sent = self.failed = self.dropped = 0

    @callback
    def send(self, alert: Alert) -> None:
        """After those given before."""
        if len(self._waiting) >= _WAITING_MAX:
            # The one that disturbs least.
            quiet = next((old for old in self._waiting if old.loudness is Loudness.PASSIVE), self._waiting[0])
            self._waiting.remove(quiet)
            self.dropped += 1
        self._waiting.append(alert)
        if self._worker is None or self._worker.done():
            self._worker = self._entry.async_create_background_task(self._hass, self._work(), "cradlewatch alerts")

    @callback
    def close(self) -> None:
        """What waits is not sent any more."""
        self._waiting.clear()
        if self._worker is not None:
            self._worker.cancel()

    async def _work(self) -> None:
        while self._waiting:
            await self._deliver(self._waiting.popleft())

    async def _deliver(self, alert: Alert) -> None:
        problem = await self._try(alert)
        for wait_s in () if alert.loudness is Loudness.PASSIVE else _AGAIN_S:
            if problem is None:
                break
            await asyncio.sleep(wait_s)
            problem = await self._try(alert)
        if problem is None:
            self.sent += 1
            alert_issues.phone_answers(self._hass, self._phone)
            return
        self.failed += 1
        name = phone_name(self._hass, self._phone) or "?"
        if alert_issues.phone_fails(self._hass, self._phone, name, gone=notify_action(self._hass, self._phone) is None):
            _LOGGER.error("An alert did not reach the phone %s: %s", name, problem)

    async def _try(self, alert: Alert) -> str | None:
        """Send it; returns why it could not be."""
        action = notify_action(self._hass, self._phone)
        if action is None:
            return "it takes no notifications any more"
        try:
            async with asyncio.timeout(_SEND_S):
                await self._hass.services.async_call(NOTIFY, action, alert.payload, blocking=True)
        except TimeoutError:
            return "it took too long"
        except HomeAssistantError as error:
            return type(error).__name__
        except Exception as error:
            # Another integration's fault: it must not end the line to this phone.
            _LOGGER.exception("Sending an alert failed")
            return type(error).__name__
        return None
