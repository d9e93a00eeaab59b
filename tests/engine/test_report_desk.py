"""One report at a time, when it is due, each window once; a report that hangs or fails holds nothing else."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.cradlewatch.engine.errors import AnalysisError, AnalysisFailure, Remedy
from custom_components.cradlewatch.engine.models import EventKind, MonitorEvent, Phase, Severity, Status
from custom_components.cradlewatch.engine.store import Store, windows as rows
from custom_components.cradlewatch.engine.windows.bounds import Window
from custom_components.cradlewatch.engine.windows.clip import ClipMap, WindowClip
from custom_components.cradlewatch.engine.windows.desk import ReportDesk
from custom_components.cradlewatch.engine.windows.local_report import local_report
from custom_components.cradlewatch.engine.windows.recorder import ClosedWindow
from custom_components.cradlewatch.engine.windows.report import WindowReport
from custom_components.cradlewatch.engine.windows.states import StoredWindow, WindowState

T0 = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def window(number: int = 0) -> Window:
    start_at = T0 + timedelta(minutes=10 * number)
    return Window(start_at=start_at, end_at=start_at + timedelta(minutes=10))


def report_of(item: StoredWindow) -> WindowReport:
    return local_report(item.window, coverage=1, events=(), made_at=T0)


class Book:
    """The store's functions; each lets others run in between, as a hop to another thread does."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def pending(self, crib_id: str) -> list[StoredWindow]:
        await asyncio.sleep(0)
        return rows.windows(self.store, crib_id=crib_id, state=WindowState.PENDING)

    async def skip_overload(self, crib_id: str, keep: int) -> int:
        await asyncio.sleep(0)
        return rows.skip_overload(self.store, crib_id, keep=keep)

    async def begin(self, crib_id: str, of: Window) -> bool:
        await asyncio.sleep(0)
        return rows.begin_report(self.store, crib_id, of)

    async def finish(self, crib_id: str, of: Window, report: WindowReport) -> WindowState | None:
        await asyncio.sleep(0)
        return rows.finish_report(self.store, crib_id, of, report)

    async def fail(self, crib_id: str, of: Window, reason: str, *, retry: bool) -> WindowState | None:
        await asyncio.sleep(0)
        return rows.fail_report(self.store, crib_id, of, reason, retry=retry)


class Home:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = T0
        self.told: list[str] = []
        self.running = 0
        self.most_running = 0
        self.answers: dict[str, list[Exception | None]] = {}
        self.gate: asyncio.Event | None = None
        self.cribs = ["a"]
        self.desk = ReportDesk(
            book=Book(store), cribs=lambda: self.cribs, understand=self.understand, now_at=lambda: self.at,
            on_stage=lambda item, stage, _: self.told.append(f"{item.crib_id} {item.window.name[9:13]} {stage}"),
        )  # fmt: skip

    async def understand(self, item: StoredWindow) -> WindowReport:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            answers = self.answers.get(item.window.name[9:13], [])
            if answers and (error := answers.pop(0)) is not None:
                raise error
            return report_of(item)
        finally:
            self.running -= 1

    def close(self, number: int, crib_id: str = "a") -> None:
        clip = WindowClip(path=Path("x"), mp4=True, time_map=ClipMap(offsets_s=(0.0,)), size_bytes=1)
        closed = ClosedWindow(window=window(number), cut=False, coverage=1, frames=1, clip=clip, skipped=None)
        rows.close_window(self.store, crib_id, closed)

    def pass_to(self, **since_noon: float) -> None:
        self.at = T0 + timedelta(**since_noon)
        self.desk.wake()

    def state(self, number: int, crib_id: str = "a") -> tuple[WindowState, str | None]:
        found = {item.window: item for item in rows.windows(self.store, crib_id=crib_id)}[window(number)]
        return found.state, found.reason


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(Store.open(tmp_path / "cradlewatch.db"))


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_due_25_s_after_the_close_and_not_before(home: Home) -> None:
    task = asyncio.create_task(home.desk.run())
    home.close(0)
    home.pass_to(minutes=10, seconds=24.9)
    await settle()
    assert home.told == []
    home.pass_to(minutes=10, seconds=25)
    await until(lambda: home.desk.counts.reports == 1)
    assert home.told == ["a 1200 sending", "a 1200 done"]
    assert home.state(0) == (WindowState.COMPLETED, None)
    task.cancel()


async def test_newest_first_one_at_a_time_over_all_cribs(home: Home) -> None:
    home.cribs = ["a", "b"]
    for number, crib_id in ((0, "a"), (1, "b"), (2, "a")):
        home.close(number, crib_id)
    home.pass_to(hours=1)
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.desk.counts.reports == 3)
    assert [line for line in home.told if "sending" in line] == ["a 1220 sending", "b 1210 sending", "a 1200 sending"]
    assert home.most_running == 1
    task.cancel()


async def test_overload_skips_the_oldest(home: Home) -> None:
    for number in range(9):
        home.close(number)
    home.gate = asyncio.Event()
    home.pass_to(hours=2)
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.running == 1)
    assert [home.state(number)[1] for number in range(4)] == ["overload", "overload", "overload", None]
    home.gate.set()
    await until(lambda: home.desk.counts.reports == 6)
    assert home.desk.counts.overloaded == 3
    task.cancel()


async def test_failure_rests_and_others_go_first(home: Home) -> None:
    home.answers["1210"] = [AnalysisError(AnalysisFailure.RATE_LIMITED, retry_after_s=400), None]
    home.close(0)
    home.close(1)
    home.pass_to(minutes=21)
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.desk.counts.reports == 1)
    assert home.told == ["a 1210 sending", "a 1200 sending", "a 1200 done"]
    assert home.state(1) == (WindowState.PENDING, "rate_limited")
    home.pass_to(minutes=21, seconds=399)
    await settle()
    assert home.desk.counts.reports == 1
    home.pass_to(minutes=21, seconds=401)
    await until(lambda: home.desk.counts.reports == 2)
    assert home.state(1) == (WindowState.COMPLETED, None)
    task.cancel()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AnalysisError(AnalysisFailure.INVALID_KEY, remedy=Remedy.NEW_KEY), "invalid_key"),
        (AnalysisError(AnalysisFailure.MODEL_NOT_FOUND, remedy=Remedy.TELL_USER), "model_not_found"),
        (RuntimeError("a mistake of ours"), "internal"),
    ],
)
async def test_what_trying_again_cannot_mend_is_kept_as_failed(home: Home, error: Exception, reason: str) -> None:
    home.answers["1200"] = [error]
    home.close(0)
    home.pass_to(minutes=11)
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.state(0)[0] is WindowState.FAILED)
    assert home.state(0)[1] == reason
    home.close(1)
    home.pass_to(minutes=21)
    await until(lambda: home.desk.counts.reports == 1)
    task.cancel()


async def test_stop_in_mid_call_is_quick_and_loses_nothing(home: Home) -> None:
    home.gate = asyncio.Event()
    home.close(0)
    home.pass_to(minutes=11)
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.running == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert home.state(0)[0] is WindowState.SENDING
    assert rows.release_sending(home.store, "a") == 1
    home.gate.set()
    task = asyncio.create_task(home.desk.run())
    await until(lambda: home.desk.counts.reports == 1)
    task.cancel()


async def test_crib_in_privacy_is_left_alone(home: Home) -> None:
    home.cribs = []
    home.close(0)
    home.pass_to(minutes=11)
    task = asyncio.create_task(home.desk.run())
    await settle()
    assert home.state(0)[0] is WindowState.PENDING
    home.cribs = ["a"]
    home.desk.wake()
    await until(lambda: home.desk.counts.reports == 1)
    task.cancel()


def test_local_report_tells_what_was_raised_and_judges_nothing() -> None:
    def raised(kind: EventKind, start_s: float, end_s: float | None) -> MonitorEvent:
        return MonitorEvent(
            event_id=kind, kind=kind, phase=Phase.OPENED, severity=Severity.INFO, status=Status.UNVERIFIED,
            provider="local", started_at=T0 + timedelta(seconds=start_s), changed_at=T0,
            ended_at=None if end_s is None else T0 + timedelta(seconds=end_s),
        )  # fmt: skip

    events = [
        raised(EventKind.NOISE, 550, None),
        raised(EventKind.MOTION, -30, 20),
        raised(EventKind.WOKE_UP, 300, 300),
        raised(EventKind.CRYING, 600, 700),
        raised(EventKind.VISITOR, -90, 0),
    ]
    report = local_report(window(), coverage=0.5, events=events, made_at=T0)
    told = [(entry.what, entry.start_s, round(entry.end_s)) for entry in report.timeline]
    assert told == [("motion", 0, 20), ("woke_up", 300, 300), ("noise", 550, 600)]
    assert (report.provider, report.score, report.incidents, report.summary) == ("local", None, (), ())
