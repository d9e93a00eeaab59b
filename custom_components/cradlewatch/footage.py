"""Pictures of one crib's incidents: written and read in the executor."""

import asyncio
from functools import partial
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant

from .engine.models import Picture
from .snapshots import SNAPSHOT_URL, SNAPSHOTS, SnapshotShelf
from .storage import footage_path

_LOGGER = logging.getLogger(__name__)
_SAVE_S = 1.0


class Footage:
    """Keeps snapshots. A disk that is full or slow costs the picture, never the alert."""

    def __init__(self, hass: HomeAssistant, crib_id: str) -> None:
        self._hass = hass
        self._shelf = SnapshotShelf(footage_path(hass, SNAPSHOTS, crib_id))
        self.failures = 0

    async def async_save(self, event_id: str, picture: Picture) -> str | None:
        """Save the picture of an incident; its address, or None where that failed or took too long."""
        job = self._hass.async_add_executor_job(partial(self._shelf.save, event_id, picture.jpeg))
        try:
            async with asyncio.timeout(_SAVE_S):
                await job
        except (OSError, TimeoutError) as error:
            if self.failures == 0:
                _LOGGER.warning("Pictures of incidents cannot be saved: %s", error or "too slow")
            self.failures += 1
            return None
        self.failures = 0
        return SNAPSHOT_URL.format(event_id=event_id)

    async def async_load(self, event_id: str) -> bytes | None:
        """The picture of an incident, None where there is none."""
        return await self._hass.async_add_executor_job(_read, self._shelf.folder / f"{event_id}.jpg")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
