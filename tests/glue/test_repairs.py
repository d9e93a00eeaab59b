"""Issues and their fix flows, through Home Assistant's own repairs, and what the system page says."""

from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.cradlewatch import async_setup_entry as real_setup, issues
from custom_components.cradlewatch.const import DOMAIN, SUBENTRY_CRIB
from custom_components.cradlewatch.engine.models import Link, LinkState, StreamInfo
from custom_components.cradlewatch.sources import MASK
from tests.glue.helpers import KEY
from tests.servers.gemini import GeminiServer

pytestmark = pytest.mark.usefixtures("setup_entry")
SILENT = StreamInfo(size_wh=(320, 180), video_codec="h264", frame_rate_fps=15, audio_codec=None, audio_rate_hz=None)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    data = {"name": "Mina", "source": "rtsp://me:S3cr3tPass@127.0.0.1:1/1", "verify_tls": True}
    home = MockConfigEntry(
        domain=DOMAIN,
        data={"provider": "gemini", "api_key": KEY, "model": "gemini-0"},
        subentries_data=[ConfigSubentryData(data=data, subentry_type=SUBENTRY_CRIB, title="Mina", unique_id=None)],
    )
    home.add_to_hass(hass)
    return home


@pytest.fixture
def crib_id(entry: MockConfigEntry) -> str:
    return next(iter(entry.subentries))


@pytest.fixture
async def client(hass: HomeAssistant, hass_client: Any) -> Any:
    assert await async_setup_component(hass, DOMAIN, {})
    assert await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    return await hass_client()


async def begin(client: Any, issue_id: str) -> dict[str, Any]:
    response = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    assert response.status == HTTPStatus.OK
    result: dict[str, Any] = await response.json()
    return result


async def answer(client: Any, flow: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    response = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json=user_input)
    assert response.status == HTTPStatus.OK
    result: dict[str, Any] = await response.json()
    return result


def lost(reason: str) -> LinkState:
    return LinkState(link=Link.LOST, since_s=1, reason=reason)


async def test_new_password(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, crib_id: str, video: Path, issue_registry: Any
) -> None:
    issues.link_changed(hass, crib_id, "Mina", lost("invalid_auth"))
    flow = await begin(client, f"camera_invalid_auth_{crib_id}")
    (field,) = flow["data_schema"]
    assert field["description"]["suggested_value"] == f"rtsp://me:{MASK}@127.0.0.1:1/1"
    assert "S3cr3tPass" not in str(flow)

    flow = await answer(client, flow, {"source": f"rtsp://me:{MASK}@127.0.0.1:1/1"})
    assert flow["errors"] == {"source": "cannot_connect"}
    flow = await answer(client, flow, {"source": str(video)})
    assert flow["type"] == "create_entry"
    assert entry.subentries[crib_id].data["source"] == str(video)
    assert entry.subentries[crib_id].data["verify_tls"] is True
    assert issue_registry.async_get_issue(DOMAIN, f"camera_invalid_auth_{crib_id}") is None


async def test_the_camera_takes_its_issue_back(hass: HomeAssistant, crib_id: str, issue_registry: Any) -> None:
    issues.link_changed(hass, crib_id, "Mina", lost("invalid_auth"))
    issues.link_changed(hass, crib_id, "Mina", lost("timeout"))
    assert issue_registry.async_get_issue(DOMAIN, f"camera_invalid_auth_{crib_id}")
    issues.link_changed(hass, crib_id, "Mina", LinkState(link=Link.LIVE, since_s=2))
    assert not issue_registry.issues


async def test_no_microphone(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, crib_id: str, issue_registry: Any
) -> None:
    issues.stream_opened(hass, crib_id, "Mina", SILENT)
    flow = await begin(client, f"no_sound_{crib_id}")
    assert flow["description_placeholders"] == {"name": "Mina"}
    assert (await answer(client, flow, {}))["reason"] == "no_microphone"
    issues.stream_opened(hass, crib_id, "Mina", SILENT)
    issue = issue_registry.async_get_issue(DOMAIN, f"no_sound_{crib_id}")
    assert issue.dismissed_version is not None, "not asked again"


async def test_model_gone(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, gemini: GeminiServer, issue_registry: Any
) -> None:
    issues.model_gone(hass, entry.entry_id, "gemini-0")
    flow = await begin(client, "model_gone")
    assert flow["errors"] == {}
    options = flow["data_schema"][0]["selector"]["select"]["options"]
    assert "gemini-2.5-flash" in options
    flow = await answer(client, flow, {"model": "gemini-1"})
    assert flow["errors"] == {"model": "model_not_found"}
    flow = await answer(client, flow, {"model": "gemini-2.5-flash"})
    assert flow["type"] == "create_entry"
    assert entry.data["model"] == "gemini-2.5-flash"
    assert not issue_registry.issues


async def test_what_is_gone_needs_no_fix(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, crib_id: str
) -> None:
    for kind in ("camera_invalid_auth", "no_sound"):
        ir.async_create_issue(
            hass, DOMAIN, f"{kind}_gone", is_fixable=True, severity=ir.IssueSeverity.ERROR, translation_key=kind,
            translation_placeholders={"name": "Mina"}, data={"crib_id": "gone", "name": "Mina"},
        )  # fmt: skip
        assert (await begin(client, f"{kind}_gone"))["reason"] == "crib_gone"
    issues.model_gone(hass, entry.entry_id, "gemini-0")
    hass.config_entries.async_update_entry(entry, data={"provider": "local"})
    assert (await begin(client, "model_gone"))["reason"] == "home_gone"


async def test_removed_crib_leaves_nothing(hass: HomeAssistant, crib_id: str, issue_registry: Any) -> None:
    issues.stream_opened(hass, crib_id, "Mina", SILENT)
    issues.link_changed(hass, crib_id, "Mina", lost("invalid_auth"))
    assert len(issue_registry.issues) == 2
    issues.crib_removed(hass, crib_id)
    assert not issue_registry.issues


async def test_no_encoder(
    hass: HomeAssistant, crib_id: str, issue_registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    issues.link_changed(hass, crib_id, "Mina", lost("unsupported_source"))
    assert not issue_registry.issues, "an encoder is there: it is something else"
    monkeypatch.setattr(issues, "_ENCODERS", set())
    issues.link_changed(hass, crib_id, "Mina", lost("unsupported_source"))
    assert issue_registry.async_get_issue(DOMAIN, f"no_encoder_{crib_id}")


async def test_system_page(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "system_health", {})
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    info = await get_system_health_info(hass, DOMAIN)
    assert info["version"]
    assert info["vision_backend"] in ("numpy", "opencv")
    assert "provider" not in info


async def test_system_page_of_a_running_home(hass: HomeAssistant, tmp_path: Path, video: Path) -> None:
    from custom_components.cradlewatch.system_health import async_system_info
    from tests.glue.homes import add_home, crib_data, leave

    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir(exist_ok=True)
    assert (await async_system_info(hass)).keys() == {"version", "vision_backend"}
    with patch("custom_components.cradlewatch.async_setup_entry", real_setup):
        entry = await add_home(hass, crib_data("Mina", str(video)))
        info = await async_system_info(hass)
        assert (info["provider"], info["cribs"], info["cribs_private"]) == ("local", 1, 0)
        assert "can_reach_gemini" not in info
        assert "Mina" not in str(info)
        await leave(hass, entry)


async def test_another_stream_where_nothing_can_encode(
    hass: HomeAssistant,
    client: Any,
    entry: MockConfigEntry,
    crib_id: str,
    video: Path,
    issue_registry: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(issues, "_ENCODERS", set())
    issues.link_changed(hass, crib_id, "Mina", lost("unsupported_source"))
    flow = await begin(client, f"no_encoder_{crib_id}")
    flow = await answer(client, flow, {"source": "gopher://example"})
    assert flow["errors"] == {"source": "unsupported_source"}
    assert (await answer(client, flow, {"source": str(video)}))["type"] == "create_entry"
    assert entry.subentries[crib_id].data["source"] == str(video)
    assert not issue_registry.issues


async def test_a_full_disk_gets_fewer_clips(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, crib_id: str, issue_registry: Any
) -> None:
    issues.disk_full(hass, crib_id, "Mina")
    flow = await begin(client, f"disk_full_{crib_id}")
    assert [field["name"] for field in flow["data_schema"]] == ["clips", "clip_days", "clip_gb"]
    before = dict(entry.subentries[crib_id].data)
    done = await answer(client, flow, {"clips": True, "clip_days": 2, "clip_gb": 0.5})
    assert done["type"] == "create_entry"
    assert dict(entry.subentries[crib_id].data) == before | {"clips": True, "clip_days": 2, "clip_gb": 0.5}
    assert not issue_registry.issues


@pytest.mark.parametrize("kind", ["no_encoder", "disk_full"])
async def test_a_crib_that_is_gone_needs_neither(
    hass: HomeAssistant, client: Any, entry: MockConfigEntry, kind: str
) -> None:
    ir.async_create_issue(
        hass, DOMAIN, f"{kind}_gone", is_fixable=True, severity=ir.IssueSeverity.ERROR, translation_key=kind,
        translation_placeholders={"name": "Mina"}, data={"crib_id": "gone", "name": "Mina"},
    )  # fmt: skip
    assert (await begin(client, f"{kind}_gone"))["reason"] == "crib_gone"


async def test_removing_the_home_leaves_no_issue(
    hass: HomeAssistant, entry: MockConfigEntry, crib_id: str, issue_registry: Any, tmp_path: Path
) -> None:
    hass.config.config_dir = str(tmp_path)
    ir.async_create_issue(
        hass, "other", "stays", is_fixable=False, severity=ir.IssueSeverity.WARNING, translation_key="stays"
    )
    issues.stream_opened(hass, crib_id, "Mina", SILENT)
    issues.model_gone(hass, entry.entry_id, "gemini-0")
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert [domain for domain, _ in issue_registry.issues] == ["other"]
