"""The guard of the event loop is on in all of these tests, and would see what it is there for."""

from pathlib import Path

from blockbuster import BlockingError
from homeassistant.core import HomeAssistant
import pytest

from custom_components.cradlewatch.snapshots import make_folder, prune


async def test_a_blocking_call_of_ours_is_seen(hass: HomeAssistant, tmp_path: Path) -> None:
    (tmp_path / "kept.jpg").touch()
    with pytest.raises(BlockingError):
        prune(tmp_path)
    with pytest.raises(BlockingError):
        make_folder(tmp_path / "new")
    await hass.async_add_executor_job(prune, tmp_path)
