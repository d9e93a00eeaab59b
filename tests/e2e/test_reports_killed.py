"""Kill -9 in each stage of a window, through a real Home Assistant: every window ends once, none is lost.

The integration in this home is a copy whose windows are ten seconds long: the length is a setting of the engine.
Nothing else is changed; the stages are caught from outside, by files, the wire and the bus.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import shutil
import signal
import sqlite3
import time
from typing import Any

import pytest

from scripts.homes.home import Home, free_port
from scripts.homes.seed import SeedOptions
from tests.e2e.conftest import eventually
from tests.glue.helpers import KEY, write_video
from tests.servers.gemini import GeminiServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

WINDOW_S = 10
USUAL = "USUAL = WindowSettings()"
SHORT = f"USUAL = WindowSettings(length_s={WINDOW_S}, due_after_s=1.0, timeout_s=30.0)"
FINAL = ("completed", "partial", "skipped", "failed")
ANSWER: dict[str, Any] = {
    "child_visibility": "clear",
    "timeline": [{"id": "t1", "start_s": 0, "end_s": 2, "what": "Plays."}],
    "incidents": [], "sleep": [], "position_changes_s": [], "carer_present": [], "skills": [], "hazards": [],
    "summary": [{"text": "Played.", "evidence": ["t1"]}],
    "recommendations": [],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A window as it lies in the file."""

    start_at: datetime
    end_at: datetime
    repeat: int
    state: str
    reason: str | None
    attempts: int
    has_report: bool

    def __str__(self) -> str:
        report = "report" if self.has_report else "-"
        return f"{self.start_at:%H:%M:%S} {self.state:<10} {self.reason or '-':<12} attempts {self.attempts}  {report}"


def rows(home: Home, scratch: Path) -> list[Row]:
    """What the file says, oldest first; from a copy, so that nothing here holds it."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for file in home.config_dir.glob("cradlewatch.db*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, scratch)
    with sqlite3.connect(scratch / "cradlewatch.db") as database:
        found = database.execute(
            "SELECT w.start_us, w.end_us, w.repeat, w.state, w.reason, w.attempts, r.data IS NOT NULL FROM windows w"
            " LEFT JOIN reports r ON (r.crib_id, r.start_us, r.repeat) = (w.crib_id, w.start_us, w.repeat)"
            " ORDER BY w.start_us, w.repeat"
        ).fetchall()
    database.close()
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [
        Row(epoch + timedelta(microseconds=start), epoch + timedelta(microseconds=end), *rest[:-1], bool(rest[-1]))
        for start, end, *rest in found
    ]


def short_windows(home: Home) -> None:
    """The copy of the integration with its one changed line."""
    folder = home.config_dir / "custom_components" / "cradlewatch"
    source = folder.resolve()
    folder.unlink()
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    keeper = folder / "window_keeper.py"
    text = keeper.read_text()
    assert text.count(USUAL) == 1
    keeper.write_text(text.replace(USUAL, SHORT))


class Killer:
    """Kills Home Assistant from a thread that watches for the moment."""

    def __init__(self, home: Home, gemini: GeminiServer) -> None:
        assert home.process is not None
        self._pid = home.process.pid
        self._home = home
        self._gemini = gemini

    def _when(self, moment: Callable[[], bool], limit_s: float = 60) -> bool:
        until_s = time.monotonic() + limit_s
        while not moment():
            if time.monotonic() > until_s:
                return False
        os.killpg(self._pid, signal.SIGKILL)
        return True

    def closing(self) -> bool:
        """The clip of a window that is over is being finished: its new file is there, its final one is not."""
        (folder,) = {path.parent for path in self._home.config_dir.rglob("*.part*.mp4")}
        return self._when(lambda: any(file.name.endswith(".mp4.new") for file in folder.iterdir()))

    def waiting(self) -> bool:
        """The request was read to its end; the model does not answer."""
        asked = len(self._gemini.reports)
        return self._when(lambda: len(self._gemini.reports) > asked)

    def storing(self) -> bool:
        """The model has answered, and the file is being written: at the third write, after both of the usage."""
        asked = len(self._gemini.reports)
        until_s = time.monotonic() + 60
        while len(self._gemini.reports) == asked:
            if time.monotonic() > until_s:
                return False
        log = self._home.config_dir / "cradlewatch.db-wal"
        seen, writes = log.stat().st_size, 0

        def third_write() -> bool:
            nonlocal seen, writes
            size = log.stat().st_size
            writes += size != seen
            seen = size
            return writes >= 3

        return self._when(third_write)


async def sending(home: Home, gemini: GeminiServer) -> bool:
    """Claimed in the file, its request on the way: told on the bus."""
    assert home.process is not None
    async with home.websocket() as ws:
        await ws.send_json({"id": 1, "type": "subscribe_events", "event_type": "cradlewatch_report"})
        assert (await ws.receive_json())["success"]
        # Not before: a request that nobody saw go would hang to its limit, and hold the next one back.
        gemini.reports_with = "hang"
        async for message in ws:
            event = message.json().get("event")
            # A request that went out in between was told as being sent already: it is with the model, and hangs there.
            if event and event["data"]["stage"] in ("sending", "model"):
                os.killpg(home.process.pid, signal.SIGKILL)
                return True
    return False


async def caught(stage: str, home: Home, gemini: GeminiServer) -> None:
    """Run until `stage`, and kill there."""
    if stage == "sending":
        assert await asyncio.wait_for(sending(home, gemini), 60)
    else:
        assert await asyncio.to_thread(getattr(Killer(home, gemini), stage)), f"{stage} did not come"
    with suppress(ProcessLookupError):
        await home.kill()


async def test_every_window_ends_once_whatever_it_was_killed_in(tmp_path: Path) -> None:
    with GeminiServer() as gemini:
        gemini.reports_with = ANSWER
        home = Home(tmp_path / "home", SeedOptions(port=free_port()))
        await home.seed()
        short_windows(home)
        video = write_video(home.config_dir / "media" / "nursery.mp4")
        env = {"GOOGLE_GEMINI_BASE_URL": gemini.url}
        await home.start(env)
        try:
            steps: dict[str, dict[str, Any]] = {
                "user": {"name": "Nursery", "source": str(video)}, "ai": {"provider": "gemini"},
                "gemini": {"api_key": KEY},
            }  # fmt: skip
            await home.run_flow("cradlewatch", steps)

            async def recording() -> bool:
                return bool(list(home.config_dir.rglob("*.part*.mp4")))

            await eventually(recording, limit_s=40, what="the first window")
            table = []
            for stage in ("closing", "sending", "waiting", "storing"):
                # An answer at once would pass the kill.
                gemini.reports_with = "hang" if stage == "waiting" else ANSWER
                await caught(stage, home, gemini)
                found = rows(home, tmp_path / "copy")
                open_now = [row for row in found if row.state not in FINAL]
                table += [f"killed while {stage}:", *(f"  {row}" for row in open_now)]
                if stage == "closing":
                    assert any(row.state == "recording" and row.end_at <= datetime.now(UTC) for row in open_now)
                if stage in ("sending", "waiting"):
                    assert [row.state for row in open_now].count("sending") == 1
                gemini.reports_with = ANSWER
                await home.start(env)
                await eventually(recording, limit_s=40, what="recording again")
            last_at = max(row.end_at for row in rows(home, tmp_path / "copy"))

            async def settled() -> list[Row]:
                all_rows = await asyncio.to_thread(rows, home, tmp_path / "copy")
                before = [row for row in all_rows if row.end_at <= last_at]
                return before if all(row.state in FINAL for row in before) else []

            ended = await eventually(settled, limit_s=60, what="the end of every window")
        finally:
            await home.stop()
        print(*table, "after the last start:", *(f"  {row}" for row in ended), sep="\n")
        every = rows(home, tmp_path / "copy")
    # None missing: one window follows the other. None twice.
    assert [row.start_at for row in every[1:]] == [row.end_at for row in every[:-1]]
    assert all(row.repeat == 0 for row in every)
    assert all(row.state in FINAL for row in ended)
    # A report for each that is understood, and for no other; what has none says why.
    assert all(row.has_report == (row.state in ("completed", "partial")) for row in ended)
    assert all(row.reason for row in ended if not row.has_report)
    assert len({row.start_at for row in ended}) == len(ended)
    # Only what was cut in its call was asked for again, and nothing was asked for twice after its answer was kept.
    assert sum(row.attempts for row in every) >= len(gemini.reports)
    # (Three of the kills may fall into a call, and into that of the same window.)
    assert sum(row.attempts - 1 for row in ended if row.attempts) <= 3
    assert any(row.attempts > 1 and row.has_report for row in ended), "what was cut in its call has its report"
