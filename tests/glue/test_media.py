"""The media browser: incidents and windows by crib and day, seen and cast by signed links only."""

import asyncio
from http import HTTPStatus
from pathlib import Path
import shutil

from homeassistant.components import media_source
from homeassistant.components.media_player import BrowseError, async_process_play_media_url
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
from yarl import URL

from custom_components.cradlewatch.engine.models import EventKind
from custom_components.cradlewatch.monitor import CribMonitor
from custom_components.cradlewatch.storage import footage_path
from custom_components.cradlewatch.window_views import thumbnail
from tests.glue.homes import add_home, crib_data, crib_of, leave, live, until
from tests.glue.test_clips import SHORT, cry

ROOT = "media-source://cradlewatch"


pytestmark = pytest.mark.usefixtures("own_folder")


async def children(hass: HomeAssistant, identifier: str) -> list[media_source.BrowseMediaSource]:
    found = await media_source.async_browse_media(hass, identifier)
    return list(found.children or ())


async def today(hass: HomeAssistant, monitor: CribMonitor) -> list[media_source.BrowseMediaSource]:
    return await children(hass, f"{ROOT}/window/{monitor.config.crib_id}/{dt_util.now().date()}")


async def test_by_crib_and_day_with_thumbnails(
    hass: HomeAssistant,
    video: Path,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "websocket_api", {})
    entry = await add_home(hass, crib_data("Mina", str(video), **SHORT), crib_data("Theo", str(video)))
    mina, theo = crib_of(entry, "Mina"), crib_of(entry, "Theo")
    await live(hass, mina)
    cry(mina, on=True, kind=EventKind.CRYING)
    await until(lambda: mina.tracker.active_ids, "the incident")
    cry(mina, on=False, kind=EventKind.CRYING)

    assert [folder.title for folder in await children(hass, ROOT)] == ["Mina", "Theo"]
    days = await children(hass, f"{ROOT}/window/{mina.config.crib_id}")
    assert days[0].title == dt_util.now().date().isoformat()

    async def clip() -> media_source.BrowseMediaSource | None:
        return next((item for item in await today(hass, mina) if "/clip/" in item.media_content_id), None)

    for _ in range(200):
        if (found := await clip()) and found.thumbnail:
            break
        await asyncio.sleep(0.1)
    assert found is not None
    assert found.title.endswith("Mina is crying")
    assert (found.can_play, found.media_content_type) == (True, "video/mp4")
    assert not [item for item in await today(hass, theo) if "Mina" in item.title], "nothing of the other crib"

    client, stranger = await hass_client(), await hass_client_no_auth()
    assert found.thumbnail is not None
    picture = await client.get(found.thumbnail)
    assert (await picture.read())[:2] == b"\xff\xd8"
    assert (await stranger.get(found.thumbnail)).status == HTTPStatus.UNAUTHORIZED

    played = await media_source.async_resolve_media(hass, found.media_content_id, None)
    assert (await stranger.get(played.url)).status == HTTPStatus.UNAUTHORIZED
    # What the frontend gets, and what a player of the home gets: a link that opens this one file for a while.
    websocket = await hass_ws_client()
    await websocket.send_json_auto_id(
        {"type": "media_source/resolve_media", "media_content_id": found.media_content_id}
    )
    signed = (await websocket.receive_json())["result"]["url"]
    cast = URL(async_process_play_media_url(hass, played.url))
    for link in (signed, str(cast.relative())):
        answer = await stranger.get(link)
        assert answer.status == HTTPStatus.OK
        assert (await answer.read())[4:8] == b"ftyp"
    other = signed.replace("/clip/", "/snapshot/")
    assert (await stranger.get(other)).status == HTTPStatus.UNAUTHORIZED, "of this file only"
    await leave(hass, entry)


@pytest.mark.parametrize(
    "identifier",
    ["nonsense", "window/none", "window/none/2026-11-24", "clip/../../secrets"],
)
async def test_nothing_else_is_there(hass: HomeAssistant, identifier: str) -> None:
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "cradlewatch", {})
    with pytest.raises(BrowseError):
        await media_source.async_browse_media(hass, f"{ROOT}/{identifier}")
    with pytest.raises(media_source.Unresolvable):
        await media_source.async_resolve_media(hass, f"{ROOT}/{identifier}", None)


async def test_a_day_that_is_none(hass: HomeAssistant, video: Path) -> None:
    assert await async_setup_component(hass, "media_source", {})
    entry = await add_home(hass, crib_data("Mina", str(video)))
    with pytest.raises(BrowseError):
        await children(hass, f"{ROOT}/window/{crib_of(entry, 'Mina').config.crib_id}/yesterday")
    await leave(hass, entry)


async def test_picture_of_a_window(hass: HomeAssistant, video: Path, hass_client: ClientSessionGenerator) -> None:
    assert await async_setup_component(hass, "cradlewatch", {})
    folder = footage_path(hass, "windows", "c1")
    folder.mkdir(parents=True)
    shutil.copy(video, folder / "w1.mp4")
    (folder / "w2.mp4").write_bytes(b"cut by a crash")
    client = await hass_client()
    answer = await client.get("/api/cradlewatch/window_picture/c1/w1")
    assert (await answer.read())[:2] == b"\xff\xd8"
    for missing in ("c1/w2", "c1/none", "none/w1"):
        assert (await client.get(f"/api/cradlewatch/window_picture/{missing}")).status == HTTPStatus.NOT_FOUND
    assert thumbnail(folder / "w2.mp4") is None
