"""Clips of incidents: before, during and after, told when they are there, on a disk that may be full."""

import asyncio
from dataclasses import replace
from http import HTTPStatus
import io
from pathlib import Path
import stat
import time
from typing import Any

import av
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.engine.models import EventKind, Signal
from custom_components.cradlewatch.engine.store import Store, StoredEvent
from custom_components.cradlewatch.monitor import CribMonitor
from custom_components.cradlewatch.storage import database_path, footage_path
from tests.disks import small_disk
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, leave, live, until

SHORT = {"clip_before": 3, "clip_after": 2}


pytestmark = pytest.mark.usefixtures("own_folder")


def cry(monitor: CribMonitor, *, on: bool, kind: EventKind = EventKind.CRYING) -> None:
    monitor._signal(Signal(kind=kind, active=on, at_s=time.monotonic()))


def clips_of(hass: HomeAssistant, monitor: CribMonitor) -> list[Path]:
    folder = footage_path(hass, "clips", monitor.config.crib_id)
    return sorted(folder.iterdir()) if folder.is_dir() else []


async def clip_told(told: list[dict[str, Any]], kind: str, limit_s: float = 15) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        return next((event for event in told if event["type"] == kind and event["clip"]), None)

    return await until(find, f"the clip of {kind}", limit_s)  # type: ignore[return-value]


async def test_before_during_and_after(
    hass: HomeAssistant,
    video: Path,
    told: list[dict[str, Any]],
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video), **SHORT))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await asyncio.sleep(5)
    began_s = time.monotonic()
    cry(monitor, on=True)
    client, stranger = await hass_client(), await hass_client_no_auth()
    folder = footage_path(hass, "clips", monitor.config.crib_id)
    for half in await until(lambda: [path for path in clips_of(hass, monitor) if path.suffix == ".part"], "the clip"):
        name = half.name.partition(".")[0]
        assert (await client.get(f"/api/cradlewatch/clip/{name}")).status == HTTPStatus.NOT_FOUND, "half a clip is none"
    await asyncio.sleep(1)
    cry(monitor, on=False)
    await asyncio.sleep(1.5)
    # Within its merge time it is the same incident, and the same clip goes on.
    cry(monitor, on=True)
    await asyncio.sleep(1)
    cry(monitor, on=False)
    ready = await clip_told(told, "crying")
    lasted_s = time.monotonic() - began_s
    assert ready["phase"] == "updated"
    path = folder / f"{ready['event_id']}.mp4"
    assert clips_of(hass, monitor).count(path) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    answer = await client.get(ready["clip"])
    assert answer.status == HTTPStatus.OK
    assert (await stranger.get(ready["clip"])).status == HTTPStatus.UNAUTHORIZED
    with av.open(io.BytesIO(await answer.read())) as clip:
        packets = [packet for packet in clip.demux(video=0) if packet.size]
        assert packets[0].is_keyframe
        assert packets[0].dts == 0
        shown_s = float((packets[-1].dts + packets[-1].duration) * packets[-1].time_base)
        decoded = sum(len(packet.decode()) for packet in packets)
    # 3 s before (and up to a GOP of 1 s), 3.5 s of it, 2 s after (ended by a tick of 1 s).
    assert lasted_s + 3 - 1.5 <= shown_s <= lasted_s + 3 + 1.5
    assert abs(decoded - shown_s * 15) <= 3, "true timestamps, no picture missing"
    kept = await monitor.async_query_events(kinds=[EventKind.CRYING])
    assert [item.event.clip for item in kept] == [ready["clip"]]
    await leave(hass, entry)

    # As after a power cut in the middle of one: half a clip is not shown, and the next start clears it away.
    cut = folder / "cut.mp4.part"
    cut.write_bytes(path.read_bytes()[:20_000])
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await client.get("/api/cradlewatch/clip/cut")).status == HTTPStatus.NOT_FOUND
    await until(lambda: cut not in clips_of(hass, crib_of(entry)), "that it is cleared away", 5)
    assert path.exists()
    await leave(hass, entry)


async def test_what_shows_nothing_has_no_clip(hass: HomeAssistant, video: Path, told: list[dict[str, Any]]) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video), **SHORT))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor.test_alert()
    cry(monitor, on=True)
    await until(lambda: any(path.name.endswith(".part") for path in clips_of(hass, monitor)), "the clip")
    # An incident waits up to a second for its picture before it is told.
    await until(lambda: any(event["type"] == "test" for event in told), "the test alert")
    await until(lambda: any(event["type"] == "crying" for event in told), "the crying")
    assert len(clips_of(hass, monitor)) <= 1 + sum(1 for event in told if event["type"] == "motion")
    test_id = next(event["event_id"] for event in told if event["type"] == "test")
    assert not any(test_id in path.name for path in clips_of(hass, monitor))
    await leave(hass, entry)


async def test_by_choice_none(hass: HomeAssistant, video: Path, told: list[dict[str, Any]]) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video), clips=False))
    monitor = crib_of(entry)
    await live(hass, monitor)
    cry(monitor, on=True)
    await until(lambda: any(event["type"] == "crying" for event in told), "the crying")
    await asyncio.sleep(0.5)
    assert clips_of(hass, monitor) == []
    await leave(hass, entry)


@pytest.mark.parametrize("how", ["reload", "privacy"])
async def test_cut_short_it_is_kept_as_far_as_it_goes(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]], how: str
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await asyncio.sleep(2)
    cry(monitor, on=True)
    await until(lambda: any(path.name.endswith(".part") for path in clips_of(hass, monitor)), "the clip")
    await asyncio.sleep(1)
    if how == "reload":
        await leave(hass, entry)
    else:
        await monitor.async_set_privacy(on=True)
        await clip_told(told, "crying", 5)
        await leave(hass, entry)
    assert not any(path.name.endswith(".part") for path in clips_of(hass, monitor))

    def read() -> list[StoredEvent]:
        store = Store.open(database_path(hass))
        try:
            return store.events(kinds=[EventKind.CRYING])
        finally:
            store.close()

    kept = await hass.async_add_executor_job(read)
    assert [item.event.end_reason for item in kept] == [how]
    assert kept[0].event.ended_at is not None
    assert kept[0].event.clip is not None
    path = footage_path(hass, "clips", monitor.config.crib_id) / f"{kept[0].event.event_id}.mp4"
    with av.open(str(path)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) > 15


async def test_a_full_disk_stops_recording_and_nothing_else(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.cradlewatch.clip_desk._LOOK_FOR_ROOM_EVERY_S", 1.0)
    with small_disk(footage_path(hass), megabytes=6) as disk:
        entry = await add_home(hass, crib_data("Nursery", str(video), **SHORT))
        monitor = crib_of(entry)
        monitor.clips.settings = replace(monitor.clips.settings, reserve_bytes=1 << 20)
        await live(hass, monitor)
        issue = ("disk_full_" + monitor.config.crib_id, DOMAIN)
        issues = ir.async_get(hass)
        assert issues.async_get_issue(issue[1], issue[0]) is None
        filler = disk / "filler"
        filler.write_bytes(b"x" * (11 << 19))

        cry(monitor, on=True)
        found = await until(lambda: issues.async_get_issue(issue[1], issue[0]), "the repair", 5)
        assert found.translation_placeholders == {"name": "Nursery"}
        # The alert itself does not wait for a disk.
        await until(lambda: any(event["type"] == "crying" for event in told), "the crying", 3)
        assert monitor._thread is not None
        before = monitor._thread.loop.figures().frames_total
        await asyncio.sleep(2)
        assert monitor._thread.loop.figures().frames_total - before > 20, "the picture goes on"
        assert crib_state(hass, monitor, "camera", "camera").state == "streaming"
        assert not any(path.name.endswith(".mp4") for path in clips_of(hass, monitor))

        filler.unlink()
        await until(lambda: issues.async_get_issue(issue[1], issue[0]) is None, "the repair is taken back", 5)
        cry(monitor, on=True, kind=EventKind.NOISE)
        cry(monitor, on=False, kind=EventKind.NOISE)
        await clip_told(told, "noise")
        await leave(hass, entry)


async def test_a_disk_that_fills_up_under_a_clip(hass: HomeAssistant, video: Path, told: list[dict[str, Any]]) -> None:
    with small_disk(footage_path(hass), megabytes=4) as disk:
        entry = await add_home(hass, crib_data("Nursery", str(video), **SHORT))
        monitor = crib_of(entry)
        monitor.clips.settings = replace(monitor.clips.settings, reserve_bytes=0)
        await live(hass, monitor)
        cry(monitor, on=True)
        await until(lambda: any(path.name.endswith(".part") for path in clips_of(hass, monitor)), "the clip")
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"x" * (5 << 20))
        cry(monitor, on=False)
        issues = ir.async_get(hass)
        await until(lambda: issues.async_get_issue(DOMAIN, "disk_full_" + monitor.config.crib_id), "the repair", 12)
        assert not any(path.name.endswith((".part", ".mp4")) for path in clips_of(hass, monitor))
        assert crib_state(hass, monitor, "camera", "camera").state == "streaming"
        await leave(hass, entry)
