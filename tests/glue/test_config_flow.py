"""Every step of the first set-up, every error and the way out of it, against real sources and a real local Gemini."""

from collections.abc import Iterator
from datetime import timedelta
import os
from pathlib import Path
import socket
import stat
import time
from typing import Any
from unittest.mock import AsyncMock

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import DEFAULT_MODEL, DOMAIN, SUBENTRY_CRIB
from tests.disks import small_disk
from tests.glue.helpers import KEY, write_sound
from tests.servers.gemini import GeminiServer

pytestmark = pytest.mark.usefixtures("setup_entry")


async def start(hass: HomeAssistant) -> Any:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "user", {})
    return result


async def answer(hass: HomeAssistant, result: Any, user_input: dict[str, Any]) -> Any:
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input)


async def to_ai(hass: HomeAssistant, video: Path) -> Any:
    result = await answer(hass, await start(hass), {"name": "Mina", "source": str(video)})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "ai")
    return result


async def to_gemini(hass: HomeAssistant, video: Path) -> Any:
    result = await answer(hass, await to_ai(hass, video), {"provider": "gemini"})
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "gemini")
    return result


def only_entry(hass: HomeAssistant) -> Any:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def test_local_home_with_its_first_crib(hass: HomeAssistant, video: Path, setup_entry: AsyncMock) -> None:
    result = await answer(hass, await start(hass), {"name": " Mina ", "source": str(video), "birthdate": "2026-05-02"})
    result = await answer(hass, result, {"provider": "local"})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = only_entry(hass)
    assert (entry.title, dict(entry.data)) == ("Cradlewatch", {"provider": "local"})
    (crib,) = entry.subentries.values()
    assert (crib.subentry_type, crib.title, crib.unique_id) == (SUBENTRY_CRIB, "Mina", None)
    entered = {
        "name": "Mina",
        "source": str(video),
        "birthdate": "2026-05-02",
        "transport": "auto",
        "verify_tls": True,
        "rotation": 0,
    }
    assert entered.items() <= crib.data.items()
    await hass.async_block_till_done()
    assert len(setup_entry.mock_calls) == 1


async def test_demo_nursery(hass: HomeAssistant) -> None:
    result = await answer(hass, await start(hass), {"name": "Nursery", "source": "demo:"})
    result = await answer(hass, result, {"provider": "local"})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_rare_settings(hass: HomeAssistant, video: Path) -> None:
    advanced = {"transport": "udp", "verify_tls": False, "rotation": "180"}
    result = await answer(hass, await start(hass), {"name": "Mina", "source": str(video), "advanced": advanced})
    await answer(hass, result, {"provider": "local"})
    (crib,) = only_entry(hass).subentries.values()
    assert crib.data["transport"] == "udp"
    assert crib.data["verify_tls"] is False
    assert crib.data["rotation"] == 180


async def test_camera_entity_as_source(hass: HomeAssistant, camera_entity: str) -> None:
    result = await answer(hass, await start(hass), {"name": "Mina", "camera": camera_entity})
    await answer(hass, result, {"provider": "local"})
    (crib,) = only_entry(hass).subentries.values()
    assert crib.data["camera"] == camera_entity
    assert "source" not in crib.data


async def test_own_camera_is_neither_offered_nor_taken(
    hass: HomeAssistant, camera_entity: str, entity_registry: Any
) -> None:
    own = entity_registry.async_get_or_create("camera", DOMAIN, "x_camera").entity_id
    result = await start(hass)
    offered = result["data_schema"].schema["camera"].config["exclude_entities"]
    assert own in offered
    assert camera_entity not in offered
    with pytest.raises(InvalidData):
        await answer(hass, result, {"name": "Mina", "camera": own})
    # One that came into being while the form was open.
    late = entity_registry.async_get_or_create("camera", DOMAIN, "y_camera").entity_id
    result = await answer(hass, result, {"name": "Mina", "camera": late})
    assert result["errors"] == {"camera": "own_camera"}


async def test_camera_that_does_not_exist(hass: HomeAssistant, video: Path) -> None:
    result = await answer(hass, await start(hass), {"name": "Mina", "camera": "camera.gone"})
    assert result["errors"] == {"camera": "cannot_connect"}
    result = await answer(hass, result, {"name": "Mina", "source": str(video)})
    assert result["step_id"] == "ai"


@pytest.fixture
def forbidden_device(tmp_path: Path) -> Iterator[str]:
    """A camera's node on a file system without devices: not even root may open it."""
    node = Path("/dev/video986")
    with small_disk(tmp_path / "disk", megabytes=1, options="nodev") as disk:
        try:
            os.mknod(disk / "video0", 0o600 | stat.S_IFCHR, Path("/dev/null").stat().st_rdev)
            node.symlink_to(disk / "video0")
        except PermissionError:
            pytest.skip("no device may be made")
        try:
            yield str(node)
        finally:
            node.unlink()


async def test_a_device_that_may_not_be_opened_is_told_as_such(
    hass: HomeAssistant, forbidden_device: str, video: Path
) -> None:
    result = await answer(hass, await start(hass), {"name": "Mina", "source": forbidden_device})
    assert result["errors"] == {"source": "no_permission"}
    result = await answer(hass, result, {"name": "Mina", "source": str(video)})
    assert result["step_id"] == "ai"


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({}, {"source": "source_required"}),
        ({"source": "  "}, {"source": "source_required"}),
        ({"source": "{video}", "camera": "camera.other"}, {"camera": "one_source_only"}),
        ({"source": "/etc/passwd"}, {"source": "path_not_allowed"}),
        ({"source": "{folder}/nothing.mp4"}, {"source": "cannot_connect"}),
        ({"source": "gopher://example"}, {"source": "unsupported_source"}),
        ({"source": "rtsp://127.0.0.1:{closed}/1"}, {"source": "cannot_connect"}),
        ({"source": "{folder}/text.mp4"}, {"source": "unsupported_source"}),
        ({"source": "{folder}/sound.m4a"}, {"source": "no_video"}),
        ({"source": "x" * 5000}, {"source": "unsupported_source"}),
        ({"source": "{video}", "name": "  "}, {"name": "invalid_name"}),
        ({"source": "{video}", "name": "n" * 61}, {"name": "invalid_name"}),
    ],
)
async def test_errors_stand_at_their_field_and_can_be_mended(
    hass: HomeAssistant, video: Path, fields: dict[str, str], errors: dict[str, str]
) -> None:
    (video.parent / "text.mp4").write_text("this is no film\n" * 50)
    write_sound(video.parent / "sound.m4a")
    places = {"{video}": str(video), "{folder}": str(video.parent), "{closed}": str(_closed_port())}
    filled = dict(fields)
    for key, value in fields.items():
        for mark, real in places.items():
            filled[key] = filled[key].replace(mark, real) if mark in value else filled[key]
    result = await answer(hass, await start(hass), {"name": "Mina", **filled})
    assert (result["type"], result["step_id"], result["errors"]) == (FlowResultType.FORM, "user", errors)

    result = await answer(hass, result, {"name": "Mina", "source": str(video)})
    assert result["step_id"] == "ai"


async def test_birthday_to_come(hass: HomeAssistant, video: Path) -> None:
    tomorrow = (dt_util.now().date() + timedelta(days=1)).isoformat()
    result = await answer(hass, await start(hass), {"name": "Mina", "source": str(video), "birthdate": tomorrow})
    assert result["errors"] == {"birthdate": "birthdate_in_future"}


async def test_refused_log_in_and_no_password_in_the_log(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    from aiohttp import web
    from aiohttp.test_utils import TestServer

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="cam"'})

    app = web.Application()
    app.router.add_get("/live.ts", refuse)
    async with TestServer(app) as server:
        source = f"http://me:S3cr3tPass@127.0.0.1:{server.port}/live.ts"
        result = await answer(hass, await start(hass), {"name": "Mina", "source": source})
    assert result["errors"] == {"source": "invalid_auth"}
    assert "S3cr3tPass" not in caplog.text
    assert "was not accepted: invalid_auth" in caplog.text


async def test_silent_camera_times_out(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.cradlewatch.sources.PROBE_LIMIT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/1"
        started = time.monotonic()
        result = await answer(hass, await start(hass), {"name": "Mina", "source": source})
        assert time.monotonic() - started < 5
    assert result["errors"] == {"source": "timeout"}


async def test_gemini_home(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    result = await to_gemini(hass, video)
    shown = result["description_placeholders"]
    assert (shown["interval"], shown["calls"].replace("\u202f", "")) == ("45", "1900")
    result = await answer(hass, result, {"api_key": f" {KEY} ", "model": "gemini-2.5-flash", "consent": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(only_entry(hass).data) == {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"}
    assert gemini.checks_received == 0, "the key is checked by a call that costs nothing"


async def test_gemini_by_a_program_that_fills_only_the_key(
    hass: HomeAssistant, video: Path, gemini: GeminiServer
) -> None:
    result = await answer(hass, await to_gemini(hass, video), {"api_key": KEY})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert only_entry(hass).data["model"] == DEFAULT_MODEL


async def test_an_unticked_box_sends_nothing(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    result = await to_gemini(hass, video)
    box = next(marker for marker in result["data_schema"].schema if marker == "consent")
    assert box.description == {"suggested_value": False}, "so a browser sends false for an untouched box"
    result = await answer(hass, result, {"api_key": KEY, "consent": False})
    assert result["errors"] == {"consent": "consent_required"}
    assert not gemini.requests
    result = await answer(hass, result, {"api_key": KEY, "consent": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("scenario", "errors"),
    [
        ("invalid_key", {"api_key": "invalid_auth"}),
        ("403", {"api_key": "invalid_auth"}),
        ("429", {"base": "quota_exceeded"}),
        ("429_daily", {"base": "quota_exceeded"}),
        ("500", {"base": "cannot_connect"}),
        ("200_html", {"base": "cannot_connect"}),
        ("reset", {"base": "cannot_connect"}),
        ("hang", {"base": "cannot_connect"}),
    ],
)
async def test_key_troubles_and_their_end(
    hass: HomeAssistant,
    video: Path,
    gemini: GeminiServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    scenario: str,
    errors: dict[str, str],
) -> None:
    monkeypatch.setattr("custom_components.cradlewatch.provider_form.KEY_CHECK_LIMIT_S", 2.0)
    result = await to_gemini(hass, video)
    gemini.answer_with(scenario)
    result = await answer(hass, result, {"api_key": KEY, "consent": True})
    assert (result["type"], result["errors"]) == (FlowResultType.FORM, errors)
    assert KEY not in caplog.text

    gemini.answer_with("ok")
    result = await answer(hass, result, {"api_key": KEY, "consent": True})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_model_that_the_key_cannot_use(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    result = await to_gemini(hass, video)
    result = await answer(hass, result, {"api_key": KEY, "model": "gemini-9", "consent": True})
    assert result["errors"] == {"model": "model_not_found"}
    offered = result["data_schema"].schema["model"].config["options"]
    assert "gemini-2.5-pro" in offered, "now the list that Google gave for this key"
    assert not any("embedding" in name or "tts" in name for name in offered)
    result = await answer(hass, result, {"api_key": KEY, "model": "models/gemini-2.5-pro", "consent": True})
    assert only_entry(hass).data["model"] == "gemini-2.5-pro"


async def test_ai_task(hass: HomeAssistant, video: Path) -> None:
    from homeassistant.components.ai_task import AITaskEntityFeature

    seeing = AITaskEntityFeature.GENERATE_DATA | AITaskEntityFeature.SUPPORT_ATTACHMENTS
    hass.states.async_set("ai_task.blind", "unknown", {"supported_features": AITaskEntityFeature.GENERATE_DATA})
    hass.states.async_set("ai_task.seeing", "unknown", {"supported_features": seeing})
    result = await answer(hass, await to_ai(hass, video), {"provider": "ai_task"})
    assert result["step_id"] == "ai_task"
    for entity, consent, errors in (
        ("ai_task.gone", True, {"ai_task_entity": "entity_not_found"}),
        ("ai_task.blind", True, {"ai_task_entity": "no_pictures"}),
        ("ai_task.seeing", False, {"consent": "consent_required"}),
    ):
        result = await answer(hass, result, {"ai_task_entity": entity, "consent": consent})
        assert result["errors"] == errors
    result = await answer(hass, result, {"ai_task_entity": "ai_task.seeing", "consent": True})
    assert dict(only_entry(hass).data) == {"provider": "ai_task", "ai_task_entity": "ai_task.seeing"}


async def test_one_home_only(hass: HomeAssistant) -> None:
    MockConfigEntry(domain=DOMAIN, data={"provider": "local"}).add_to_hass(hass)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "single_instance_allowed")


def home(hass: HomeAssistant, data: dict[str, Any]) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, data=data, title="Cradlewatch")
    entry.add_to_hass(hass)
    return entry


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    result = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    assert result["step_id"] == "ai"
    return result


async def test_reconfigure_to_gemini_and_back(hass: HomeAssistant, gemini: GeminiServer) -> None:
    entry = home(hass, {"provider": "local"})
    result = await answer(hass, await reconfigure(hass, entry), {"provider": "gemini"})
    result = await answer(hass, result, {"api_key": KEY, "consent": True})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data["api_key"] == KEY

    result = await answer(hass, await reconfigure(hass, entry), {"provider": "local"})
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == {"provider": "local"}, "a key that is not used is not kept"


async def test_reconfigure_keeps_the_key_and_never_shows_it(hass: HomeAssistant, gemini: GeminiServer) -> None:
    entry = home(hass, {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-flash"})
    result = await answer(hass, await reconfigure(hass, entry), {"provider": "gemini"})
    assert KEY not in str([(str(m), getattr(m, "description", None)) for m in result["data_schema"].schema])
    result = await answer(hass, result, {"model": "gemini-2.5-pro", "consent": True})
    assert result["reason"] == "reconfigure_successful"
    assert dict(entry.data) == {"provider": "gemini", "api_key": KEY, "model": "gemini-2.5-pro"}


async def test_blank_key(hass: HomeAssistant, video: Path, gemini: GeminiServer) -> None:
    result = await answer(hass, await to_gemini(hass, video), {"api_key": "  ", "consent": True})
    assert result["errors"] == {"api_key": "invalid_auth"}
    assert not gemini.requests


async def test_camera_without_a_stream(
    hass: HomeAssistant, camera_entity: str, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homeassistant.components.camera import Camera
    from homeassistant.components.camera.const import DATA_COMPONENT

    entity = hass.data[DATA_COMPONENT].get_entity(camera_entity)
    assert isinstance(entity, Camera)

    async def nothing() -> None:
        return None

    monkeypatch.setattr(entity, "stream_source", nothing)
    result = await answer(hass, await start(hass), {"name": "Mina", "camera": camera_entity})
    assert result["errors"] == {"camera": "unsupported_source"}


async def test_address_that_cannot_be_read(hass: HomeAssistant) -> None:
    result = await answer(hass, await start(hass), {"name": "Mina", "source": "rtsp://[me:pw@cam/1"})
    assert set(result["errors"]) == {"source"}
