"""The home that is soaked: a real Home Assistant with one crib, its player and guests at its relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
import signal
import sqlite3
import tempfile
import time
from typing import Any

import psutil

from scripts.homes.dashboard import entity
from scripts.homes.home import Home, HomeError, free_port
from scripts.homes.seed import SeedOptions

from .rig import own_mb
from .rig_ours import Guests
from .soak_player import Player

_STOP_LIMIT_S = 60.0
LOSSES = ("dropped_news", "dropped_incidents", "stops_late", "clips_failed")
"""Of our own diagnostics: none of these may count up, whatever the camera does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is looked at while the picture comes back."""

    link: str
    decoded: int
    viewer_bytes: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What may grow, of the whole process of Home Assistant."""

    clip: str
    """What the camera showed: a smaller picture takes less memory."""
    memory_mb: float
    threads: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it ended, by one SIGTERM."""

    took_s: float
    ours: str
    """Our own part, in the words of our own log."""
    code: int
    incidents: int
    open_incidents: int
    left_files: int


class SoakedHome:
    """Made by `soaked_home`."""

    def __init__(self, home: Home, temporary: Path) -> None:
        self.home = home
        self._temporary = temporary

    async def furnish(self, url: str) -> None:
        steps: dict[str, dict[str, Any]] = {"user": {"name": "Nursery", "source": url}, "ai": {"provider": "local"}}
        self.entry_id = (await self.home.run_flow("cradlewatch", steps))["entry_id"]
        self.player = Player(self.home, entity(await self.home.entities(), "camera"))
        assert self.home.process is not None
        self.process = psutil.Process(self.home.process.pid)
        while not self._sockets():  # noqa: ASYNC110  # files tell nobody that they are there
            await asyncio.sleep(0.2)
        self.guests = Guests(self.relay)
        # Cut only where the stream begins anew: what it reads is never an old picture from the ring.
        self._viewer = Guests(self.relay, stay_s=float("inf"))

    def _sockets(self) -> list[Path]:
        return sorted(self._temporary.glob("cradlewatch-*/*.sock"), key=lambda path: int(path.stem.rpartition("-")[2]))

    def relay(self) -> str:
        """Path of the relay's socket; another one after each change of the source."""
        sockets = self._sockets()
        if not sockets:
            raise FileNotFoundError("the relay is away")
        return str(sockets[-1])

    async def change_source(self, url: str) -> None:
        """As a parent does it: in the form of the crib."""
        path = "/api/config/config_entries/subentries/flow"
        subentry = (await self.home.command("config_entries/subentries/list", entry_id=self.entry_id))[0]
        flow = await self.home.post(path, {"handler": [self.entry_id, "crib"], "subentry_id": subentry["subentry_id"]})
        result = await self.home.post(f"{path}/{flow['flow_id']}", {"name": "Nursery", "source": url})
        if result["type"] != "abort":
            raise HomeError(f"the form was not accepted: {result.get('errors')}")

    async def state(self) -> State:
        crib = await self._diagnostics()
        loop = crib["figures"]["loop"]
        return State(
            link=crib["state"]["link"],
            decoded=loop["decoded"] if loop else 0,
            viewer_bytes=self._viewer.bytes_read,
            parts=self.player.parts,
        )

    async def _diagnostics(self) -> dict[str, Any]:
        found = await self.home.get(f"/api/diagnostics/config_entry/{self.entry_id}")
        crib: dict[str, Any] = found["data"]["cribs"][0]
        return crib

    def size(self, clip: str) -> Size:
        return Size(
            clip=clip,
            memory_mb=own_mb(self.process.pid),
            threads=self.process.num_threads(),
            files=self.process.num_fds(),
        )

    async def figures(self) -> dict[str, Any]:
        """Of our own diagnostics: the loop's counts."""
        figures = (await self._diagnostics())["figures"]
        return (figures.pop("loop") or {}) | {key: figures[key] for key in LOSSES}

    async def end(self) -> Ending:
        """Stop it as systemd does, and look at what it left."""
        for guests in (self.guests, self._viewer):
            await asyncio.to_thread(guests.stop)
        self.player.close()
        process = self.home.process
        assert process is not None
        began_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_LIMIT_S):
                await process.wait()
        took_s, code = time.monotonic() - began_s, process.returncode
        with sqlite3.connect(f"file:{self.home.config_dir / 'cradlewatch.db'}?mode=ro", uri=True) as store:
            phases = [phase for (phase,) in store.execute("SELECT phase FROM incidents")]
        return Ending(
            took_s=took_s,
            ours=_last_words(self.home.log_path),
            code=-99 if code is None else code,
            incidents=len(phases),
            open_incidents=len([phase for phase in phases if phase != "ended"]),
            left_files=len(list(self._temporary.rglob("*"))),
        )


def _last_words(log: Path) -> str:
    told = [line for line in log.read_text().splitlines() if "Watching ended" in line]
    return told[-1].partition("Watching ended ")[2] if told else "nothing"


@asynccontextmanager
async def soaked_home(url: str) -> AsyncIterator[SoakedHome]:
    """Started, with one crib; ended whatever happens."""
    with (
        tempfile.TemporaryDirectory(prefix="cw-bench-") as folder,
        # Short: the path of a unix socket may have 107 bytes.
        tempfile.TemporaryDirectory(prefix="cw-", dir="/tmp") as temporary,
    ):
        home = Home(Path(folder) / "home", replace(SeedOptions(port=free_port()), log_level="info"))
        await home.seed()
        with (home.config_dir / "configuration.yaml").open("a") as configuration:
            configuration.write("diagnostics:\n")
        await home.start({"TMPDIR": temporary})
        try:
            soaked = SoakedHome(home, Path(temporary))
            await soaked.furnish(url)
            yield soaked
        finally:
            await home.stop()
