"""What a restart keeps: privacy, switches, the last event, a standing danger, the counters; cut incidents end."""

from pathlib import Path
import time

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cradlewatch.engine.models import EventKind, Signal
from custom_components.cradlewatch.engine.store import Store
from custom_components.cradlewatch.storage import database_path
from tests.glue.helpers import KEY
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.servers.gemini import GeminiServer

GEMINI = {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}


pytestmark = pytest.mark.usefixtures("own_folder")


async def test_privacy_and_switches_stay(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await monitor.async_set_privacy(on=True)
    await monitor.async_set_ai(on=False)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = crib_of(entry)
    assert again is not monitor
    assert again.coordinator.data.privacy
    assert not again.coordinator.data.ai_on
    assert crib_state(hass, again, "switch", "ai").state == "off"
    await until(lambda: again._thread is not None, "the frame thread, which set-up does not wait for")
    assert again._thread is not None
    assert again._thread.loop.info is None, "the camera was opened in privacy"
    await leave(hass, entry)


async def test_a_corrupt_database_never_turns_a_camera_on(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    await crib_of(entry).async_set_privacy(on=True)
    await leave(hass, entry)
    database_path(hass).write_bytes(b"not a database" * 1000)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert crib_of(entry).coordinator.data.privacy
    await leave(hass, entry)


async def test_danger_last_event_and_counters_stay(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    gemini.answer_with("danger")
    entry = await add_home(hass, crib_data("Nursery", str(video)), data=GEMINI)
    monitor = crib_of(entry)
    await live(hass, monitor)
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "attention").state == "on", "the danger")
    calls_id = entity_id(hass, entry.entry_id, "sensor", "ai_calls_today")
    before = hass.states.get(calls_id)
    title = await until(
        lambda: (shown := crib_state(hass, monitor, "sensor", "last_event_title").state) != "unknown" and shown,
        "it told",
    )
    gemini.answer_with("hang")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    again = crib_of(entry)
    assert crib_state(hass, again, "binary_sensor", "attention").state == "on", "a restart cleared a danger"
    assert crib_state(hass, again, "sensor", "safety").state == "unknown"
    assert crib_state(hass, again, "sensor", "last_event_title").state == title
    after = hass.states.get(calls_id)
    assert before is not None
    assert after is not None
    assert int(after.state) >= int(before.state) > 0
    await leave(hass, entry)


async def test_an_incident_cut_by_a_crash_is_ended_with_that_reason(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor._signal(Signal(kind=EventKind.CRYING, active=True, at_s=time.monotonic()))
    store = entry.runtime_data.store

    async def crying() -> list[tuple[str, str | None]]:
        rows = await store.async_read(Store.events, kinds=[EventKind.CRYING])
        return [(row.event.phase.value, row.event.end_reason) for row in rows]

    await until(lambda: crib_state(hass, monitor, "event", "event").attributes.get("event_type") == "crying", "it")
    assert await crying() == [("opened", None)]
    # As after a power cut: nobody ended it, and the next start finds it open.
    monitor.tracker._incidents.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    store = entry.runtime_data.store
    assert await crying() == [("ended", "restart")]
    await leave(hass, entry)


async def test_a_reload_ends_what_is_open(hass: HomeAssistant, video: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor._signal(Signal(kind=EventKind.CRYING, active=True, at_s=time.monotonic()))
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    rows = await entry.runtime_data.store.async_read(Store.events, kinds=[EventKind.CRYING])
    assert [(row.event.phase.value, row.event.end_reason) for row in rows] == [("ended", "reload")]
    await leave(hass, entry)
