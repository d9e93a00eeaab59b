"""SIGTERM in the middle of each fault: a real Home Assistant ends as ever, keeps its word, and goes on afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from typing import Any

import av
import psutil
import pytest
import pytest_socket

from scripts.homes.home import Home, free_port
from scripts.homes.seed import SeedOptions
from tests.disks import small_disk
from tests.e2e.conftest import eventually
from tests.e2e.faulty import CribFigures, Fault, RudeViewers, faulty_cameras
from tests.media import Clip, clip
from tests.servers import rtsp
from tests.servers.tampered import TamperedCamera, keep

pytestmark = [pytest.mark.e2e, pytest.mark.rtsp, pytest.mark.timeout(480)]

# Home Assistant's own stages of a stop may take longer; a stop that hangs takes more than that.
_HANGS_S = 40.0
_TOLD_STOPPED = "Watching ended (shutdown)"
# What Home Assistant says of those that hold its stop up.
_HELD_UP = ("Timed out waiting", "still running", "could not be canceled", "is still alive")


@pytest.fixture(autouse=True)
def relay_sockets() -> None:
    """Rude viewers connect to the relay's own socket."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


class StoppableHome:
    """A home whose temporary files and event store can be looked at when it is gone."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder / "home", SeedOptions(port=free_port(), log_level="info"))
        # Short: the path of a unix socket may have 107 bytes.
        self.temporary = Path(tempfile.mkdtemp(prefix="cw-", dir="/tmp"))
        self.entry_id = ""

    async def start(self) -> None:
        await self.home.start({"TMPDIR": str(self.temporary)})

    async def furnish(self, cameras: dict[str, dict[str, str]]) -> None:
        """One crib for each camera, all by their flows. The forms without the name, by name."""
        first, *others = cameras.items()
        steps: dict[str, dict[str, Any]] = {
            "user": {"name": first[0], **first[1]},
            "ai": {"provider": "local"},
        }
        self.entry_id = (await self.home.run_flow("cradlewatch", steps))["entry_id"]
        for name, form in others:
            path = "/api/config/config_entries/subentries/flow"
            flow = await self.home.post(path, {"handler": [self.entry_id, "crib"]})
            result = await self.home.post(f"{path}/{flow['flow_id']}", {"name": name, **form})
            assert result["type"] == "create_entry", (name, result)

    async def cribs(self) -> dict[str, CribFigures]:
        """Diagnostics of each crib by its name; one that was just added comes a little later."""
        found = await self.home.get(f"/api/diagnostics/config_entry/{self.entry_id}")
        entries = await self.home.command("config_entries/subentries/list", entry_id=self.entry_id)
        return dict(zip((entry["title"] for entry in entries), found["data"]["cribs"], strict=False))

    async def wait(self, shown: dict[str, Any], limit_s: float) -> None:
        """Until `shown[name](diagnostics)` is true of each."""
        missing: list[str] = []

        async def all_shown() -> bool:
            cribs = await self.cribs()
            missing[:] = [name for name, shows in shown.items() if name not in cribs or not shows(cribs[name])]
            return not missing

        try:
            await eventually(all_shown, limit_s)
        except AssertionError:
            cribs = await self.cribs()
            states = {name: cribs[name]["state"] | {"loop": cribs[name]["figures"]["loop"]} for name in missing}
            raise AssertionError(f"not within {limit_s} s: {states}") from None

    async def open_streams(self) -> None:
        """A player for each camera that has a picture: Home Assistant's own workers read our relays."""
        for entity_id in (await self.home.entities()).values():
            state = await self.home.state(entity_id) if entity_id.startswith("camera.") else None
            if state and state["state"] == "streaming":
                await self.home.command("camera/stream", entity_id=entity_id)

    async def sigterm(self) -> float:
        """End it as a container or systemd does; the seconds that it took, by itself."""
        process = self.home.process
        assert process is not None
        began_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_HANGS_S):
            assert await process.wait() == 0, "another end than Home Assistant's own"
        took_s = time.monotonic() - began_s
        group = [found.pid for found in psutil.process_iter() if _group_of(found.pid) == process.pid]
        assert group == [], "a process of it lives on"
        await self.home.stop()
        return took_s

    def incidents(self) -> list[tuple[str, str, str, str | None]]:
        """(crib, kind, phase, reason of the end) of all that the store holds."""
        path = self.home.config_dir / "cradlewatch.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            return store.execute("SELECT crib_id, kind, phase, end_reason FROM incidents").fetchall()

    def open_incidents(self) -> list[tuple[str, str]]:
        return [(crib, kind) for crib, kind, phase, _ in self.incidents() if phase != "ended"]

    async def nobody_is_lost(self) -> bool:
        return "camera_lost" not in {kind for _, kind in self.open_incidents()}

    def assert_nothing_left(self) -> float:
        """After the stop. Returns the seconds that our own part took, by our own log."""
        assert list(self.temporary.iterdir()) == []
        clips = self.home.config_dir / ".cache" / "cradlewatch"
        assert list(clips.rglob("*.part")) == []
        for path in clips.rglob("*.mp4"):
            with av.open(str(path)) as whole:
                assert next(whole.decode(video=0)).width > 0
        log = self.home.log_path.read_text()
        assert [line for line in log.splitlines() if any(word in line for word in _HELD_UP)] == []
        told = [line for line in log.splitlines() if _TOLD_STOPPED in line]
        assert len(told) == 1, "our stop did not come to its end"
        assert " WARNING " not in told[0], f"later than the limit of 3 s: {told[0]}"
        return float(told[0].rpartition("within ")[2].removesuffix(" s"))


def _group_of(pid: int) -> int | None:
    import os

    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


@asynccontextmanager
async def stoppable_home(folder: Path) -> AsyncIterator[StoppableHome]:
    seen = StoppableHome(folder)
    await seen.home.seed()
    with (seen.home.config_dir / "configuration.yaml").open("a") as configuration:
        configuration.write("diagnostics:\n")
    await seen.start()
    try:
        yield seen
    finally:
        await seen.home.stop()
        shutil.rmtree(seen.temporary)


def is_live(crib: CribFigures) -> bool:
    return bool(crib["state"]["link"] == "live")


async def hurt_all(seen: StoppableHome, faults: list[Fault]) -> None:
    """Each at its time, so that all are on at one moment: the return of this."""
    lasting = [fault for fault in faults if not fault.passing]
    await _hurt_in_time(lasting)
    await seen.wait({fault.name: fault.shows for fault in lasting}, 15)
    passing = [fault for fault in faults if fault.passing]
    for fault in passing:
        await asyncio.to_thread(fault.hurt)
    await seen.wait({fault.name: fault.shows for fault in passing}, 10)


async def _hurt_in_time(faults: list[Fault]) -> None:
    moment_s = time.monotonic() + max(fault.lead_s for fault in faults)
    for fault in sorted(faults, key=lambda fault: -fault.lead_s):
        await asyncio.sleep(max(0.0, moment_s - fault.lead_s - time.monotonic()))
        await asyncio.to_thread(fault.hurt)
    await asyncio.sleep(max(0.0, moment_s - time.monotonic()))


async def test_in_the_middle_of_each_fault(tmp_path: Path) -> None:
    rtsp.require_rtsp()
    with faulty_cameras(tmp_path) as faults:
        async with stoppable_home(tmp_path) as seen:
            await seen.furnish({fault.name: fault.form for fault in faults})
            everyone = {fault.name: is_live for fault in faults}
            await seen.wait(everyone, 30)
            await seen.open_streams()
            relay = next(path for path in seen.temporary.glob("cradlewatch-*/*.sock") if path.is_socket())
            viewers = RudeViewers(relay)
            await hurt_all(seen, faults)
            was_open = seen.open_incidents()
            assert len({crib for crib, _ in was_open}) > len(faults) / 2, "hardly anything was open: nothing is shown"
            took_s = await seen.sigterm()
            viewers.close()
            assert viewers.visits > 0
            ours_s = seen.assert_nothing_left()
            print(f"\nSIGTERM in {len(faults)} faults: ended in {took_s:.2f} s, our part {ours_s:.2f} s")
            assert seen.open_incidents() == []
            reasons = {(crib, kind): reason for crib, kind, _, reason in seen.incidents()}
            assert {reasons[key] for key in was_open} == {"shutdown"}

            # Once more while all cameras are still wrong: in the middle of being opened.
            await seen.start()
            took_s = await seen.sigterm()
            ours_s = seen.assert_nothing_left()
            print(f"SIGTERM right after the start: ended in {took_s:.2f} s, our part {ours_s:.2f} s")
            assert seen.open_incidents() == []

            # And the cameras come back while it runs.
            await seen.start()
            for fault in faults:
                await asyncio.to_thread(fault.heal)
            await seen.wait(everyone, 60)
            await eventually(seen.nobody_is_lost, 5, "the end of the incidents of lost cameras")
            took_s = await seen.sigterm()
            ours_s = seen.assert_nothing_left()
            print(f"SIGTERM with all well: ended in {took_s:.2f} s, our part {ours_s:.2f} s")
            assert seen.open_incidents() == []


async def test_with_a_full_disk(tmp_path: Path) -> None:
    """Everything that Home Assistant writes lies on it: the clip in work, our store, its own."""
    film = clip(tmp_path, ".ts", Clip(seconds=60, size_wh=(320, 240), gop=15, restless=True))
    # Clips are begun where there is room enough; then the disk is made as small as what lies on it.
    with TamperedCamera(film, lambda: keep) as camera, small_disk(tmp_path / "disk", megabytes=700) as disk:
        async with stoppable_home(disk) as seen:
            await seen.furnish({"Nursery": {"source": camera.url}})
            clips = seen.home.config_dir / ".cache" / "cradlewatch" / "clips"

            async def a_clip_grows() -> bool:
                return any(path.stat().st_size for path in clips.rglob("*.part"))

            await eventually(a_clip_grows, 20, "a clip")
            _resize(disk, _used_kib(disk))
            before = len(seen.open_incidents())

            async def is_told() -> bool:
                crib = (await seen.cribs())["Nursery"]
                return crib["figures"]["clips_failed"] > 0 and is_live(crib)

            await eventually(is_told, 60, "the full disk, with the picture going on")
            assert before > 0
            took_s = await seen.sigterm()
            print(f"\nSIGTERM with a full disk: ended in {took_s:.2f} s")
            assert list(seen.temporary.iterdir()) == []
            seen.incidents()  # whole, whatever it could not be told any more

            _resize(disk, 700 * 1024)
            await seen.start()
            await seen.wait({"Nursery": is_live}, 30)
            await seen.sigterm()
            seen.assert_nothing_left()
            assert seen.open_incidents() == []


def _used_kib(disk: Path) -> int:
    usage = psutil.disk_usage(str(disk))
    return int(usage.used // 1024)


def _resize(disk: Path, kib: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kib}k", str(disk)], check=True)
