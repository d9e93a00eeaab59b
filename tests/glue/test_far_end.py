"""Cameras of every kind in one home, as a player of Home Assistant's HLS gets them: which picture, when, what sound.

One run for all of them, since most of it is waiting. In its middle one camera is switched off and one freezes: their
players go on when they are back, and nobody else's player misses a picture.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
import tempfile
import time
from typing import Any

from homeassistant.core import HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cradlewatch.const import EVENT_BUS
from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.monitor import CribMonitor
from tests.e2e.faulty import moving, write_jpegs
from tests.glue.far_end import Player, Shown, steps
from tests.glue.homes import add_home, crib_data, crib_of, crib_state, entity_id, leave, live, until
from tests.media import Clip, clip
from tests.servers import rtsp
from tests.servers.http_media import HttpMedia
from tests.servers.rtsp import AAC, OPUS, PCMA, PCMU, RtspServer
from tests.servers.tampered import Spoil, TamperedCamera, keep, ragged, wrapped
from tests.servers.tls import self_signed

pytestmark = [pytest.mark.rtsp, pytest.mark.timeout(240)]

FPS = 10
"""Of what is sent by HTTP or read from files; the others send 15 pictures a second."""
FILM_S = 50.0
AWAY_S = 20.0
GOES_ON_S = 3.0
JPEGS = 120
"""How many pictures the RTSP and MJPEG cameras show in turn."""
FOLDER_FILE_S = 3
VARYING = (1, 2, 3, 1, 1, 4)
TONE_HZ = 440.0
B_FRAMES = "x264enc threads=1 bframes=2 b-adapt=false speed-preset=ultrafast key-int-max=15 bitrate=600 ! rtph264pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of one camera."""

    player: Player
    shown: Shown
    details: dict[str, Any]


@dataclass
class Cameras:
    """All of them, running. The switchable ones by name."""

    urls: dict[str, str]
    settings: dict[str, dict[str, Any]]
    dying: RtspServer
    freezing: RtspServer


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cw-") as name:
        yield Path(name)


@pytest.fixture
def cameras(folder: Path) -> Iterator[Cameras]:
    rtsp.require_rtsp()
    jpegs = folder / "jpegs"
    write_jpegs(jpegs)
    certificate, key = self_signed(folder)
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    for part in range(3):
        # By their names in the order of their numbers, and written in another one.
        made = clip(folder, ".mp4", _film(seconds=FOLDER_FILE_S, first_number=FOLDER_FILE_S * FPS * ((part + 1) % 3)))
        (folder / "many").mkdir(exist_ok=True)
        made.rename(folder / "many" / f"{(part + 1) % 3}.mp4")
    with ExitStack() as stack:

        def http(film: Clip, spoil: Spoil = keep) -> str:
            camera = TamperedCamera(clip(folder, ".ts", film), lambda: spoil, live=True)
            return stack.enter_context(camera).url

        def server(launch: str, **more: Any) -> RtspServer:
            return stack.enter_context(RtspServer(launch, **more))

        dying, freezing = server(f"{moving(jpegs)} {AAC}"), server(moving(jpegs))
        urls = {
            "dying": dying.url,
            "freezing": freezing.url,
            "udp, A-law": server(f"{moving(jpegs)} {PCMA}", udp_only=True).url,
            "tls, Opus": server(f"{moving(jpegs)} {OPUS}", certificate=both).url,
            "B-frames by RTSP, mu-law": server(f"{moving(jpegs, B_FRAMES)} {PCMU}").url,
            "MJPEG": stack.enter_context(HttpMedia(folder)).url("mjpeg/jpegs"),
            "folder": str(folder / "many"),
            "H.265, MP3": http(_film(codec="libx265", audio="libmp3lame")),
            "varying rate": http(_film(seconds=FILM_S / 2, gop=FPS, ticks=VARYING)),
            "ragged times": http(_film(), ragged(undated=7, back=11, fps=FPS)),
            "keyframes each 0.5 s": http(_film(gop=FPS // 2)),
            "keyframes each 20 s": http(_film(gop=20 * FPS)),
            # Full in the middle of what the player sees.
            "33 bits, B-frames": http(_film(gop=2 * FPS, b_frames=2, audio="aac"), wrapped(after_s=25)),
        }
        settings = {"tls, Opus": {"verify_tls": False}, "folder": {"rotation": 90}}
        yield Cameras(urls, settings, dying, freezing)


def _film(**spec: Any) -> Clip:
    return Clip(**{"seconds": FILM_S, "fps": FPS, "size_wh": (320, 240), "gop": FPS} | spec)


@asynccontextmanager
async def home_of(
    hass: HomeAssistant, cameras: Cameras, folder: Path, tmp_path: Path
) -> AsyncIterator[MockConfigEntry]:
    hass.config.config_dir = str(tmp_path / "config")
    (tmp_path / "config").mkdir()
    hass.config.allowlist_external_dirs.add(str(folder))
    cribs = [crib_data(name, url, **cameras.settings.get(name, {})) for name, url in cameras.urls.items()]
    entry = await add_home(hass, *cribs)
    try:
        yield entry
    finally:
        await leave(hass, entry)


async def test_every_camera_at_the_far_end(
    hass: HomeAssistant, cameras: Cameras, folder: Path, tmp_path: Path, hass_client_no_auth: Any
) -> None:
    told: list[dict[str, Any]] = []
    hass.bus.async_listen(EVENT_BUS, callback(lambda event: told.append(dict(event.data))))
    async with home_of(hass, cameras, folder, tmp_path) as entry:
        client = await hass_client_no_auth()
        players = {
            name: Player(hass, client, entity_id(hass, crib_of(entry, name).config.crib_id, "camera", "camera"))
            for name in cameras.urls
        }

        async def watch(name: str) -> None:
            # Who joins between two keyframes that lie 20 s apart has no picture before the second.
            await live(hass, crib_of(entry, name), 30)
            await players[name].open()
            await players[name].follow()

        watching = {name: hass.async_create_background_task(watch(name), name) for name in players}
        usual = [player for name, player in players.items() if name != "keyframes each 20 s"]
        await until(lambda: all(player.parts for player in usual), "all pictures", 30)
        await asyncio.sleep(3)
        went_on_s = await _outage(hass, entry, cameras, players)
        # The one with few keyframes was joined between two of them, and plays when it has had the second.
        await until(lambda: len(players["keyframes each 20 s"].parts) > 5, "the rare keyframe", 20)
        for name in players:
            assert crib_state(hass, crib_of(entry, name), "camera", "camera").state == "streaming", name
        phases = [(event["type"], event["phase"]) for event in told if event["type"] == "camera_lost"]
        # The one that is joined between two keyframes may be told lost as well, until it has the second.
        assert phases.count(("camera_lost", "opened")) == phases.count(("camera_lost", "ended")) >= 2
        for task in watching.values():
            assert not task.done()
            task.cancel()
        found = {
            name: Looked(
                player=player,
                shown=await hass.async_add_executor_job(player.shown),
                details=crib_of(entry, name)._thread.loop.details(),  # type: ignore[union-attr]
            )
            for name, player in players.items()
        }
    for name, took_s in went_on_s.items():
        assert took_s < GOES_ON_S, f"{name}: the player went on {took_s:.1f} s after the camera"
        assert found[name].player.begins_anew == 0, "the same session goes on"
    wrong: list[str] = []
    for name, looked in found.items():
        try:
            _check(name, looked)
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
    assert not wrong, "\n".join(wrong)


async def _told_of_silence(hass: HomeAssistant, monitor: CribMonitor) -> None:
    """First a stall: the picture is not said to be live, nothing is said of the child. Then a loss."""

    def states() -> tuple[str, str, str]:
        link = crib_state(hass, monitor, "binary_sensor", "connectivity").attributes["link"]
        shown = (
            crib_state(hass, monitor, *which).state for which in (("camera", "camera"), ("binary_sensor", "motion"))
        )
        return link, *shown

    await until(lambda: states()[0] == "stalled", "the stall", 8)
    assert states() == ("stalled", "idle", "unknown")
    await until(lambda: states()[0] == "lost", "the loss", 8)
    assert states() == ("lost", "unavailable", "unavailable")


async def _outage(
    hass: HomeAssistant, entry: MockConfigEntry, cameras: Cameras, players: dict[str, Player]
) -> dict[str, float]:
    """One camera off, one frozen, back after a while: the seconds from its first packet until its player went on."""
    away = ("dying", "freezing")
    await asyncio.to_thread(cameras.dying.kill)
    cameras.freezing.freeze()
    since_s = time.monotonic()
    await _told_of_silence(hass, crib_of(entry, "freezing"))
    await asyncio.sleep(AWAY_S - (time.monotonic() - since_s))
    before = {name: len(players[name].parts) for name in away}
    cameras.freezing.thaw()
    await asyncio.to_thread(cameras.dying.start)
    live_s: dict[str, float] = {}

    def went_on() -> bool:
        for name in away:
            if crib_of(entry, name).keeper.state.link is Link.LIVE:
                live_s.setdefault(name, time.monotonic())
        return all(name in live_s and len(players[name].parts) > before[name] for name in away)

    await until(went_on, "both players")
    return {name: players[name].fetched_s[before[name]] - live_s[name] for name in away}


def _check(name: str, looked: Looked) -> None:
    shown, player = looked.shown, looked.player
    # A player that joins an open GOP, or whose last part is half of one, leaves out some of its pictures.
    numbers, times_s = shown.numbers[4:-4], shown.times_s[4:-4]
    fps = 15 if name in (*RTSP_AND_MJPEG, "dying", "freezing") else FPS
    gaps = [round((after - before) * fps, 2) for before, after in pairwise(times_s)]
    assert len(numbers) > 3 * fps
    assert all(after > before for before, after in pairwise(times_s)), "time ran back"
    assert shown.codec == ("hevc" if name == "H.265, MP3" else "h264")
    _check_sound(name, shown, fps)
    if name in ("dying", "freezing"):
        # Pictures were missed at the source, and the player has no hole where they were.
        assert max(gaps) < 3, gaps
        return
    assert max(player.silence_s()) < 5, "parts come all the time"
    in_turn = 3 * FOLDER_FILE_S * FPS if name == "folder" else JPEGS if name in RTSP_AND_MJPEG else 1 << 24
    assert steps(numbers, in_turn) == {1}, f"lost, doubled or out of order: {numbers}"
    if name == "varying rate":
        assert _follows(gaps, VARYING), gaps
    elif name not in ("ragged times", "MJPEG"):
        assert set(gaps) == {1.0}, gaps
    assert shown.rotation_deg == (90 if name == "folder" else 0)
    assert (looked.details["timestamps_mended"] > 0) is (name == "ragged times")


RTSP_AND_MJPEG = ("udp, A-law", "tls, Opus", "B-frames by RTSP, mu-law", "MJPEG")
WITH_SOUND = (*RTSP_AND_MJPEG[:3], "H.265, MP3", "33 bits, B-frames", "dying")


def _check_sound(name: str, shown: Shown, fps: int) -> None:
    assert (shown.sound_codec == "aac") is (name in WITH_SOUND), shown.sound_codec
    if name not in WITH_SOUND:
        return
    assert abs(shown.tone_hz() - TONE_HZ) < 2
    heard_s = len(shown.sound) / shown.sound_rate_hz
    assert abs(heard_s - len(shown.numbers) / fps) < 2.5, f"{heard_s} s of sound with {len(shown.numbers)} pictures"


def _follows(gaps: list[float], ticks: tuple[int, ...]) -> bool:
    return any(
        all(gap == ticks[(begin + index) % len(ticks)] for index, gap in enumerate(gaps)) for begin in range(len(ticks))
    )
