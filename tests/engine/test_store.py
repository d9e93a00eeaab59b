"""What was written survives; what cannot be written is said; what is broken is set aside."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time

import pytest
from sqlalchemy import inspect

from custom_components.cradlewatch.engine.errors import AnalysisFailure, StoreError
from custom_components.cradlewatch.engine.models import (
    EventKind,
    MonitorEvent,
    Phase,
    Posture,
    Severity,
    SkillCategory,
    Status,
    Usage,
    Verdict,
)
from custom_components.cradlewatch.engine.store import Store, migrations, schema
from custom_components.cradlewatch.engine.store.database import open_database
from custom_components.cradlewatch.engine.store.retention import purge_daily

T0 = datetime(2026, 11, 24, 12, 0, 0, 123457, tzinfo=UTC)
CRIB, OTHER = "01CRIB", "01OTHER"


def event(event_id: str = "e1", phase: Phase = Phase.OPENED, at: datetime = T0, **more: object) -> MonitorEvent:
    fields: dict[str, object] = {
        "event_id": event_id, "kind": EventKind.HAZARD, "phase": phase, "severity": Severity.DANGER,
        "status": Status.CONFIRMED, "provider": "gemini", "started_at": T0, "changed_at": at,
    }  # fmt: skip
    return MonitorEvent(**{**fields, **more})  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "cradlewatch.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    made = Store.open(path)
    yield made
    made.close()


def test_incident_with_all_its_phases(store: Store) -> None:
    later = T0 + timedelta(seconds=9)
    full = event(
        phase=Phase.ENDED, at=later, ended_at=later, score=0.5, zone="z", title="Tïtle 아기", description="d",
        action_needed="a", end_reason="timeout", clip="c", snapshot="s",
    )  # fmt: skip
    store.save_event(CRIB, event(notable=True))
    store.save_event(CRIB, full)
    (stored,) = store.events()
    assert stored.crib_id == CRIB
    assert stored.event == full
    assert store.changes("e1") == [(Phase.OPENED, T0), (Phase.ENDED, later)]


def test_queries(store: Store) -> None:
    for number in range(30):
        at = T0 + timedelta(minutes=number)
        kind = EventKind.CRYING if number % 3 == 0 else EventKind.MOTION
        store.save_event(CRIB if number % 2 else OTHER, event(f"e{number}", at=at, started_at=at, kind=kind))
    ids = [stored.event.event_id for stored in store.events(limit=3)]
    assert ids == ["e29", "e28", "e27"]
    day = store.events(start=T0 + timedelta(minutes=5), end=T0 + timedelta(minutes=8))
    assert [stored.event.event_id for stored in day] == ["e7", "e6", "e5"]
    crying = store.events(crib_id=CRIB, kinds=[EventKind.CRYING])
    assert [stored.event.event_id for stored in crying] == ["e27", "e21", "e15", "e9", "e3"]
    assert store.events(kinds=[]) == []
    last = store.last_event(OTHER)
    assert last is not None
    assert last.event.event_id == "e28"
    assert store.last_event("nobody") is None


def test_all_survives_a_restart_and_open_incidents_end(path: Path) -> None:
    first = Store.open(path)
    first.save_event(CRIB, event("open"))
    first.save_event(CRIB, event("over", Phase.ENDED, ended_at=T0))
    first.save_event(CRIB, event("with_clip_after_end", Phase.UPDATED, ended_at=T0, clip="c"))
    first.save_event(OTHER, event("elsewhere"))
    first.put_state(f"{CRIB}.privacy", {"on": True, "list": [1, None, "ü"]})
    first.close()
    second = Store.open(path)
    (ended,) = second.end_open_incidents(CRIB, "restart", T0 + timedelta(hours=1))
    assert ended.event.event_id == "open"
    assert ended.event.phase is Phase.ENDED
    assert ended.event.end_reason == "restart"
    assert ended.event.ended_at == T0 + timedelta(hours=1)
    assert second.end_open_incidents(CRIB, "restart", T0) == []
    (elsewhere,) = second.end_open_incidents(OTHER, "restart", T0 - timedelta(hours=1))
    assert elsewhere.event.ended_at == T0  # never before its start
    assert second.changes("open")[-1][0] is Phase.ENDED
    assert second.get_state(f"{CRIB}.privacy") == {"on": True, "list": [1, None, "ü"]}
    assert second.get_state("nothing") is None
    second.close()


def test_verdicts_and_failures(store: Store) -> None:
    verdict = Verdict(
        provider="gemini", model="m", taken_at=T0, taken_at_s=5.5, latency_s=1.25, safety=Severity.WARNING,
        title="t", description=None, concerns=("a", "b"), hazard=EventKind.CLIMBING, posture=Posture.STANDING,
        face_visible=True, observation_category=SkillCategory.LANGUAGE, usage=Usage(tokens_in=3),
    )  # fmt: skip
    store.save_verdict(CRIB, verdict)
    store.save_failure(CRIB, AnalysisFailure.BLOCKED, T0 + timedelta(seconds=1))
    assert store.verdicts(CRIB) == [AnalysisFailure.BLOCKED, verdict]
    assert store.verdicts(OTHER) == []


def test_usage_adds_up_by_day(store: Store) -> None:
    day = date(2026, 11, 24)
    for _ in range(3):
        store.add_usage(day, "gemini", calls=1, failures=0, tokens_in=100, tokens_out=10, cost=0.25)
    store.add_usage(day, "ai_task", calls=1, failures=1, tokens_in=0, tokens_out=0, cost=0)
    total = store.usage(day)
    assert (total.calls, total.failures, total.tokens_in, total.tokens_out, total.cost) == (4, 1, 300, 30, 0.75)
    assert total.by_provider["gemini"].calls == 3
    assert store.usage(day + timedelta(days=1)).calls == 0


def test_purge_keeps_what_is_young_or_open(store: Store) -> None:
    old = T0 - timedelta(days=100)
    store.save_event(CRIB, event("old", Phase.ENDED, at=old, started_at=old, ended_at=old))
    store.save_event(CRIB, event("old_open", at=old, started_at=old))
    store.save_event(CRIB, event("young", Phase.ENDED, ended_at=T0))
    store.save_failure(CRIB, AnalysisFailure.EMPTY, old)
    assert store.purge(T0 - timedelta(days=30)) == 1
    assert {stored.event.event_id for stored in store.events()} == {"old_open", "young"}
    assert store.changes("old") == []
    assert store.changes("old_open") != []
    assert store.verdicts(CRIB) == []


@pytest.mark.parametrize("ahead_days", [200, 4000])
def test_a_clock_set_ahead_for_days_costs_history_no_more_than_those_days(store: Store, ahead_days: int) -> None:
    keep, day = timedelta(days=180), timedelta(days=1)
    for age_days in (1, 100, 170, 179.5):
        at = T0 - age_days * day
        store.save_event(CRIB, event(f"days{age_days}", Phase.ENDED, at=at, started_at=at, ended_at=at))
    assert purge_daily(store, T0, keep) == 0
    for passed in (1, 2, 3):
        purge_daily(store, T0 + (ahead_days + passed) * day, keep)
    assert {stored.event.event_id for stored in store.events()} == {"days1", "days100", "days170"}
    # The clock is right again: each goes at its time.
    assert purge_daily(store, T0 + 9 * day, keep) == 0
    for passed in range(10, 20):
        purge_daily(store, T0 + passed * day, keep)
    assert {stored.event.event_id for stored in store.events()} == {"days1", "days100"}


def test_erased_crib_leaves_no_trace_in_the_files(store: Store, path: Path) -> None:
    store.save_event(CRIB, event(description="a very private sentence"))
    store.save_failure(CRIB, AnalysisFailure.EMPTY, T0)
    store.put_state(f"safety:{CRIB}", True)
    store.put_state(f"safety:{OTHER}", True)
    store.save_event(OTHER, event("stays"))
    store.erase_crib(CRIB)
    assert [stored.event.event_id for stored in store.events()] == ["stays"]
    assert store.get_state(f"safety:{CRIB}") is None
    assert store.get_state(f"safety:{OTHER}") is True
    for name in path.parent.iterdir():
        assert b"very private" not in name.read_bytes(), name


def test_files_are_private_from_the_first_byte(path: Path) -> None:
    store = Store.open(path)
    store.save_event(CRIB, event())
    modes = {name.name: stat.S_IMODE(name.stat().st_mode) for name in path.parent.iterdir()}
    assert modes == {"cradlewatch.db": 0o600, "cradlewatch.db-wal": 0o600, "cradlewatch.db-shm": 0o600}
    store.close()
    path.chmod(0o644)
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content", [b"this is not a database, just a note" * 200, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_corrupt_file_is_set_aside_and_kept(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    store = Store.open(path)
    assert store.recovered_from_corruption
    assert store.corrupt_copy is not None
    assert store.corrupt_copy.read_bytes() == content
    assert store.corrupt_copy.name.startswith("cradlewatch.db.corrupt-")
    store.save_event(CRIB, event())
    assert len(store.events()) == 1
    store.close()
    again = Store.open(path)
    assert not again.recovered_from_corruption
    assert len(again.events()) == 1
    again.close()


def test_file_that_breaks_while_open_is_set_aside_too(path: Path) -> None:
    store = Store.open(path)
    for number in range(400):
        store.save_event(CRIB, event(f"e{number}", description="x" * 300))
    store.close()
    store = Store.open(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xa5" * (size - 4096 * 2))
    assert store.events() == []
    assert store.recovered_from_corruption
    store.save_event(CRIB, event())
    assert len(store.events()) == 1
    store.close()


def test_full_disk_is_an_error_and_costs_nothing_that_was_kept(store: Store) -> None:
    connection = store._connection
    assert connection is not None
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
    connection.rollback()
    store.save_event(CRIB, event("kept"))
    with pytest.raises(StoreError, match="full") as caught:
        store.save_event(CRIB, event("too big", description="secret words " * 5000))
    assert "secret words" not in str(caught.value)
    assert [stored.event.event_id for stored in store.events()] == ["kept"]
    assert not store.recovered_from_corruption


def test_another_writer_is_waited_for(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("PRAGMA busy_timeout = 0")
    connection = store._connection
    assert connection is not None
    connection.exec_driver_sql("PRAGMA busy_timeout = 100")
    connection.rollback()
    with pytest.raises(StoreError, match="locked"):
        store.save_event(CRIB, event())
    other.execute("COMMIT")
    store.save_event(CRIB, event())
    other.close()


def test_closed_store_says_so(path: Path) -> None:
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.events()


def test_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Store.open(tmp_path / "file" / "cradlewatch.db")


def test_killed_writer_loses_nothing_that_was_written(path: Path) -> None:
    code = textwrap.dedent(f"""
        import sys; sys.path.insert(0, {str(Path.cwd())!r})
        from pathlib import Path
        from tests.engine.test_store import CRIB, event
        from custom_components.cradlewatch.engine.store import Store
        store = Store.open(Path({str(path)!r}))
        number = 0
        while True:
            store.save_event(CRIB, event(f"e{{number}}"))
            print(number, flush=True)
            number += 1
    """)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                break
        process.send_signal(signal.SIGKILL)
        seen = 50 + sum(1 for _ in process.stdout)
    store = Store.open(path)
    assert not store.recovered_from_corruption
    kept = {stored.event.event_id for stored in store.events(limit=10_000)}
    assert {f"e{number}" for number in range(seen + 1)} <= kept
    assert len(store.end_open_incidents(CRIB, "restart", T0)) == len(kept)
    store.close()


def test_tables_are_what_the_migrations_make(store: Store) -> None:
    inspector = inspect(store._engine)
    assert set(inspector.get_table_names()) == set(schema.metadata.tables)
    for table in schema.metadata.sorted_tables:
        made = {
            column["name"]: (str(column["type"]).split("(")[0], column["nullable"])
            for column in inspector.get_columns(table.name)
        }
        kinds = {"VARCHAR": "TEXT", "FLOAT": "REAL", "INTEGER": "INTEGER"}
        wanted = {column.name: (kinds[str(column.type)], bool(column.nullable)) for column in table.columns}
        assert made == wanted, table.name


def test_every_version_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir()
    for version in range(len(migrations.MIGRATIONS)):
        path.unlink(missing_ok=True)
        old = sqlite3.connect(path)
        for step in migrations.MIGRATIONS[:version]:
            for statement in step:
                old.execute(statement)
        if version:
            old.execute(
                "INSERT INTO incidents (event_id, crib_id, kind, phase, severity, status, provider, started_us,"
                " changed_us, notable) VALUES ('old', ?, 'motion', 'opened', 'info', 'unverified', 'local', 1, 1, 0)",
                (CRIB,),
            )
        old.execute(f"PRAGMA user_version = {version}")
        old.commit()
        old.close()
        store = Store.open(path)
        assert not store.recovered_from_corruption
        assert [stored.event.event_id for stored in store.events()] == (["old"] if version else [])
        store.save_event(CRIB, event())
        store.close()


def test_broken_migration_leaves_the_version_before(path: Path) -> None:
    engine, connection = open_database(path)
    steps = (*migrations.MIGRATIONS, ("CREATE TABLE half (a TEXT)", "THIS IS NOT SQL"))
    with pytest.raises(Exception, match="syntax"):
        migrations.migrate(connection, steps)
    connection.rollback()
    assert migrations.version_of(connection) == len(migrations.MIGRATIONS)
    assert "half" not in inspect(engine).get_table_names()
    connection.close()
    engine.dispose()


def test_newer_file_is_refused_and_left_alone(path: Path) -> None:
    Store.open(path).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer"):
        Store.open(path)
    assert path.read_bytes() == before


def test_many_incidents_stay_quick(path: Path) -> None:
    """A twentieth of a stored year: the newest 50 cost no more than a hundredth of reading all."""
    store = Store.open(path)
    rows = [
        (f"e{number}", CRIB, "motion", "ended", "info", "unverified", "local", number, number, number, 0)
        for number in range(25_000)
    ]
    raw = sqlite3.connect(path)
    raw.executemany(
        "INSERT INTO incidents (event_id, crib_id, kind, phase, severity, status, provider, started_us, changed_us,"
        " ended_us, notable) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        rows,
    )
    raw.commit()
    raw.close()

    def seconds(**query: object) -> float:
        begin = time.perf_counter()
        store.events(**query)  # type: ignore[arg-type]
        return time.perf_counter() - begin

    all_of_them = seconds(limit=10_000)
    assert min(seconds(limit=50) for _ in range(5)) < all_of_them / 10
    assert min(seconds(crib_id=CRIB, kinds=[EventKind.CRYING]) for _ in range(5)) < all_of_them / 10
    store.close()
