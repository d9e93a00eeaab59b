"""Cameras that change what their picture is like again and again: seen all the same, and nobody runs in circles."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
import time

import pytest

from custom_components.cradlewatch.engine.models import Link
from custom_components.cradlewatch.engine.settings import SourceSettings
from tests.engine.loops import Running, running_loop
from tests.engine.test_faults import viewer_of
from tests.media import Clip, clip, joined
from tests.servers.tampered import TamperedCamera, keep

pytestmark = [pytest.mark.timeout(120)]

PART_S = 2
"""Two keyframes of each kind."""
SMALL, LARGE = (320, 240), (480, 360)


def restless(folder: Path, kinds: Sequence[Clip], parts: int, *, then_s: float = 0) -> Path:
    """One after the other, `parts` in all; then the first of them for so long."""
    lengths = [PART_S] * parts + ([then_s] if then_s else [])
    made = []
    for place, seconds in enumerate(lengths):
        kind = kinds[place % len(kinds)] if place < parts else kinds[0]
        begins_s = PART_S * place
        made.append(
            clip(folder, ".ts", replace(kind, seconds=seconds, begins=begins_s * kind.fps, first_number=begins_s * 15))
        )
    return joined(folder / "restless.ts", *made)


def oldest_picture_s(run: Running, lasts_s: float) -> float:
    """How old the newest picture was at worst."""
    until_s, worst_s = time.monotonic() + lasts_s, 0.0
    while (now_s := time.monotonic()) < until_s:
        picture = run.loop.picture(60)
        worst_s = max(worst_s, now_s - picture.at_s if picture else 60)
        time.sleep(0.1)
    return worst_s


def test_a_size_that_changes_every_few_keyframes_is_followed_on_one_connection(tmp_path: Path) -> None:
    film = restless(tmp_path, [Clip(size_wh=SMALL, gop=15), Clip(size_wh=LARGE, gop=15)], 10, then_s=10)
    with TamperedCamera(film, lambda: keep, live=True) as camera, running_loop(camera.url) as run:
        run.wait(lambda: run.loop.picture(1.0))
        assert oldest_picture_s(run, 12) < 1
        assert camera.connections == 1
        sizes = [info.size_wh for info in run.notes.infos]
        assert len(sizes) >= 5
        assert all(one != other for one, other in pairwise(sizes)), "told at each change"
        assert run.notes.generations == len(sizes) - 1
        assert run.loop.details()["format_changes"] == len(sizes) - 1
        assert all(state.link in (Link.CONNECTING, Link.LIVE) for state in run.notes.links)
        # And who comes once it has settled sees it whole.
        run.wait(lambda: time.monotonic() - run.notes.info_at_s[-1] > 3, 15)
        with viewer_of(run) as viewer:
            assert viewer.gets_picture_within(1)
            assert viewer.damaged == 0
            assert viewer.ended is None


def test_parameters_that_change_without_the_size_cut_no_viewer_for_ever(tmp_path: Path) -> None:
    """As with a camera that writes another rate into them each time: decoders take them as they come."""
    film = restless(tmp_path, [Clip(size_wh=SMALL, fps=fps, gop=fps) for fps in (15, 20, 25)], 15)
    with TamperedCamera(film, lambda: keep, live=True) as camera, running_loop(camera.url) as run:
        run.wait(lambda: run.notes.generations == 2)
        with viewer_of(run) as viewer:
            assert oldest_picture_s(run, 10) < 1
            assert viewer.gets_picture_within(1)
            assert viewer.ended is None
            assert viewer.damaged == 0
            assert viewer.backward == 0
        assert camera.connections == 1
        assert run.notes.generations == 2
        assert int(run.loop.details()["format_changes_borne"] or 0) >= 3


def test_a_codec_that_changes_again_and_again_is_waited_for_ever_longer(tmp_path: Path) -> None:
    """FFmpeg cannot go on with another one, so each costs a connection; the picture is there between the waits."""
    kinds = [Clip(size_wh=SMALL, gop=15), Clip(size_wh=SMALL, gop=15, codec="libx265")]
    film = restless(tmp_path, kinds, 12, then_s=30)
    with TamperedCamera(film, lambda: keep, live=True) as camera, running_loop(camera.url) as run:
        run.wait(lambda: run.loop.picture(1.0))
        began_s = time.monotonic()
        time.sleep(14)
        # 1, 2, 4 and 8 s between them, and some are opened twice to know the picture's size.
        assert 2 <= camera.connections <= 6, camera.connections
        # When it has settled and the last change is known, the picture is back within the wait that was going on.
        settled_s = began_s + 12 * PART_S + 3
        run.wait(lambda: time.monotonic() > settled_s and run.loop.picture(1.0), settled_s - time.monotonic() + 17)
        run.wait_link(Link.LIVE, 1)
        with viewer_of(run) as viewer:
            # What is replayed may hold pictures of the other codec, from before they were known as such.
            time.sleep(1)
            replayed, shown = viewer.damaged, len(viewer.times_s)
            time.sleep(3)
            assert viewer.damaged == replayed
            assert len(viewer.times_s) - shown > 30, "15 fps"


def test_a_second_source_that_changes_its_size_again_and_again_goes_on(tmp_path: Path) -> None:
    film = restless(tmp_path, [Clip(size_wh=SMALL, gop=15), Clip(size_wh=LARGE, gop=15)], 10)
    calm = clip(tmp_path, ".ts", Clip(seconds=30, size_wh=SMALL))
    with (
        TamperedCamera(calm, lambda: keep, live=True) as main,
        TamperedCamera(film, lambda: keep, live=True) as second,
        running_loop(main.url, detection=SourceSettings(spec=second.url, pictures_only=True)) as run,
    ):
        run.wait(lambda: run.loop.details()["second_source_in_use"])
        assert oldest_picture_s(run, 10) < 1
        assert second.connections == 1
        assert run.loop.details()["second_source_fallbacks"] == 0


def test_a_stream_that_ends_soon_each_time_is_waited_for_ever_longer(tmp_path: Path) -> None:
    film = clip(tmp_path, ".ts", Clip(seconds=1.1, size_wh=SMALL, gop=8))
    with TamperedCamera(film, lambda: keep) as camera, running_loop(camera.url) as run:
        run.wait(lambda: camera.connections == 1)
        time.sleep(12)
        # After 1, 2 and 4 s, of which none lived; 1 s each would make six.
        assert 3 <= camera.connections <= 4
        assert run.loop.figures().frames_total >= 8 * camera.connections, "it showed something each time"
