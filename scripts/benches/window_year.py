"""A stored year: 50,000 windows, 500,000 incidents. How long reading takes, and whether the start notices.

`scripts/bench windows --year` (about a minute; no network, a file in a temporary folder).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
import sqlite3
import statistics
import tempfile
import time

from custom_components.cradlewatch.engine.models import Severity
from custom_components.cradlewatch.engine.plot import PlotData, draw_plot, plot_windows
from custom_components.cradlewatch.engine.store import Store, digests, windows as rows
from custom_components.cradlewatch.engine.store.recovery import recover
from custom_components.cradlewatch.engine.windows.digest import DigestSpan

WINDOWS, EVENTS = 50_000, 500_000
GOAL_MS = 200
_CRIBS = ("crib-a", "crib-b")
_KINDS = ("motion", "crying", "noise", "zone_entered", "woke_up", "fell_asleep", "hazard")
_REPORT = (
    '{{"provider":"gemini","model":"m","made_at":"{at}","start_at":"{at}","end_at":"{end}","coverage":1.0,'
    '"child_visibility":"clear","summary":[{{"text":"Slept on the back, then turned over once.","evidence":["t1"]}}],'
    '"timeline":[{{"entry_id":"t1","start_s":1.0,"end_s":90.0,"what":"Lies on the back and sleeps."}}],"score":98}}'
)


def year() -> int:
    """Print the figures; 1 where one is over the goal."""
    now_at = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        path = Path(folder) / "cradlewatch.db"
        began_s = time.monotonic()
        _fill(path, now_at)
        size_mb = path.stat().st_size / 1e6
        print(f"a year of {len(_CRIBS)} cribs: {WINDOWS:,} windows and reports, {EVENTS:,} incidents, {size_mb:.0f} MB")
        print(f"  written in {time.monotonic() - began_s:.0f} s; load average {os.getloadavg()[0]:.1f}")
        empty = Path(folder) / "empty.db"
        Store.open(empty).close()
        return int(not _measure(path, empty, Path(folder) / "clips", now_at))


def _measure(path: Path, empty: Path, clips: Path, now_at: datetime) -> bool:
    good = _row("opening", lambda: Store.open(path).close())
    _row("  beside: opening an empty one", lambda: Store.open(empty).close(), goal=False)
    store, crib_id = Store.open(path), _CRIBS[0]
    good &= _row("newest 50 incidents of a crib", lambda: store.events(crib_id=crib_id, limit=50))
    good &= _row("newest 50 windows of a crib", lambda: rows.windows(store, crib_id=crib_id, limit=50))
    good &= _row("a day's plot: reading", lambda: _day(store, crib_id, now_at))
    good &= _row("a day's plot: reading and drawing", lambda: draw_plot(_day(store, crib_id, now_at), dark=False))
    good &= _row("a day's reports, for its digest", lambda: _reports(store, crib_id, now_at))
    good &= _row("what a start reads", lambda: _start(store, crib_id, clips, now_at))
    fresh = Store.open(empty)
    _row("  beside: with an empty file", lambda: _start(fresh, crib_id, clips, now_at), goal=False)
    good &= _row("a write", lambda: store.put_state("bench", 1))
    store.close()
    fresh.close()
    return good


def _row(name: str, work: Callable[[], object], *, goal: bool = True) -> bool:
    """The median of five, and the first: caches are cold for nothing but that."""
    times_ms = []
    for _ in range(5):
        began_s = time.perf_counter()
        work()
        times_ms.append((time.perf_counter() - began_s) * 1000)
    said = f"{name}: {statistics.median(times_ms):.1f} ms (first {times_ms[0]:.1f}, longest {max(times_ms):.1f})"
    met = statistics.median(times_ms) <= GOAL_MS
    print(f"  {said}{f', goal {GOAL_MS}: {"met" if met else "MISSED"}' if goal else ''}")
    return met


def _day(store: Store, crib_id: str, now_at: datetime) -> PlotData:
    start = now_at - timedelta(days=1)
    found = rows.windows(store, crib_id=crib_id, start=start, limit=300)
    told = store.events(crib_id=crib_id, start=start, limit=1000)
    return PlotData(
        end_at=now_at,
        windows=plot_windows(
            [(r.window.start_at, r.window.end_at, r.coverage, r.score, r.activity) for r in reversed(found)]
        ),
        incidents=tuple((item.event.started_at, item.event.severity) for item in told),
    )


def _reports(store: Store, crib_id: str, now_at: datetime) -> None:
    assert rows.reports_between(store, crib_id, now_at - timedelta(days=1), now_at)


def _start(store: Store, crib_id: str, clips: Path, now_at: datetime) -> None:
    """Everything that a start of the integration asks the store for one crib."""
    recover(store, clips, crib_id, now_at, UTC)
    store.end_open_incidents(crib_id, "restart", now_at)
    store.last_event(crib_id)
    rows.last_report(store, crib_id)
    for span in DigestSpan:
        digests.last_digest(store, crib_id, span)
    for key in ("attention", "sleep", "skills"):
        store.get_state(f"{key}:{crib_id}")


def _fill(path: Path, now_at: datetime) -> None:
    Store.open(path).close()
    end_us = int(now_at.timestamp()) // 600 * 600 * 1_000_000
    windows_each, events_each = WINDOWS // len(_CRIBS), EVENTS // len(_CRIBS)
    step_us = windows_each * 600_000_000 // events_each
    severities = [Severity.INFO.value] * 8 + [Severity.WARNING.value, Severity.DANGER.value]
    with sqlite3.connect(path) as database:
        for crib_id in _CRIBS:
            starts = [end_us - (windows_each - number) * 600_000_000 for number in range(windows_each)]
            database.executemany(
                "INSERT INTO windows VALUES (?,?,0,?,'completed',NULL,1.0,0,600,1,98,12.5)",
                ((crib_id, start, start + 600_000_000) for start in starts),
            )
            database.executemany(
                "INSERT INTO reports VALUES (?,?,0,?)", ((crib_id, start, _report(start)) for start in starts)
            )
            first_us = starts[0]
            database.executemany(
                "INSERT INTO incidents VALUES (?,?,?,'ended',?,'unverified','local',?,?,?,NULL,NULL,NULL,NULL,NULL,"
                "NULL,0,NULL,NULL)",
                (
                    (
                        f"{crib_id}-{number}",
                        crib_id,
                        _KINDS[number % 7],
                        severities[number % 10],
                        at,
                        at,
                        at + 30_000_000,
                    )
                    for number in range(events_each)
                    for at in (first_us + number * step_us,)
                ),
            )
            database.executemany(
                "INSERT INTO changes (event_id, crib_id, at_us, phase, severity, status, provider, notable)"
                " VALUES (?,?,?,'opened','info','unverified','local',1)",
                ((f"{crib_id}-{number}", crib_id, first_us + number * step_us) for number in range(events_each)),
            )
    database.close()


def _report(start_us: int) -> str:
    at = datetime.fromtimestamp(start_us / 1e6, UTC)
    return _REPORT.format(at=at.isoformat(), end=(at + timedelta(minutes=10)).isoformat())
