"""What a backup copies is a whole history."""

from datetime import UTC, datetime
from pathlib import Path
import shutil

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.cradlewatch.backup import async_post_backup, async_pre_backup
from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from custom_components.cradlewatch.engine.store import Store
from custom_components.cradlewatch.storage import database_path
from tests.glue.homes import add_home, crib_data, crib_of, leave


def kept(path: Path, crib_id: str) -> list[str]:
    store = Store.open(path)
    found = [item.event.event_id for item in store.events(crib_id=crib_id)]
    store.close()
    return found


pytestmark = pytest.mark.usefixtures("own_folder")


async def test_the_file_alone_holds_everything(hass: HomeAssistant, video: Path, tmp_path: Path) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    event = MonitorEvent(
        event_id="e1", kind=EventKind.CRYING, phase=Phase.OPENED, severity=Severity.INFO, status=Status.UNVERIFIED,
        provider="local", started_at=at, changed_at=at,
    )  # fmt: skip
    store, crib_id = entry.runtime_data.store, crib_of(entry).config.crib_id
    await store.async_read(Store.save_event, crib_id, event)
    await async_pre_backup(hass)
    # The file only, as of a tool that leaves the log out.
    await hass.async_add_executor_job(shutil.copy, database_path(hass), tmp_path / "copy.db")
    await async_post_backup(hass)
    await store.async_read(Store.put_state, "written", dt_util.utcnow().isoformat())
    assert "e1" in await hass.async_add_executor_job(kept, tmp_path / "copy.db", crib_id)
    await leave(hass, entry)
    await async_pre_backup(hass)
