"""Windows and reports in the store. Functions over a `Store`, for its one worker thread; all raise StoreError.

A window changes its state by compare-and-set only, and its report is kept in the same transaction as its end:
whatever stops the program in between, a window has one state and one report.
"""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, and_, func, select, update
from sqlalchemy.dialects.sqlite import insert

from ..windows.bounds import Window
from ..windows.recorder import ClosedWindow
from ..windows.report import WindowReport
from ..windows.states import ATTEMPTS_MAX, StoredWindow, WindowState, end_state
from . import schema
from .rows import from_us, to_us
from .store import Store

OVERLOAD = "overload"
_REPORT = TypeAdapter(WindowReport)
_TABLE = schema.windows
_LIMIT_MAX = 10_000


def open_window(store: Store, crib_id: str, window: Window) -> None:
    """A window begins. One that is known already (a restart within it) stays as it is."""
    statement = insert(_TABLE).values(_row(crib_id, window, WindowState.RECORDING)).on_conflict_do_nothing()
    store.run(lambda connection: connection.execute(statement))


def close_window(store: Store, crib_id: str, closed: ClosedWindow, activity: float | None = None) -> bool:
    """A window is over: pending where there is a clip, skipped where not. False when that was known already."""
    state = WindowState.SKIPPED if closed.clip is None else WindowState.PENDING
    values = {
        "state": state.value,
        "reason": closed.skipped,
        "coverage": closed.coverage,
        "cut": int(closed.cut),
        "frames": closed.frames,
        "activity": activity,
    }

    def work(connection: Connection) -> bool:
        row = {**_row(crib_id, closed.window, WindowState.RECORDING)}
        connection.execute(insert(_TABLE).values(row).on_conflict_do_nothing())
        return _set(connection, crib_id, closed.window, WindowState.RECORDING, values)

    return store.run(work)


def skip_window(store: Store, crib_id: str, window: Window, reason: str) -> None:
    """Name a window in which nothing was recorded (the program did not run). One that is known stays as it is."""
    row = {**_row(crib_id, window, WindowState.SKIPPED), "reason": reason, "coverage": 0.0}
    statement = insert(_TABLE).values(row).on_conflict_do_nothing()
    store.run(lambda connection: connection.execute(statement))


def begin_report(store: Store, crib_id: str, window: Window) -> bool:
    """Claim a pending window just before its call; False when somebody else has it or it has ended."""
    values = {"state": WindowState.SENDING.value, "attempts": _TABLE.c.attempts + 1}
    return store.run(lambda connection: _set(connection, crib_id, window, WindowState.PENDING, values))


def finish_report(store: Store, crib_id: str, window: Window, report: WindowReport) -> WindowState | None:
    """Keep the report and end its window, both or neither. None when the window was not being sent (nothing kept)."""

    def work(connection: Connection) -> WindowState | None:
        found = connection.execute(select(_TABLE).where(_is(crib_id, window))).mappings().one_or_none()
        if found is None:
            return None
        state = end_state(found["coverage"] or 0.0, cut=bool(found["cut"]))
        values = {"state": state.value, "reason": None, "score": report.score}
        if not _set(connection, crib_id, window, WindowState.SENDING, values):
            return None
        data = _REPORT.dump_json(report).decode()
        connection.execute(insert(schema.reports).values({**_key(crib_id, window), "data": data}))
        return state

    return store.run(work)


def fail_report(store: Store, crib_id: str, window: Window, reason: str, *, retry: bool) -> WindowState | None:
    """The call gave no report: pending again while `retry` and attempts are left, else failed."""

    def work(connection: Connection) -> WindowState | None:
        attempts = connection.execute(select(_TABLE.c.attempts).where(_is(crib_id, window))).scalar_one_or_none()
        again = retry and attempts is not None and attempts < ATTEMPTS_MAX
        state = WindowState.PENDING if again else WindowState.FAILED
        values = {"state": state.value, "reason": reason}
        return state if _set(connection, crib_id, window, WindowState.SENDING, values) else None

    return store.run(work)


def retry_failed(store: Store, crib_id: str, window: Window) -> bool:
    """A person wants a failed window tried again."""
    values = {"state": WindowState.PENDING.value, "attempts": 0}
    return store.run(lambda connection: _set(connection, crib_id, window, WindowState.FAILED, values))


def release_sending(store: Store, crib_id: str) -> int:
    """After a start: calls that the end of the program cut are pending again, or failed after too many of them."""

    def work(connection: Connection) -> int:
        sending = (_TABLE.c.crib_id == crib_id) & (_TABLE.c.state == WindowState.SENDING.value)
        tired = {"state": WindowState.FAILED.value, "reason": "restart"}
        connection.execute(update(_TABLE).where(sending, _TABLE.c.attempts >= ATTEMPTS_MAX).values(tired))
        return connection.execute(update(_TABLE).where(sending).values(state=WindowState.PENDING.value)).rowcount

    return store.run(work)


def skip_overload(store: Store, crib_id: str, *, keep: int) -> int:
    """The overload rule: of the waiting windows the newest `keep` stay, older ones are skipped. Returns how many."""
    waiting = (_TABLE.c.crib_id == crib_id) & (_TABLE.c.state == WindowState.PENDING.value)
    newest = select(_TABLE.c.start_us).where(waiting).order_by(_TABLE.c.start_us.desc()).limit(1).offset(keep)

    def work(connection: Connection) -> int:
        last_us = connection.execute(newest).scalar_one_or_none()
        if last_us is None:
            return 0
        values = {"state": WindowState.SKIPPED.value, "reason": OVERLOAD}
        return connection.execute(update(_TABLE).where(waiting, _TABLE.c.start_us <= last_us).values(values)).rowcount

    return store.run(work)


def next_pending(store: Store, crib_id: str) -> StoredWindow | None:
    """The newest window that waits for its report."""
    return next(iter(windows(store, crib_id=crib_id, state=WindowState.PENDING, limit=1)), None)


def windows(
    store: Store,
    *,
    crib_id: str,
    state: WindowState | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    limit: int = 50,
) -> list[StoredWindow]:
    """Windows that began in [start, end), newest first."""
    query = select(_TABLE).where(_TABLE.c.crib_id == crib_id).limit(max(1, min(limit, _LIMIT_MAX)))
    query = query.order_by(_TABLE.c.start_us.desc(), _TABLE.c.repeat.desc())
    if state is not None:
        query = query.where(_TABLE.c.state == state.value)
    if start is not None:
        query = query.where(_TABLE.c.start_us >= to_us(start))
    if end is not None:
        query = query.where(_TABLE.c.start_us < to_us(end))
    rows = store.run(lambda connection: connection.execute(query).mappings().all())
    return [_stored(row) for row in rows]


def report_of(store: Store, crib_id: str, window: Window) -> WindowReport | None:
    """The report of a window."""
    query = select(schema.reports.c.data).where(_is(crib_id, window, schema.reports))
    data = store.run(lambda connection: connection.execute(query).scalar_one_or_none())
    return None if data is None else _REPORT.validate_json(data)


def reports_between(store: Store, crib_id: str, start: datetime, end: datetime) -> list[tuple[Window, WindowReport]]:
    """The reports of windows that began in [start, end), oldest first."""
    table = schema.reports
    query = (
        select(_TABLE.c.start_us, _TABLE.c.end_us, _TABLE.c.repeat, table.c.data)
        .join(
            table,
            and_(
                table.c.crib_id == _TABLE.c.crib_id,
                table.c.start_us == _TABLE.c.start_us,
                table.c.repeat == _TABLE.c.repeat,
            ),
        )
        .where(_TABLE.c.crib_id == crib_id, _TABLE.c.start_us >= to_us(start), _TABLE.c.start_us < to_us(end))
        .order_by(_TABLE.c.start_us, _TABLE.c.repeat)
    )
    rows = store.run(lambda connection: connection.execute(query).all())
    return [
        (Window(start_at=from_us(start_us), end_at=from_us(end_us), repeat=repeat), _REPORT.validate_json(data))
        for start_us, end_us, repeat, data in rows
    ]


def last_report(store: Store, crib_id: str) -> WindowReport | None:
    """The report of the newest window that has one."""
    table = schema.reports
    query = select(table.c.data).where(table.c.crib_id == crib_id)
    query = query.order_by(table.c.start_us.desc(), table.c.repeat.desc()).limit(1)
    data = store.run(lambda connection: connection.execute(query).scalar_one_or_none())
    return None if data is None else _REPORT.validate_json(data)


def lived_since(store: Store, crib_id: str, since: datetime) -> dict[datetime, int]:
    """For `WindowClock`: starts of windows that are over, with their highest repeat."""
    query = (
        select(_TABLE.c.start_us, func.max(_TABLE.c.repeat))
        .where(_TABLE.c.crib_id == crib_id, _TABLE.c.start_us >= to_us(since))
        .where(_TABLE.c.state != WindowState.RECORDING.value)
        .group_by(_TABLE.c.start_us)
    )
    rows = store.run(lambda connection: connection.execute(query).all())
    return {from_us(start_us): repeat for start_us, repeat in rows}


def _key(crib_id: str, window: Window) -> dict[str, Any]:
    return {"crib_id": crib_id, "start_us": to_us(window.start_at), "repeat": window.repeat}


def _row(crib_id: str, window: Window, state: WindowState) -> dict[str, Any]:
    return {
        **_key(crib_id, window),
        "end_us": to_us(window.end_at),
        "state": state.value,
        "cut": 0,
        "frames": 0,
        "attempts": 0,
    }


def _is(crib_id: str, window: Window, table: Any = _TABLE) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in _key(crib_id, window).items()))


def _set(connection: Connection, crib_id: str, window: Window, expected: WindowState, values: dict[str, Any]) -> bool:
    statement = update(_TABLE).where(_is(crib_id, window), _TABLE.c.state == expected.value).values(values)
    return connection.execute(statement).rowcount == 1


def _stored(row: Any) -> StoredWindow:
    return StoredWindow(
        crib_id=row["crib_id"],
        window=Window(start_at=from_us(row["start_us"]), end_at=from_us(row["end_us"]), repeat=row["repeat"]),
        state=WindowState(row["state"]),
        reason=row["reason"],
        coverage=row["coverage"],
        cut=bool(row["cut"]),
        frames=row["frames"],
        attempts=row["attempts"],
        score=row["score"],
        activity=row["activity"],
    )
