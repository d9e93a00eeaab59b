"""The program is killed in the middle of writing: the next start offers nothing broken, and nothing is left over."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
import tempfile
from zoneinfo import ZoneInfo

import av
import pytest

from custom_components.cradlewatch.engine.clip_shelf import ClipShelf
from custom_components.cradlewatch.engine.kept_files import Clocks
from custom_components.cradlewatch.engine.settings import ClipSettings
from custom_components.cradlewatch.engine.store import Store, windows as rows
from custom_components.cradlewatch.engine.store.recovery import recover
from custom_components.cradlewatch.engine.windows.clip import load_clip, mp4_parts, offsets_of, unfinished
from custom_components.cradlewatch.engine.windows.settings import WindowSettings
from custom_components.cradlewatch.engine.windows.shelf import WindowShelf
from tests.killed import CRIB, EVENT, GROWN, WINDOW_S, kill_while_writing
from tests.media import Clip, clip

STAGES = (
    GROWN,
    "os.rename .mp4.part",  # the event clip is whole, and has not got its name
    "os.rename .map.json.new",  # the window's clip is written, its map not yet there
    "os.rename .mp4.new",  # the map is there, the clip has not got its name
    "os.remove .part0.mp4",  # the clip is there, and so are its parts
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a unix socket has 107 bytes at the most."""
    with tempfile.TemporaryDirectory(prefix="cw-") as name:
        yield Path(name)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_the_middle_of_writing(folder: Path, stage: str) -> None:
    film = clip(folder, ".ts", Clip(seconds=20, gop=15, audio="aac", restless=True))
    kill_while_writing(folder, film, stage)
    clips, windows = folder / "clips", folder / "windows"
    assert [path.name for path in clips.iterdir()] == [f"{EVENT}.mp4.part"], "killed in its middle"
    check_event_clips(clips)
    check_windows(folder, windows, stage)


def check_event_clips(clips: Path) -> None:
    """Half a clip is none; what is kept is whole, and its room is not taken for the half one."""
    for number in range(2):
        (clips / f"kept{number}.mp4").write_bytes(b"x" * 50_000)
    assert not ClipShelf(clips).path_of(EVENT).exists()
    shelf = ClipShelf(clips, Clocks.now())
    settings = ClipSettings(keep_bytes=100_000)
    assert shelf.prune(settings, ()) == 1
    assert {path.name for path in clips.iterdir()} == {"kept0.mp4", "kept1.mp4"}
    assert shelf.has_room(settings)


def check_windows(folder: Path, windows: Path, stage: str) -> None:
    """Each window that had pictures is a clip that plays, with the time of every picture; nothing lies beside them."""
    names = {path.name.partition(".")[0] for path in windows.iterdir()}
    # A part that was cut inside its header holds nothing yet.
    left = {name for name in names if load_clip(windows, name) or any(map(offsets_of, mp4_parts(windows, name)))}
    assert left or stage.endswith(".mp4.part")
    store = Store.open(folder / "cradlewatch.db")
    recover(store, windows, CRIB, datetime.now(UTC).replace(year=2100), ZoneInfo("UTC"), WINDOW_S)
    states = {row.window.name: row for row in rows.windows(store, crib_id=CRIB, limit=1000)}
    store.close()
    shelf = WindowShelf(windows, Clocks.now())
    assert shelf.prune(WindowSettings()) == 0
    assert unfinished(windows) == ()
    sizes = []
    for name in left:
        found = load_clip(windows, name)
        assert found is not None, "nothing that was on disk is lost"
        assert name in states
        with av.open(found.path) as video:
            assert sum(1 for _ in video.decode(video=0)) == len(found.time_map.offsets_s) > 0
        sizes.append(found.size_bytes)
    assert {path.name for path in windows.iterdir()} == {
        f"{name}{end}" for name in left for end in (".mp4", ".map.json")
    }
    assert shelf.prune(WindowSettings(keep_bytes=sum(sizes))) == 0
    if sizes:
        assert shelf.prune(WindowSettings(keep_bytes=sum(sizes) - 1)) == 1
        assert sum(path.stat().st_size for path in windows.glob("*.mp4")) < sum(sizes)
