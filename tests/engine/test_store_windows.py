"""Every window ends in one state, none twice, none missing; wherever the program is killed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import itertools
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import textwrap
from zoneinfo import ZoneInfo

import pytest

from custom_components.cradlewatch.engine.models import SkillCategory, Usage
from custom_components.cradlewatch.engine.score import Grade
from custom_components.cradlewatch.engine.store import Store, windows as rows
from custom_components.cradlewatch.engine.store.recovery import KEEP_WAITING, recover
from custom_components.cradlewatch.engine.windows.bounds import Window, window_at
from custom_components.cradlewatch.engine.windows.clip import WindowClip, begin_clip, finish_clip
from custom_components.cradlewatch.engine.windows.recorder import ClosedWindow
from custom_components.cradlewatch.engine.windows.report import (
    ReportIncident,
    SkillSeen,
    Span,
    Statement,
    TimelineEntry,
    WindowReport,
)
from custom_components.cradlewatch.engine.windows.states import ATTEMPTS_MAX, WindowState, end_state
from tests.engine.test_window_clip import picture

UTC_ZONE = ZoneInfo("UTC")
T0 = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CRIB = "crib"
S = WindowState


def window(number: int = 0, repeat: int = 0) -> Window:
    found = window_at(T0 + timedelta(minutes=10 * number), UTC_ZONE)
    return Window(start_at=found.start_at, end_at=found.end_at, repeat=repeat)


def report(of: Window, score: int | None = 88) -> WindowReport:
    return WindowReport(
        provider="gemini", model="m", made_at=T0, start_at=of.start_at, end_at=of.end_at, coverage=0.9,
        child_visibility="clear", summary=(Statement(text="잔다", evidence=("t1",)),),
        timeline=(TimelineEntry(entry_id="t1", start_s=0.5, end_s=9, what="sleeps"),),
        incidents=(ReportIncident(grade=Grade.CAUTION, start_s=1, end_s=2, hazard="fall", what="w", resolved=True,
                                  safety_device=False),),
        sleep=(Span(start_s=0, end_s=600, state="asleep"),),
        skills=(SkillSeen(category=SkillCategory.LANGUAGE, skill="babbles", level="initial", evidence_s=(3.0,)),),
        score=score, usage=Usage(tokens_in=5), cost=0.01,
    )  # fmt: skip


def clip_of(folder: Path, of: Window, count: int = 3) -> WindowClip:
    writer = begin_clip(folder, of.name, (64, 48), mp4=True)
    for number in range(count):
        writer.write(picture(50, 64, 48), number)
    writer.close()
    clip = finish_clip(folder, of.name)
    assert clip is not None
    return clip


def closed(of: Window, clip: WindowClip | None, *, coverage: float = 1.0, cut: bool = False) -> ClosedWindow:
    skipped = None if clip else "privacy"
    return ClosedWindow(window=of, cut=cut, coverage=coverage if clip else 0, frames=3, clip=clip, skipped=skipped)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "cradlewatch.db")
    yield made
    made.close()


def states(store: Store) -> list[tuple[str, WindowState, str | None]]:
    found = reversed(rows.windows(store, crib_id=CRIB, limit=1000))
    return [(item.window.name[9:13] + "r" * item.window.repeat, item.state, item.reason) for item in found]


@pytest.mark.parametrize(
    ("coverage", "cut", "state"),
    [(1.0, False, S.COMPLETED), (0.6, False, S.COMPLETED), (0.599, False, S.PARTIAL), (1.0, True, S.PARTIAL),
     (0.0, False, S.PARTIAL)],
)  # fmt: skip
def test_a_window_lives_its_life_once(
    store: Store, tmp_path: Path, coverage: float, cut: bool, state: WindowState
) -> None:
    assert end_state(coverage, cut=cut) is state
    clip = clip_of(tmp_path / "clips", window())
    rows.open_window(store, CRIB, window())
    rows.open_window(store, CRIB, window())
    assert not rows.begin_report(store, CRIB, window())
    assert rows.close_window(store, CRIB, closed(window(), clip, coverage=coverage, cut=cut))
    assert not rows.close_window(store, CRIB, closed(window(), clip))
    assert rows.finish_report(store, CRIB, window(), report(window())) is None
    assert rows.begin_report(store, CRIB, window())
    assert not rows.begin_report(store, CRIB, window())
    assert rows.finish_report(store, CRIB, window(), report(window())) is state
    assert rows.finish_report(store, CRIB, window(), report(window(), score=1)) is None
    assert rows.fail_report(store, CRIB, window(), "timeout", retry=True) is None
    (stored,) = rows.windows(store, crib_id=CRIB)
    assert (stored.state, stored.score, stored.coverage, stored.cut, stored.attempts) == (state, 88, coverage, cut, 1)
    assert rows.report_of(store, CRIB, window()) == report(window()) == rows.last_report(store, CRIB)
    assert rows.report_of(store, "other", window()) is None


def test_skipped_window_names_its_reason(store: Store) -> None:
    rows.close_window(store, CRIB, closed(window(), None))
    assert states(store) == [("1200", S.SKIPPED, "privacy")]
    assert rows.next_pending(store, CRIB) is None


def test_failures_are_tried_again_and_then_kept(store: Store, tmp_path: Path) -> None:
    rows.close_window(store, CRIB, closed(window(), clip_of(tmp_path, window())))
    ends = []
    while rows.begin_report(store, CRIB, window()):
        ends.append(rows.fail_report(store, CRIB, window(), "timeout", retry=True))
    assert ends == [S.PENDING] * (ATTEMPTS_MAX - 1) + [S.FAILED]
    assert states(store) == [("1200", S.FAILED, "timeout")]
    assert rows.retry_failed(store, CRIB, window())
    assert rows.begin_report(store, CRIB, window())
    assert rows.fail_report(store, CRIB, window(), "invalid_key", retry=False) is S.FAILED


def test_overload_skips_the_oldest(store: Store, tmp_path: Path) -> None:
    for number in range(5):
        rows.close_window(store, CRIB, closed(window(number), clip_of(tmp_path, window(number))))
    assert rows.skip_overload(store, CRIB, keep=5) == 0
    assert rows.skip_overload(store, CRIB, keep=2) == 3
    assert states(store) == [
        ("1200", S.SKIPPED, "overload"), ("1210", S.SKIPPED, "overload"), ("1220", S.SKIPPED, "overload"),
        ("1230", S.PENDING, None), ("1240", S.PENDING, None),
    ]  # fmt: skip
    newest = rows.next_pending(store, CRIB)
    assert newest is not None
    assert newest.window == window(4)


def test_repeated_time_has_windows_of_its_own(store: Store, tmp_path: Path) -> None:
    for repeat in range(2):
        again = window(0, repeat)
        rows.close_window(store, CRIB, closed(again, clip_of(tmp_path, again)))
        assert rows.begin_report(store, CRIB, again)
        assert rows.finish_report(store, CRIB, again, report(again, score=60 + repeat)) is S.COMPLETED
    assert [found.score for found in rows.windows(store, crib_id=CRIB)] == [61, 60]
    assert rows.lived_since(store, CRIB, T0) == {T0: 1}


def test_erased_and_purged_with_the_rest(store: Store, tmp_path: Path) -> None:
    for number in range(2):
        rows.close_window(store, CRIB, closed(window(number), clip_of(tmp_path, window(number))))
        rows.begin_report(store, CRIB, window(number))
        rows.finish_report(store, CRIB, window(number), report(window(number)))
    store.purge(T0 + timedelta(minutes=10))
    assert len(states(store)) == 1
    assert rows.report_of(store, CRIB, window(0)) is None
    assert rows.report_of(store, CRIB, window(1)) is not None
    store.erase_crib(CRIB)
    assert states(store) == []
    assert rows.last_report(store, CRIB) is None


# Killed and started again

STAGES = ("recording", "finished, not told", "closing", "pending", "sending", "storing", "stored")


def life(store: Store, folder: Path, of: Window, stage: str) -> Iterator[str]:
    """The life of a window, told stage by stage; the program is killed at `stage`."""
    rows.open_window(store, CRIB, of)
    writer = begin_clip(folder, of.name, (64, 48), mp4=True)
    for number in range(20):
        writer.write(picture(50, 64, 48), number * 29)
    yield "recording"
    writer.close()
    yield "closing"
    clip = finish_clip(folder, of.name)
    yield "finished, not told"
    rows.close_window(store, CRIB, closed(of, clip))
    yield "pending"
    rows.begin_report(store, CRIB, of)
    yield "sending"
    if stage == "storing":
        # In the middle of the transaction that keeps the report.
        real = rows._set

        def killed(*args: object) -> bool:
            real(*args)  # type: ignore[arg-type]
            print("storing", flush=True)
            signal.pause()
            return True

        rows._set = killed  # type: ignore[assignment]
    rows.finish_report(store, CRIB, of, report(of))
    yield "stored"


def run_until(stage: str, database: str, folder: str) -> None:
    """In a process of its own."""
    store = Store.open(Path(database))
    rows.skip_window(store, CRIB, window(-1), "privacy")
    for reached in life(store, Path(folder), window(), stage):
        if reached == stage:
            print(reached, flush=True)
            signal.pause()


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_each_stage(tmp_path: Path, stage: str) -> None:
    left = tmp_path / "left"
    left.mkdir()
    database, folder = left / "cradlewatch.db", left / "clips"
    code = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(Path.cwd())!r})
        from tests.engine.test_store_windows import run_until
        run_until({stage!r}, {str(database)!r}, {str(folder)!r})
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == stage
        process.send_signal(signal.SIGKILL)
    for away_s in (5, 1205):
        shutil.copytree(left, tmp_path / str(away_s))
        started_again(tmp_path / str(away_s), stage, away_s)


def started_again(left: Path, stage: str, away_s: float) -> None:
    database, folder = left / "cradlewatch.db", left / "clips"
    now_at = T0 + timedelta(seconds=600 + away_s)
    store = Store.open(database)
    clock = recover(store, folder, CRIB, now_at, UTC_ZONE)
    recover(store, folder, CRIB, now_at, UTC_ZONE)  # once more changes nothing
    calls = 0
    while (waiting := rows.next_pending(store, CRIB)) is not None:
        assert rows.begin_report(store, CRIB, waiting.window)
        calls += 1
        assert rows.finish_report(store, CRIB, waiting.window, report(waiting.window)) is not None
    assert calls == (0 if stage == "stored" else 1)
    cut = stage in ("recording", "closing", "finished, not told")
    expected = [("1150", S.SKIPPED, "privacy"), ("1200", S.PARTIAL if cut else S.COMPLETED, None)]
    if away_s > 600:
        expected += [("1210", S.SKIPPED, "not_running"), ("1220", S.SKIPPED, "not_running")]
    print(f"killed while {stage}, away {away_s} s:", *states(store), sep="\n  ")
    assert states(store) == expected
    assert rows.report_of(store, CRIB, window()) == report(window())
    clock.advance(now_at, 1.0)
    assert clock.current is not None
    assert clock.current.repeat == 0
    store.close()


def test_restart_within_the_window_goes_on_with_it(store: Store, tmp_path: Path) -> None:
    rows.open_window(store, CRIB, window())
    writer = begin_clip(tmp_path, window().name, (64, 48), mp4=True)
    writer.write(picture(50, 64, 48), 1)
    writer.close()
    clock = recover(store, tmp_path, CRIB, T0 + timedelta(seconds=300), UTC_ZONE)
    assert states(store) == [("1200", S.RECORDING, None)]
    clock.advance(T0 + timedelta(seconds=300), 1.0)
    assert clock.current == window()


def test_part_that_the_store_never_heard_of_is_taken_up(store: Store, tmp_path: Path) -> None:
    writer = begin_clip(tmp_path, window().name, (64, 48), mp4=True)
    writer.write(picture(50, 64, 48), 1)
    writer.close()
    (tmp_path / "notes.part0.mp4").write_bytes(b"something else")
    recover(store, tmp_path, CRIB, T0 + timedelta(seconds=700), UTC_ZONE)
    assert states(store) == [("1200", S.PENDING, None)]
    assert (tmp_path / "notes.part0.mp4").exists()


def test_after_long_absence_only_the_newest_wait(store: Store, tmp_path: Path) -> None:
    for number in range(KEEP_WAITING + 3):
        rows.close_window(store, CRIB, closed(window(number), clip_of(tmp_path, window(number))))
    recover(store, tmp_path, CRIB, T0 + timedelta(days=30), UTC_ZONE)
    found = [state for _, state, reason in states(store) if reason != "not_running"]
    assert found == [S.SKIPPED] * 3 + [S.PENDING] * KEEP_WAITING
    assert sum(reason == "not_running" for _, _, reason in states(store)) == 144


def test_call_that_kills_the_program_each_time_is_given_up(store: Store, tmp_path: Path) -> None:
    rows.close_window(store, CRIB, closed(window(), clip_of(tmp_path, window())))
    for _ in range(ATTEMPTS_MAX):
        assert rows.begin_report(store, CRIB, window())
        recover(store, tmp_path, CRIB, T0 + timedelta(minutes=10), UTC_ZONE)
    assert states(store) == [("1200", S.FAILED, "restart")]


def test_every_pair_of_transitions_is_refused_unless_meant(store: Store, tmp_path: Path) -> None:
    """From an end nothing leads on, except a failed window on request."""
    clip = clip_of(tmp_path, window())
    numbers = itertools.count(100)
    for end in (S.COMPLETED, S.SKIPPED, S.FAILED):
        of = window(next(numbers))
        rows.close_window(store, CRIB, closed(of, None if end is S.SKIPPED else clip))
        rows.begin_report(store, CRIB, of)
        if end is S.COMPLETED:
            rows.finish_report(store, CRIB, of, report(of))
        if end is S.FAILED:
            rows.fail_report(store, CRIB, of, "blocked", retry=False)
        assert not rows.begin_report(store, CRIB, of)
        assert not rows.close_window(store, CRIB, closed(of, clip))
        assert rows.finish_report(store, CRIB, of, report(of)) is None
        assert rows.retry_failed(store, CRIB, of) == (end is S.FAILED)
