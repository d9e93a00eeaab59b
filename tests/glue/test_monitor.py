"""The monitor of one crib: loss and return, privacy, incidents in order, pictures of them."""

import asyncio
from dataclasses import replace
from http import HTTPStatus
import io
from pathlib import Path
import shutil
import stat
import time
from typing import Any

from homeassistant.components.camera import Camera, async_get_image
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockEntityPlatform
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cradlewatch import thread_keeper
from custom_components.cradlewatch.const import DOMAIN
from custom_components.cradlewatch.engine.models import EventKind, Link, Severity, Signal
from custom_components.cradlewatch.engine.settings import SourceSettings
from custom_components.cradlewatch.monitor import CribMonitor
from custom_components.cradlewatch.storage import footage_path
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.glue.test_repairs import answer, begin
from tests.servers.http_media import HttpMedia

DETECTORS = [
    ("binary_sensor", "motion"),
    ("binary_sensor", "crying"),
    ("sensor", "activity"),
    ("sensor", "activity_level"),
]


pytestmark = pytest.mark.usefixtures("own_folder")


def cut(monitor: CribMonitor, video: Path, *, back: bool = False) -> None:
    """The camera is gone from the network, or there again."""
    assert monitor._thread is not None
    spec = str(video) if back else "rtsp://127.0.0.1:9/none"
    monitor._thread.loop.set_source(SourceSettings(spec=spec, allowed_folders=(str(video.parent),)))


async def test_lost_and_back(hass: HomeAssistant, video: Path, told: list[dict[str, Any]]) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    monitor._signal(Signal(kind=EventKind.CRYING, active=True, at_s=time.monotonic()))
    await until(lambda: any(event["type"] == "crying" for event in told), "the crying")

    cut(monitor, video)
    gone = time.monotonic()
    await until(lambda: any(event["type"] == "camera_lost" for event in told), "camera_lost", 12)
    assert time.monotonic() - gone < 10
    await until(lambda: crib_state(hass, monitor, "binary_sensor", "connectivity").state == "off", "connectivity")
    for domain, key in DETECTORS:
        assert crib_state(hass, monitor, domain, key).state == "unavailable", key
    assert crib_state(hass, monitor, "camera", "camera").state == "unavailable"
    assert crib_state(hass, monitor, "event", "event").state != "unavailable"
    assert crib_state(hass, monitor, "sensor", "safety").attributes["reason"] == "camera_lost"
    ended = next(event for event in told if event["type"] == "crying" and event["phase"] == "ended")
    assert ended["ended_at"] is not None

    cut(monitor, video, back=True)
    await until(lambda: any(event["type"] == "camera_back" for event in told), "camera_back")
    await live(hass, monitor)
    assert crib_state(hass, monitor, "camera", "camera").state == "streaming"
    lost = [event for event in told if event["type"] == "camera_lost"]
    assert [event["phase"] for event in lost] == ["opened", "ended"]
    assert lost[0]["event_id"] == lost[1]["event_id"]
    await leave(hass, entry)


async def test_privacy_keeps_nothing_and_asks_nobody(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    camera = entity_id(hass, monitor.config.crib_id, "camera", "camera")
    await until(lambda: monitor.coordinator.data.frame_rate is not None, "the first figures")
    image = await async_get_image(hass, camera)
    assert image.content[:2] == b"\xff\xd8"

    await hass.services.async_call("camera", "turn_off", {"entity_id": camera}, blocking=True)
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, camera)
    assert monitor._thread is not None
    await until(lambda: monitor._thread.loop.link.link.value == "privacy", "privacy")  # type: ignore[union-attr]
    assert monitor._thread.loop.picture(1000) is None
    assert monitor._thread.loop.details()["ring_bytes"] == 0
    for domain, key in DETECTORS:
        assert crib_state(hass, monitor, domain, key).state == "unavailable", key
    assert crib_state(hass, monitor, "sensor", "safety").attributes["reason"] == "privacy"
    await asyncio.sleep(1.2)
    assert not any(event["type"] == "camera_lost" for event in told)

    await hass.services.async_call("camera", "turn_on", {"entity_id": camera}, blocking=True)
    await live(hass, monitor)
    await leave(hass, entry)


async def test_an_incident_has_its_picture_when_it_is_told(
    hass: HomeAssistant,
    video: Path,
    told: list[dict[str, Any]],
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    assert monitor._thread is not None
    loop = monitor._thread.loop
    # The connection is there with the first packet, its picture some milliseconds later.
    await until(lambda: loop.figures().frames_detected > 0, "a picture")
    monitor.test_alert()
    await until(lambda: [event["phase"] for event in told if event["type"] == "test"] == ["opened", "ended"], "both")
    opened = next(event for event in told if event["type"] == "test")
    assert opened["title"] == "Nursery: test alert"
    assert opened["entity_id"] == entity_id(hass, monitor.config.crib_id, "event", "event")
    assert opened["device_id"]
    files = list(footage_path(hass, "snapshots", monitor.config.crib_id).glob("*.jpg"))
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600

    client, stranger = await hass_client(), await hass_client_no_auth()
    answer = await client.get(opened["snapshot"])
    assert answer.status == HTTPStatus.OK
    assert (await answer.read())[:2] == b"\xff\xd8"
    assert (await stranger.get(opened["snapshot"])).status == HTTPStatus.UNAUTHORIZED
    for wrong in ("..%2f..%2fsecrets.yaml", "none", "%2e%2e", "a.b"):
        assert (await client.get(f"/api/cradlewatch/snapshot/{wrong}")).status in (
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.NOT_FOUND,
        )
    state = crib_state(hass, monitor, "image", "last_event")
    assert (await client.get(state.attributes["entity_picture"])).status == HTTPStatus.OK
    await leave(hass, entry)


async def test_a_burst_keeps_its_order(hass: HomeAssistant, video: Path, told: list[dict[str, Any]]) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    now_s = time.monotonic()
    crying = Signal(kind=EventKind.CRYING, active=True, at_s=now_s)
    monitor._signal(crying)
    monitor._signal(replace(crying, severity=Severity.WARNING))
    monitor._signal(Signal(kind=EventKind.NOISE, active=True, at_s=now_s))
    await until(lambda: len([event for event in told if event["type"] in ("crying", "noise")]) >= 3, "all three")
    burst = [(event["type"], event["phase"], event["severity"]) for event in told if event["type"] != "motion"]
    assert burst[:3] == [
        ("crying", "opened", "info"),
        ("crying", "updated", "warning"),
        ("noise", "opened", "info"),
    ]
    await leave(hass, entry)


async def test_a_frame_thread_that_breaks_is_started_again(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]]
) -> None:
    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    broken = monitor._thread
    assert broken is not None

    def fault(*_args: object) -> object:
        raise RuntimeError("a fault of ours")

    broken.loop._pump._senses.on_frame = fault  # type: ignore[method-assign]
    await until(lambda: any(event["type"] == "camera_lost" for event in told), "camera_lost")
    await until(lambda: monitor._thread is not None and monitor._thread is not broken, "another thread", 10)
    await live(hass, monitor)
    await leave(hass, entry)


async def test_another_camera_of_the_home_as_source(hass: HomeAssistant, camera_entity: str) -> None:
    from homeassistant.config_entries import ConfigSubentryData

    crib = ConfigSubentryData(
        data={"name": "Nursery", "camera": camera_entity}, subentry_type="crib", title="Nursery", unique_id=None
    )
    entry = await add_home(hass, crib)
    await live(hass, crib_of(entry))
    await leave(hass, entry)


async def test_a_password_that_the_camera_refuses_is_told_and_mended_in_the_repair(
    hass: HomeAssistant, video: Path, hass_client: ClientSessionGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_keeper, "_LOST_AFTER_S", 5.0)
    assert await async_setup_component(hass, "repairs", {})
    registry = ir.async_get(hass)
    with HttpMedia(video.parent) as server:
        entry = await add_home(hass, crib_data("Nursery", server.url("401", ("baby", "S3cr3tPass"))))
        monitor, client = crib_of(entry), await hass_client()
        issue_id = f"camera_invalid_auth_{monitor.config.crib_id}"
        await until(lambda: registry.async_get_issue(DOMAIN, issue_id), "the repair")
        assert crib_state(hass, monitor, "binary_sensor", "motion").state == "unavailable"
        flow = await answer(client, await begin(client, issue_id), {"source": str(video)})
        assert flow["type"] == "create_entry"
        await live(hass, monitor)
        assert registry.async_get_issue(DOMAIN, issue_id) is None
        await leave(hass, entry)


async def test_its_stream_is_asked_for_again_and_again_while_it_is_away(
    hass: HomeAssistant, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera entity whose addresses hold for a time only, as those of many clouds and recorders."""
    monkeypatch.setattr(thread_keeper, "_ASK_AGAIN_S", (0.2,))
    monkeypatch.setattr(thread_keeper, "_LOST_AFTER_S", 5.0)

    class Fickle(Camera):
        _attr_name = "Fickle"
        _attr_unique_id = "fickle"
        address = str(video)
        asked = 0

        async def stream_source(self) -> str | None:
            self.asked += 1
            return self.address

    assert await async_setup_component(hass, "camera", {})
    fickle = Fickle()
    await MockEntityPlatform(hass, domain="camera", platform_name="other").async_add_entities([fickle])
    crib = crib_data("Nursery", "")
    crib["data"] = {"name": "Nursery", "camera": fickle.entity_id}
    entry = await add_home(hass, crib)
    monitor = crib_of(entry)
    await live(hass, monitor)
    fickle.address = "rtsp://127.0.0.1:9/none"
    gone = shutil.move(video, video.with_suffix(".gone"))
    await until(lambda: monitor.keeper.state.link is Link.LOST, "the loss", 20)
    asked = fickle.asked
    await until(lambda: fickle.asked > asked + 2, "that it is asked again and again", 10)
    # Elsewhere now, long after it was lost.
    fickle.address = str(shutil.move(gone, video.with_name("elsewhere.mp4")))
    await live(hass, monitor, 10)
    asked = fickle.asked
    fickle.address = "rtsp://127.0.0.1:9/another-token"
    await asyncio.sleep(1.5)
    assert fickle.asked <= asked + 1
    assert monitor.keeper.state.link is Link.LIVE, "what is live is left alone"
    await leave(hass, entry)


async def test_home_assistants_own_stream_plays_the_relay(
    hass: HomeAssistant, video: Path, hass_client_no_auth: ClientSessionGenerator
) -> None:
    from homeassistant.components.camera import async_request_stream

    entry = await add_home(hass, crib_data("Nursery", str(video)))
    monitor = crib_of(entry)
    await live(hass, monitor)
    camera = entity_id(hass, monitor.config.crib_id, "camera", "camera")
    url = await async_request_stream(hass, camera, "hls")
    client = await hass_client_no_auth()
    async with asyncio.timeout(20):
        answer = await client.get(url)
        assert answer.status == HTTPStatus.OK
        assert "#EXTM3U" in await answer.text()
        playlist = await client.get(url.replace("master_playlist", "playlist"))
        assert "segment" in await playlist.text()
    # Another format: the stream component is told, and what it served before ends.
    stream = hass.data["camera"].get_entity(camera).stream
    before = stream.get_diagnostics().get("update_source", 0)
    cut(monitor, video)
    monitor._thread.loop.set_source(SourceSettings(spec="demo:"))  # type: ignore[union-attr]
    await until(lambda: stream.get_diagnostics().get("update_source", 0) > before, "the new generation")
    started = time.monotonic()
    await leave(hass, entry)
    assert time.monotonic() - started < 5


async def test_a_serious_incident_has_a_clip(
    hass: HomeAssistant, video: Path, told: list[dict[str, Any]], hass_client: ClientSessionGenerator
) -> None:
    import av

    entry = await add_home(hass, crib_data("Nursery", str(video), clip_after=2))
    monitor = crib_of(entry)
    await live(hass, monitor)
    await asyncio.sleep(1)
    monitor._signal(Signal(kind=EventKind.CRYING, active=True, at_s=time.monotonic()))
    await asyncio.sleep(1)
    now_at = told[-1]["started_at"]
    assert now_at
    monitor._publish(monitor.tracker.end(EventKind.CRYING, None, dt_util.utcnow(), time.monotonic()))
    await until(lambda: any(event["clip"] for event in told), "the clip", 12)
    url = next(event["clip"] for event in told if event["clip"])
    client = await hass_client()
    answer = await client.get(url)
    assert answer.status == HTTPStatus.OK
    with av.open(io.BytesIO(await answer.read())) as clip:
        pictures = sum(1 for _ in clip.decode(video=0))
    assert pictures > 15, "pre-roll, the incident and what came after"
    await leave(hass, entry)
