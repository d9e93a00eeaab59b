"""Cribs come, change and go in a running home: nothing of them is left, and the others never notice."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
import re
import threading
import weakref

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.models import EventKind, Signal
from custom_components.cradlewatch.monitor import CribMonitor
from custom_components.cradlewatch.storage import footage_path
from tests.codecs import no_collection
from tests.engine.test_memory import BLOCKS_MB, filled_and_freed, needs_trim, resident_mb
from tests.glue.helpers import write_video
from tests.glue.homes import add_home, crib_data, crib_of, leave, live, until

pytestmark = pytest.mark.usefixtures("own_folder")


def threads_of(name: str) -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(f"cradlewatch-{name}"))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def files_open_under(folder: Path) -> list[Path]:
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(link.readlink())
    return sorted(path for path in found if folder in path.parents)


def tasks_of_ours() -> list[str]:
    return sorted(task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("cradlewatch"))


def uses_second(monitor: CribMonitor) -> bool:
    return bool(monitor._thread and monitor._thread.loop.details().get("second_source_in_use"))


def loop_of(monitor: CribMonitor) -> CameraLoop:
    assert monitor._thread is not None
    return monitor._thread.loop


def without_number(name: str) -> str:
    """An executor counts its threads."""
    return re.sub(r"_\d+$", "", name)


async def test_another_source_live_leaves_nothing_of_the_old(hass: HomeAssistant, video: Path) -> None:
    other, light, lighter = (write_video(video.with_name(f"{name}.mp4")) for name in ("other", "light", "lighter"))
    entry = await add_home(hass, crib_data("Goes", str(video), detection_source=str(light)))
    goes = crib_of(entry, "Goes")
    await live(hass, goes)
    await until(lambda: uses_second(goes), "the second source")
    sockets = entry.runtime_data.socket_folder
    threads, files, tasks = threads_of("goes"), open_files(), tasks_of_ours()
    assert any(name.endswith("-detect") for name in threads)
    assert files_open_under(video.parent) == sorted([video, light])

    async def change(**data: str) -> None:
        sub = entry.subentries[goes.config.crib_id]
        wanted = {key: value for key, value in {**sub.data, **data}.items() if value}
        hass.config_entries.async_update_subentry(entry, sub, data=wanted)
        await hass.async_block_till_done()
        await until(lambda: goes._thread and goes._thread.loop.link.link.value == "live", "the other source")
        await until(lambda: uses_second(goes) is ("detection_source" in wanted), "the second source")

    for first, second in ((other, light), (other, lighter), (video, lighter)):
        with no_collection():
            old = weakref.ref(loop_of(goes))
            await change(source=str(first), detection_source=str(second))
            await until(lambda old=old: old() is None, "the old loop goes, with its ring and its pictures")
        assert files_open_under(video.parent) == sorted([first, second])
        # Each has a thread by the same name as before, and no more.
        assert [without_number(name) for name in threads_of("goes")] == [without_number(name) for name in threads]
        assert len(list(sockets.iterdir())) == 1
        assert abs(open_files() - files) <= 3
        assert tasks_of_ours() == tasks
    await change(detection_source="")
    assert files_open_under(video.parent) == [video]
    assert not any(name.endswith("-detect") for name in threads_of("goes"))
    await leave(hass, entry)
    assert threads_of("") == []
    assert tasks_of_ours() == []
    assert files_open_under(video.parent) == []


async def test_rename_change_remove_and_unload_leave_nothing(hass: HomeAssistant, video: Path) -> None:
    other = write_video(video.with_name("other.mp4"))
    light = write_video(video.with_name("light.mp4"))
    entry = await add_home(
        hass, crib_data("Stays", str(video)), crib_data("Goes", str(video), detection_source=str(light))
    )
    stays, goes = crib_of(entry, "Stays"), crib_of(entry, "Goes")
    await live(hass, stays)
    await live(hass, goes)
    sockets = entry.runtime_data.socket_folder
    assert len(list(sockets.iterdir())) == 2
    assert stays._thread is not None
    frames_of_stays = stays._thread.loop
    files = open_files()

    # Another source, live: its thread is a new one, the old one is gone; the other crib keeps its own.
    sub = entry.subentries[goes.config.crib_id]
    hass.config_entries.async_update_subentry(entry, sub, data={**sub.data, "source": str(other)})
    await hass.async_block_till_done()
    await until(lambda: goes._thread is not None and goes._thread.loop.link.link.value == "live", "the other source")
    await until(lambda: uses_second(goes), "the second source")
    assert len(list(sockets.iterdir())) == 2
    assert len([name for name in threads_of("goes") if name.endswith("-relay")]) == 1
    assert abs(open_files() - files) <= 3

    # Another name: nothing is opened anew.
    before = goes._thread
    hass.config_entries.async_update_subentry(entry, entry.subentries[goes.config.crib_id], title="Went")
    await hass.async_block_till_done()
    assert goes.config.name == "Went"
    assert goes._thread is before

    # Gone: threads, socket, files, rows.
    goes._signal(Signal(kind=EventKind.CRYING, active=True, at_s=before.loop.link.since_s))  # type: ignore[union-attr]
    folder = footage_path(hass, "clips", goes.config.crib_id)
    await until(lambda: folder.is_dir() and any(folder.iterdir()), "a clip")
    hass.config_entries.async_remove_subentry(entry, goes.config.crib_id)
    await until(lambda: threads_of("goes") == [], "the threads to end", 5)
    assert files_open_under(video.parent) == [video]
    await until(
        lambda: not [name for name in tasks_of_ours() if "goes" in name or "went" in name], "its tasks to end", 5
    )
    await until(lambda: len(list(sockets.iterdir())) == 1, "the socket to go", 5)
    await until(lambda: not folder.exists(), "the footage to go", 5)
    assert await goes.async_query_events() == []
    assert stays._thread is not None
    assert stays._thread.loop is frames_of_stays
    assert frames_of_stays.figures().reconnects == 0

    # All of it.
    await leave(hass, entry)
    assert threads_of("") == []
    assert tasks_of_ours() == []
    assert files_open_under(video.parent) == []
    assert not sockets.exists()
    assert open_files() < files


@needs_trim
async def test_memory_that_is_free_does_not_stay_with_the_home(hass: HomeAssistant) -> None:
    """Nothing was connected or closed meanwhile: viewers and calls leave memory behind as well."""
    await add_home(hass)
    kept = filled_and_freed()
    before_mb = resident_mb()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=6))
    await until(lambda: resident_mb() < before_mb - 0.5 * BLOCKS_MB, "the free memory")
    assert kept
