"""Asks a camera entity that has no stream for one picture after the other."""

import asyncio
import logging
import time

from homeassistant.components.camera import async_get_image
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .engine.errors import SourceError, SourceProblem
from .engine.picture_feed import PictureFeed

_LOGGER = logging.getLogger(__name__)
_EVERY_S = 0.5
_ASK_S = 5.0
_IDLE_S = 0.2
_PAUSE_S = 2.0


async def async_first_still(hass: HomeAssistant, entity_id: str) -> None:
    """Whether the camera gives stills at all. Raises SourceError."""
    try:
        async with asyncio.timeout(_ASK_S):
            await async_get_image(hass, entity_id, timeout=round(_ASK_S))
    except TimeoutError as error:
        raise SourceError(SourceProblem.TIMEOUT, "the camera entity gives no picture in time") from error
    except (HomeAssistantError, NotImplementedError) as error:
        raise SourceError(SourceProblem.UNSUPPORTED_SOURCE, "the camera entity has no stream and no still") from error
    except Exception:  # noqa: BLE001 - another integration's fault; its text may hold an address
        raise SourceError(SourceProblem.CANNOT_CONNECT, "the camera entity failed") from None


async def async_feed_stills(hass: HomeAssistant, entity_id: str, feed: PictureFeed) -> None:
    """Fill `feed` for as long as it is wanted, until cancelled. One question at a time, each with a limit."""
    works = True
    while True:
        if not feed.wanted:
            await asyncio.sleep(_IDLE_S)
            continue
        asked_s = time.monotonic()
        try:
            async with asyncio.timeout(_ASK_S):
                image = await async_get_image(hass, entity_id, timeout=round(_ASK_S))
        except Exception as error:  # noqa: BLE001 - another integration's fault must not end ours; its text may hold an address
            if works:
                _LOGGER.info("%s gives no still: %s", entity_id, type(error).__name__)
            works = False
            await asyncio.sleep(_PAUSE_S)
            continue
        works = True
        feed.push(image.content)
        await asyncio.sleep(max(_EVERY_S - (time.monotonic() - asked_s), 0.05))


class StillsDesk:
    """The stills of one crib's camera: a feed, and the task that fills it. Event loop only."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._task: asyncio.Task[None] | None = None
        self.feed = PictureFeed()

    @callback
    def follow(self, entity_id: str | None) -> None:
        """Fill the feed from this camera; None: it has a stream."""
        if entity_id is None:
            self._cancel()
        elif self._task is None or self._task.done():
            self._task = self._entry.async_create_background_task(
                self._hass, async_feed_stills(self._hass, entity_id, self.feed), f"cradlewatch stills of {entity_id}"
            )

    @callback
    def stop(self) -> None:
        """Ask no more. What follows has a feed of its own: a thread that is late in ending still holds the old one."""
        self._cancel()
        self.feed = PictureFeed()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
