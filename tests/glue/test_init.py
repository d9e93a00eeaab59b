"""Set-up, cribs that come, change and go, stop and removal: with real frame threads."""

import asyncio
from pathlib import Path
import threading
import time
from types import MappingProxyType

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.cradlewatch.const import CRIB_ENTITY_KEYS, DOMAIN, HOME_ENTITY_KEYS
from custom_components.cradlewatch.storage import database_path, footage_path
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until


def frame_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("cradlewatch-")]


@pytest.fixture(autouse=True)
def own_cache(hass: HomeAssistant, tmp_path: Path) -> None:
    """Database and footage of a test of its own."""
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)


async def test_set_up_watches_and_unload_leaves_nothing(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert any("cradlewatch-nursery" in name for name in frame_threads())
    sockets = entry.runtime_data.socket_folder
    assert sockets.is_dir()

    started = time.monotonic()
    await leave(hass, entry)
    assert time.monotonic() - started < 3
    await until(lambda: not frame_threads(), "the end of all threads", 3)
    assert not sockets.exists()
    assert entry.state is ConfigEntryState.NOT_LOADED


async def test_every_public_entity_is_there(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    registry = er.async_get(hass)
    crib_id = crib_of(entry).config.crib_id
    for platform, keys in CRIB_ENTITY_KEYS.items():
        for key in keys:
            found = registry.async_get_entity_id(platform, DOMAIN, f"{crib_id}_{key}")
            assert found is not None, f"{platform} {key}"
            row = registry.async_get(found)
            assert row is not None
            assert row.config_subentry_id == crib_id
    for platform, keys in HOME_ENTITY_KEYS.items():
        for key in keys:
            assert registry.async_get_entity_id(platform, DOMAIN, f"{entry.entry_id}_{key}"), f"{platform} {key}"
    assert registry.async_get_entity_id("camera", DOMAIN, f"{crib_id}_camera") == "camera.nursery"
    devices = dr.async_get(hass)
    assert devices.async_get_device_by_identifier((DOMAIN, crib_id), entry.entry_id)
    assert devices.async_get_device_by_identifier((DOMAIN, entry.entry_id), entry.entry_id)
    await leave(hass, entry)


async def test_one_dead_camera_blinds_nobody(hass: HomeAssistant, video: Path) -> None:
    started = time.monotonic()
    entry = await add_home(hass, crib_data("Nursery", str(video)), crib_data("Attic", "rtsp://127.0.0.1:9/none"))
    assert entry.state is ConfigEntryState.LOADED
    assert time.monotonic() - started < 5, "set-up waited for a camera"
    await live(hass, crib_of(entry))
    assert crib_state(hass, crib_of(entry, "Attic"), "binary_sensor", "motion").state in ("unknown", "unavailable")
    await leave(hass, entry)


async def test_cribs_come_change_and_go_without_touching_the_others(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    first = crib_of(entry)
    await live(hass, first)
    thread = first._thread

    second = ConfigSubentry(
        data=MappingProxyType({"name": "Cot", "source": str(video)}),
        subentry_type="crib",
        title="Cot",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(entry, second)
    await hass.async_block_till_done()
    cot = crib_of(entry, "Cot")
    await live(hass, cot)
    cot_thread = cot._thread

    hass.config_entries.async_update_subentry(
        entry, second, title="Small cot", data={"name": "Small cot", **dict(second.data)}
    )
    await hass.async_block_till_done()
    assert crib_of(entry, "Small cot") is cot
    assert cot._thread is cot_thread, "a new name opened the camera anew"
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, second.subentry_id), entry.entry_id)
    assert device is not None
    assert device.name == "Small cot"

    hass.config_entries.async_update_subentry(entry, second, data={"name": "Small cot", "source": "demo:"})
    await hass.async_block_till_done()
    assert cot._thread is not cot_thread, "another source is another connection"
    await live(hass, cot)

    folder = footage_path(hass, "snapshots", second.subentry_id)
    cot.test_alert()
    await until(lambda: any(folder.glob("*.jpg")), "the snapshot")
    hass.config_entries.async_remove_subentry(entry, second.subentry_id)
    await hass.async_block_till_done()
    assert not folder.exists()
    assert list(entry.runtime_data.cribs) == [first.config.crib_id]
    assert first._thread is thread, "the first crib was touched"
    assert first.coordinator.data.watching
    await leave(hass, entry)


async def test_stop_of_home_assistant_ends_all_quickly(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)), crib_data("Attic", "rtsp://127.0.0.1:9/none"))
    await live(hass, crib_of(entry))
    started = time.monotonic()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert time.monotonic() - started < 3
    await until(lambda: not frame_threads(), "the end of all threads", 3)
    await leave(hass, entry)


async def test_removal_erases_what_was_kept(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor.test_alert()
    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("snapshot"), "the alert")
    assert database_path(hass).exists()
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert not database_path(hass).exists()
    assert not footage_path(hass).exists()


async def test_a_store_that_cannot_be_used_is_told_and_watching_goes_on(
    hass: HomeAssistant, video: Path, issue_registry: object
) -> None:
    from homeassistant.helpers import issue_registry as ir

    database_path(hass).mkdir()  # a folder where the file should be: neither to be opened nor set aside
    (database_path(hass) / "x").touch()
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor.test_alert()
    await until(lambda: crib_state(hass, monitor, "event", "event").state != "unknown", "the alert")
    if entry.runtime_data.store.failing:
        assert ir.async_get(hass).async_get_issue(DOMAIN, "store_failed") is not None
    else:
        assert database_path(hass).is_file(), "set aside and begun anew"
    await leave(hass, entry)


async def test_setup_without_an_entry(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    assert hass.services.has_service(DOMAIN, "check")
    await asyncio.sleep(0)


async def test_the_crib_is_the_first_device(hass: HomeAssistant) -> None:
    """To it the frontend leads when the set-up is done; the home's own device follows."""
    entry = await add_home(hass, crib_data("Mina", "rtsp://127.0.0.1:9/none"))
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert [device.name for device in sorted(devices, key=lambda device: device.created_at)] == ["Mina", "Cradlewatch"]
    await leave(hass, entry)
