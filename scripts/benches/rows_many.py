"""Row about how many cameras one Home Assistant holds at full rate here, and where it breaks."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
import tempfile
import time
from typing import Any

import psutil

from scripts.homes.home import Home, HomeError, free_port
from scripts.homes.seed import SeedOptions

from .camera import ReplayCamera
from .media import RATE_FPS
from .table import Report, Spans

MANY = "Cameras of 1080p30 held at full rate on this machine, Home Assistant running"
_LOWEST_FPS = 0.99 * RATE_FPS
_LEFT_OUT_SHARE = 0.01
_PHASES, _PHASE_S = 4, 0.5
"""So many replaying cameras begin so long apart: keyframes of different cameras do not come at one moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """One kind of scene. `settle_s` after cameras were added: the idle economy begins after some 30 s of stillness."""

    name: str
    clip: str
    decode_always: bool
    steps: tuple[int, ...]
    settle_s: float


RAMPS = (
    Ramp(name="watching", clip="1080p30-gop2", decode_always=True, steps=(2, 4, 6, 8, 10, 12, 14, 16), settle_s=8),
    Ramp(name="idle", clip="1080p30-plain", decode_always=False, steps=(6, 12, 18, 20, 22, 24, 28, 32), settle_s=52),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What so many cameras did. `machine_percent`: of all cores, whoever used them."""

    count: int
    slowest_fps: float
    left_out_share: float
    core_percent: float
    machine_percent: float
    idle: int

    @property
    def holds(self) -> bool:
        return self.slowest_fps >= _LOWEST_FPS and self.left_out_share <= _LEFT_OUT_SHARE

    def __str__(self) -> str:
        return (
            f"{self.count} cameras: slowest {self.slowest_fps:.2f} fps, {100 * self.left_out_share:.1f} % of detections"
            f" left out (more than 250 ms behind), Home Assistant {self.core_percent:.0f} core-%,"
            f" all cores {self.machine_percent:.0f} % busy, {self.idle} idle"
        )


def bench_many(report: Report, spans: Spans) -> None:
    """Add cameras to one home until one of them falls behind; about five minutes."""
    for ramp in RAMPS:
        with report.attempt(f"many cameras, {ramp.name}"), ExitStack() as stack:
            cameras: list[ReplayCamera] = []
            for _ in range(_PHASES):
                cameras.append(stack.enter_context(ReplayCamera(ramp.clip)))
                time.sleep(_PHASE_S)
            asyncio.run(_ramp(report, ramp, [camera.url(ramp.clip) for camera in cameras], spans.many_s))
            cost = sum(camera.core_percent() for camera in cameras)
            report.camera_core_percent.append((f"many, {ramp.name}", cost))


async def _ramp(report: Report, ramp: Ramp, urls: list[str], span_s: float) -> None:
    held, broke = 0, "not broken within the run"
    with tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        home = ManyHome(Path(folder), ramp, urls)
        await home.start()
        try:
            for count in ramp.steps:
                await home.grow_to(count)
                await asyncio.sleep(ramp.settle_s)
                step = await home.measure(span_s)
                report.note(f"{ramp.name}: {step}")
                if not step.holds:
                    broke = f"breaks at {step}"
                    break
                held = count
        finally:
            await home.stop()
    report.add(
        MANY, f"held while {ramp.name}", held, "cameras",
        note=f"each at {_LOWEST_FPS:.1f} fps or more and at most 1 % of detections left out; {broke}",
    )  # fmt: skip


class ManyHome:
    """One real Home Assistant and its cribs."""

    def __init__(self, folder: Path, ramp: Ramp, urls: list[str]) -> None:
        self._home = Home(folder / "home", SeedOptions(port=free_port()))
        self._ramp = ramp
        self._urls = cycle(urls)
        self._entry_id = ""
        self._count = 0

    async def start(self) -> None:
        await self._home.seed()
        with (self._home.config_dir / "configuration.yaml").open("a") as configuration:
            configuration.write("diagnostics:\n")
        await self._home.start()
        steps: dict[str, dict[str, Any]] = {"user": self._crib(), "ai": {"provider": "local"}}
        try:
            self._entry_id = (await self._home.run_flow("cradlewatch", steps))["entry_id"]
        except HomeError:
            await self.stop()
            raise
        assert self._home.process is not None
        self._process = psutil.Process(self._home.process.pid)

    async def stop(self) -> None:
        await self._home.stop()

    def _crib(self) -> dict[str, Any]:
        self._count += 1
        return {
            "name": f"Crib {self._count}", "source": next(self._urls),
            "advanced": {"decode_always": self._ramp.decode_always},
        }  # fmt: skip

    async def grow_to(self, count: int) -> None:
        await asyncio.gather(*(self._add() for _ in range(count - self._count)))

    async def _add(self) -> None:
        path = "/api/config/config_entries/subentries/flow"
        crib = self._crib()
        flow = await self._home.post(path, {"handler": [self._entry_id, "crib"]})
        result = await self._home.post(f"{path}/{flow['flow_id']}", crib)
        if result["type"] != "create_entry":
            raise HomeError(f"{crib['name']} was not accepted: {result.get('errors')}")

    async def _loops(self) -> list[dict[str, Any]]:
        found = await self._home.get(f"/api/diagnostics/config_entry/{self._entry_id}")
        return [crib["figures"]["loop"] | crib["figures"]["rates"] for crib in found["data"]["cribs"]]

    async def measure(self, span_s: float) -> Step:
        before, began_s = await self._loops(), time.monotonic()
        began_cpu_s = self._cpu_s()
        psutil.cpu_percent()
        await asyncio.sleep(span_s)
        took_s, cpu_s, machine = time.monotonic() - began_s, self._cpu_s() - began_cpu_s, psutil.cpu_percent()
        after = await self._loops()
        # The answer comes late where Home Assistant is at its end: frames are counted up to it.
        asked_s = time.monotonic() - began_s
        frames, detected, left_out = (
            [now[key] - then[key] for now, then in zip(after, before, strict=True)]
            for key in ("frames_total", "frames_detected", "skipped_behind")
        )
        return Step(
            count=len(after),
            slowest_fps=min(frames) / asked_s,
            left_out_share=sum(left_out) / max(1, sum(left_out) + sum(detected)),
            core_percent=100 * cpu_s / took_s,
            machine_percent=machine,
            idle=sum(bool(entry["idle"]) for entry in after),
        )

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)
