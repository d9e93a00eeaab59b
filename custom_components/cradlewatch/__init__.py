"""Cradlewatch: an AI baby monitor of any camera."""

import asyncio
from datetime import datetime, timedelta
import logging
from pathlib import Path
import shutil
import tempfile
import time

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.event import async_track_time_change, async_track_time_interval
from homeassistant.helpers.typing import ConfigType

from . import issues
from .alerts import AlertDesk
from .analyst import Analyst
from .const import DOMAIN, PLATFORMS, SUBENTRY_CRIB
from .cribs import CribConfig, read_crib
from .dashboard import async_offer_dashboard
from .data import CradlewatchConfigEntry, CradlewatchData
from .engine.memory import give_back
from .engine.store import Store
from .engine.store.retention import purge_daily
from .entity import crib_device, home_device
from .history_actions import async_register_history_actions
from .monitor import CribMonitor
from .phone_buttons import async_listen_buttons
from .phrases import async_load_phrases
from .report_office import ReportOffice
from .services import async_register_services
from .sleep_actions import async_register_sleep_actions
from .snapshots import erase_crib
from .storage import AsyncStore, SwitchMemory, erase_all, footage_path
from .views import async_register_views

_LOGGER = logging.getLogger(__name__)

_KEEP_HISTORY = timedelta(days=180)
# What a connection, a viewer or a call filled is free by then, and kept by the C library.
_MEMORY_EVERY = timedelta(seconds=20)
# On Home Assistant's stop and on unload; later than this is told.
_STOP_LIMIT_S = 3.0

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Actions and views are there whether or not an entry is."""
    async_register_services(hass)
    async_register_sleep_actions(hass)
    async_register_history_actions(hass)
    async_register_views(hass)
    async_listen_buttons(hass)
    await async_offer_dashboard(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CradlewatchConfigEntry) -> bool:
    """Set up the home. Neither a camera nor a key can make it fail; it waits for neither."""
    await async_load_phrases(hass)
    store, switches = AsyncStore(hass), SwitchMemory(hass)
    await asyncio.gather(store.async_open(), switches.async_load())
    analyst = Analyst(hass, entry, store)
    await analyst.async_set_provider()
    await analyst.async_restore()
    folder = Path(await hass.async_add_executor_job(lambda: tempfile.mkdtemp(prefix="cradlewatch-")))
    cribs: dict[str, CribMonitor] = {}
    reports = ReportOffice(hass, entry, store, analyst, cribs)
    data = CradlewatchData(
        store=store,
        switches=switches,
        analyst=analyst,
        socket_folder=folder,
        reports=reports,
        alerts=AlertDesk(hass, entry),
        cribs=cribs,
    )
    entry.runtime_data = data
    home = HomeKeeper(hass, entry, data)
    for config in home.configs().values():
        await home.async_prepare(config)
    devices = dr.async_get(hass)
    for monitor in cribs.values():
        # Before that of the home: to the first device the frontend leads the parent when the set-up is done.
        devices.async_get_or_create(
            config_entry_id=entry.entry_id, config_subentry_id=monitor.config.crib_id, **crib_device(monitor)
        )
    devices.async_get_or_create(config_entry_id=entry.entry_id, **home_device(entry.entry_id))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    data.alerts.start()
    for monitor in data.cribs.values():
        await monitor.async_start()
    reports.start()
    entry.async_on_unload(entry.add_update_listener(home.async_updated))
    entry.async_on_unload(async_track_time_change(hass, analyst.new_day, hour=0, minute=0, second=0))

    @callback
    def purge(now: datetime) -> None:
        store.write(purge_daily, now, _KEEP_HISTORY)

    entry.async_on_unload(async_track_time_change(hass, purge, hour=4, minute=10, second=0))

    async def tidy_memory(_now: datetime) -> None:
        await hass.async_add_executor_job(give_back)

    entry.async_on_unload(async_track_time_interval(hass, tidy_memory, _MEMORY_EVERY, cancel_on_shutdown=True))

    async def stopping(_event: Event) -> None:
        await home.async_close("shutdown")

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stopping))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CradlewatchConfigEntry) -> bool:
    """Stop everything within 3 s."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await HomeKeeper(hass, entry, entry.runtime_data).async_close("reload")
    return True


async def async_remove_entry(hass: HomeAssistant, entry: CradlewatchConfigEntry) -> None:
    """Erase what was kept of the children."""
    issues.home_removed(hass)
    await SwitchMemory(hass).async_erase()
    await hass.async_add_executor_job(erase_all, hass)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: CradlewatchConfigEntry, device: dr.DeviceEntry
) -> bool:
    """A device may go once its crib is gone; a crib is removed on the page of the home."""
    mine = {identifier[1] for identifier in device.identifiers if identifier[0] == DOMAIN}
    return not mine & {entry.entry_id, *entry.subentries}


class HomeKeeper:
    """Adds, changes and removes cribs of a running home, one change at a time."""

    def __init__(self, hass: HomeAssistant, entry: CradlewatchConfigEntry, data: CradlewatchData) -> None:
        self._hass = hass
        self._entry = entry
        self._data = data
        self._lock = asyncio.Lock()
        self._provider_data = dict(entry.data)

    def configs(self) -> dict[str, CribConfig]:
        """The cribs that the entry names. One that cannot be read is told and left out."""
        found: dict[str, CribConfig] = {}
        for subentry in self._entry.subentries.values():
            if subentry.subentry_type == SUBENTRY_CRIB and (config := _readable(subentry)):
                found[config.crib_id] = config
        return found

    async def async_prepare(self, config: CribConfig) -> CribMonitor:
        """A monitor that knows its past and does not watch yet."""
        data = self._data
        monitor = CribMonitor(
            self._hass,
            self._entry,
            config,
            store=data.store,
            switches=data.switches,
            analyst=data.analyst,
            socket_folder=data.socket_folder,
        )
        await monitor.async_restore()
        await data.reports.async_restore(monitor)
        monitor.window_closing = data.reports.window_closing
        monitor.window_closed = data.reports.window_closed
        data.cribs[config.crib_id] = monitor
        return monitor

    async def async_updated(self, _hass: HomeAssistant, _entry: CradlewatchConfigEntry) -> None:
        """The entry changed: touch only what did."""
        async with self._lock:
            if dict(self._entry.data) != self._provider_data:
                self._provider_data = dict(self._entry.data)
                await self._data.analyst.async_set_provider()
            self._data.analyst.options_changed()
            self._data.alerts.options_changed()
            wanted = self.configs()
            for crib_id in set(self._data.cribs) - set(wanted):
                await self._remove(crib_id)
            for crib_id, config in wanted.items():
                await self._apply(crib_id, config)

    async def async_close(self, reason: str) -> None:
        """Stop all cribs at the same time, then the AI and the store, and leave no socket behind."""
        data, began_s = self._data, time.monotonic()
        await asyncio.gather(
            data.reports.async_close(),
            data.analyst.async_close(),
            *(crib.async_stop(reason) for crib in data.cribs.values()),
        )
        # Last: what ends by the stop is still told, as far as the phones can be reached at once.
        data.alerts.close()
        await data.store.async_close()
        await self._hass.async_add_executor_job(lambda: shutil.rmtree(data.socket_folder, ignore_errors=True))
        took_s = time.monotonic() - began_s
        level = logging.INFO if took_s <= _STOP_LIMIT_S else logging.WARNING
        _LOGGER.log(level, "Watching ended (%s): all stopped within %.2f s", reason, took_s)

    async def _apply(self, crib_id: str, config: CribConfig) -> None:
        monitor = self._data.cribs.get(crib_id)
        if monitor is None:
            monitor = await self.async_prepare(config)
            self._data.add_entities(monitor)
            await monitor.async_start()
        elif monitor.config != config:
            await monitor.async_change(config)
            self._rename_device(config)

    def _rename_device(self, config: CribConfig) -> None:
        devices = dr.async_get(self._hass)
        device = devices.async_get_device_by_identifier((DOMAIN, config.crib_id), self._entry.entry_id)
        if device is not None and device.name != config.name:
            devices.async_update_device(device.id, name=config.name)

    async def _remove(self, crib_id: str) -> None:
        """Its entities are gone already: Home Assistant removes them with the subentry."""
        monitor = self._data.cribs.pop(crib_id)
        issues.crib_removed(self._hass, crib_id)
        await monitor.async_stop("removed")
        self._data.analyst.governor.remove(crib_id)
        self._data.store.write(Store.erase_crib, crib_id)
        await self._data.switches.async_forget(crib_id)
        await self._hass.async_add_executor_job(erase_crib, footage_path(self._hass), crib_id)


def _readable(subentry: ConfigSubentry) -> CribConfig | None:
    try:
        return read_crib(subentry)
    except (KeyError, TypeError, ValueError) as error:
        # Without the traceback: it would show the settings, passwords included.
        _LOGGER.error(  # noqa: TRY400
            "The settings of crib %s cannot be read: %s", subentry.title, type(error).__name__
        )
        return None
