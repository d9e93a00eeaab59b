"""A process that writes clips through the engine's own code, and is killed by SIGKILL in the middle of it."""

from datetime import UTC, datetime
from functools import cache
import os
from pathlib import Path
import signal
import subprocess
import sys
import textwrap
import threading
import time
from zoneinfo import ZoneInfo

from custom_components.cradlewatch.engine.loop import CameraLoop
from custom_components.cradlewatch.engine.settings import LoopSettings, SourceSettings
from custom_components.cradlewatch.engine.store import Store, windows as rows
from custom_components.cradlewatch.engine.windows.bounds import WindowClock
from custom_components.cradlewatch.engine.windows.recorder import WindowRecorder
from tests.engine.loops import CountingSenses, Notes

CRIB = "crib"
EVENT = "killed"
WINDOW_S = 4
GROWN = "grown"
"""Stage: the half-written clip of the incident, or the running window, holds some pictures."""


def kill_while_writing(folder: Path, film: Path, stage: str, limit_s: float = 40) -> None:
    """Run a camera with an event clip (`folder`/clips) and windows (`folder`/windows) until it dies at `stage`.

    A stage is `grown`, or `<audit event> <end of a file's name>`: SIGKILL comes right before Python does that.
    """
    code = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(Path.cwd())!r})
        from tests.killed import write_until_killed
        write_until_killed({str(folder)!r}, {str(film)!r}, {stage!r})
    """)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    try:
        if stage == GROWN:
            wait_grown(folder, process, limit_s)
            process.send_signal(signal.SIGKILL)
        assert process.wait(limit_s) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()


def wait_grown(folder: Path, process: subprocess.Popen[bytes], limit_s: float) -> None:
    until_s = time.monotonic() + limit_s
    while True:
        event = sum(path.stat().st_size for path in folder.glob("clips/*.mp4.part"))
        window = max((path.stat().st_size for path in folder.glob("windows/*.part0.mp4")), default=0)
        if event > 100_000 and window > 2000:
            return
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < until_s, f"event clip {event} bytes, window {window} bytes"
        time.sleep(0.01)


def write_until_killed(folder: str, film: str, stage: str) -> None:
    """In a process of its own."""
    if stage != GROWN:
        wanted, _, ending = stage.partition(" ")

        def die(event: str, args: tuple[object, ...]) -> None:
            if event == wanted and str(args[0]).endswith(ending) and str(args[0]).startswith(folder):
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
    home = Path(folder)

    @cache
    def store() -> Store:
        # Of the thread that uses it.
        return Store.open(home / "cradlewatch.db")

    recorder = WindowRecorder(
        home / "windows",
        WindowClock(ZoneInfo("UTC"), length_s=WINDOW_S),
        lambda: (datetime.now(UTC), time.monotonic()),
        lambda closed: rows.close_window(store(), CRIB, closed),
        on_opened=lambda window: rows.open_window(store(), CRIB, window),
        name="killed",
    )
    notes = Notes()
    loop = CameraLoop(
        SourceSettings(spec=film, allowed_folders=(str(Path(film).parent),)),
        LoopSettings(),
        CountingSenses(),
        notes,
        relay_path=home / "r.sock",
        name="killed",
        taps=(recorder,),
    )
    threading.Thread(target=loop.run, daemon=True).start()
    while loop.figures().frames_total < 20:
        time.sleep(0.02)
    handle = loop.start_clip(home / "clips" / f"{EVENT}.mp4")
    # Of this clip only the middle is wanted, of windows as many ends as it takes.
    handle.finish(3 if stage.endswith(".mp4.part") else 60)
    while not list(home.glob("clips/*.mp4.part")):
        time.sleep(0.02)
    recorder.set_link(notes.links[-1])
    recorder.start()
    signal.pause()
