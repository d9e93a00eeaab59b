"""A USB camera without one: v4l2_shim.c in a process of its own, which is watched there by the product's loop."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
import shutil
import subprocess
import sys
import textwrap

from PIL import Image
import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.settings import LoopSettings
from tests.engine.loops import Running, running_loop
from tests.media import Clip, picture

DEVICE = "/dev/video987"
SIZE_WH = (640, 360)


def run_with_camera(folder: Path, code: str, *, node: str = "pictures") -> str:
    """What `code` prints in a process whose camera is at DEVICE, while something lies there."""
    compiler = shutil.which("cc")
    if compiler is None or not os.access("/dev", os.W_OK):
        pytest.skip("no compiler, or no device may be made")
    shim = folder / "shim.so"
    source = Path(__file__).with_name("v4l2_shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    for number in range(30):
        gray = picture(Clip(size_wh=SIZE_WH), number)[: SIZE_WH[1]]
        Image.fromarray(gray).convert("RGB").save(folder / f"{number:03}.jpg")
    camera = {"LD_PRELOAD": str(shim), "SHIM_PATH": DEVICE, "SHIM_FRAMES": str(folder), "SHIM_NODE": node}
    script = f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n{textwrap.dedent(code)}"
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | camera, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@contextmanager
def plugged_in() -> Iterator[None]:
    """The camera is there."""
    if not os.access("/dev", os.W_OK):
        pytest.skip("no device may be made")
    Path(DEVICE).symlink_to("/dev/null")
    try:
        yield
    finally:
        Path(DEVICE).unlink()


def watch_it_come_and_go() -> None:
    """In that process: plugged in after the start, pulled out, plugged in again."""
    with running_loop(DEVICE, settings=LoopSettings(stall_after_s=1, lost_after_s=2)) as run:
        run.wait_link(Link.LOST)
        print(run.loop.link.reason)
        with plugged_in():
            print(*_live(run))
        run.wait_link(Link.LOST, 25)
        print(run.loop.link.reason)
        with plugged_in():
            print(*_live(run))


def _live(run: Running) -> tuple[object, ...]:
    run.wait_link(Link.LIVE, 25)
    seen = len(run.senses.frames)
    run.wait(lambda: len(run.senses.frames) > seen + 15)
    info = run.loop.info
    assert info is not None
    assert run.senses.newest is not None
    rate = run.loop.figures().frame_rate_fps
    assert rate is not None
    return info.encoder, *info.size_wh, *run.senses.newest.gray.shape, "fast" if rate > 10 else f"{rate} fps"
