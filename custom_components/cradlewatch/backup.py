"""Backups hold a whole history: what still lies in the write-ahead log is folded into the file first."""

import logging

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .engine.errors import StoreError
from .engine.store import Store

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Before the folder is copied. Never fails a backup: the log is copied beside the file in any case."""
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        try:
            await entry.runtime_data.store.async_read(Store.checkpoint)
        except StoreError as error:
            _LOGGER.warning("The history could not be folded together for the backup: %s", error)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Nothing was held."""
