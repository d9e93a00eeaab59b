"""The guard of the event loop is on in all of these tests, and would see what it is there for."""

from datetime import timedelta
from pathlib import Path

from blockbuster import BlockingError
from homeassistant.components import media_source
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.snapshots import SnapshotShelf, make_folder
from custom_components.cradlewatch.storage import database_path
from scripts.benches.rows_startup import fill_month
from tests.glue.homes import crib_data, entity_id, leave, live


async def test_a_blocking_call_of_ours_is_seen(hass: HomeAssistant, tmp_path: Path) -> None:
    (tmp_path / "kept.jpg").touch()
    shelf = SnapshotShelf(tmp_path)
    with pytest.raises(BlockingError):
        shelf.prune()
    with pytest.raises(BlockingError):
        make_folder(tmp_path / "new")
    await hass.async_add_executor_job(shelf.prune)


async def test_five_cribs_and_30_days(hass: HomeAssistant, tmp_path: Path, video: Path) -> None:
    """Start, watch, look back and stop with a month of history: the guard sees no blocking call."""
    hass.config.config_dir = str(tmp_path)
    for component in ("media_source", "calendar"):
        assert await async_setup_component(hass, component, {})
    cribs = [crib_data(name, str(video)) for name in ("Mina", "Theo", "Ada", "Jun", "Noor")]
    entry = MockConfigEntry(domain=DOMAIN, data={"provider": "local"}, subentries_data=cribs)
    entry.add_to_hass(hass)
    rows = await hass.async_add_executor_job(fill_month, database_path(hass), list(entry.subentries))
    assert rows > 80_000
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    monitors = list(entry.runtime_data.cribs.values())
    assert len(monitors) == 5
    for monitor in monitors:
        await live(hass, monitor, 60)
    month = {"start": (dt_util.utcnow() - timedelta(days=30)).isoformat(), "limit": 500}
    answer = await hass.services.async_call(DOMAIN, "get_events", month, blocking=True, return_response=True)
    assert answer is not None
    assert {len(events) for events in answer["cribs"].values()} == {500}
    calendar = entity_id(hass, monitors[0].config.crib_id, "calendar", "sleep_sessions")
    span = {"entity_id": calendar, "start_date_time": month["start"], "end_date_time": dt_util.utcnow().isoformat()}
    await hass.services.async_call("calendar", "get_events", span, blocking=True, return_response=True)
    day = dt_util.now().date()
    await media_source.async_browse_media(hass, f"media-source://{DOMAIN}/window/{monitors[0].config.crib_id}/{day}")
    await leave(hass, entry)
