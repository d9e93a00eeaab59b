"""The store: everything that is kept of all cribs of a home."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime
import json
from pathlib import Path
import sqlite3
from typing import Any, Self

from sqlalchemy import Connection, Engine, Select, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import AnalysisFailure, StoreError
from ..models import EventKind, MonitorEvent, Phase, Verdict
from . import schema
from .database import is_broken, open_or_recover, set_aside
from .rows import VERDICT, change_row, event_of, from_us, incident_row, to_us

_EVENTS_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """The latest state of an incident and the crib that it belongs to."""

    crib_id: str
    event: MonitorEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUsage:
    """What was used of providers on one local day; `by_provider` holds the same for each of them."""

    calls: int = 0
    failures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    by_provider: dict[str, DayUsage] = field(default_factory=dict)


class Store:
    """One open file. All calls from one worker thread; every trouble with the file is a StoreError.

    A file found corrupt, at open or later, is set aside and a new one begun: `recovered_from_corruption` says so.
    """

    def __init__(self, path: Path, engine: Engine, connection: Connection, aside: Path | None) -> None:
        self._path = path
        self._engine = engine
        self._connection: Connection | None = connection
        self._closed = False
        self.corrupt_copy = aside

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open, or make, the file at `path`.

        Raises:
            StoreError: no permission, disk full, locked, or written by a newer version.
        """
        try:
            engine, connection, aside = open_or_recover(path)
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error) from error
        return cls(path, engine, connection, aside)

    @property
    def recovered_from_corruption(self) -> bool:
        """True when a corrupt file was set aside (at `corrupt_copy`) since this store was opened."""
        return self.corrupt_copy is not None

    def close(self) -> None:
        """Close the file; safe to call twice. The write-ahead log is folded into the file."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            self._engine.dispose()

    # Incidents

    def save_event(self, crib_id: str, event: MonitorEvent) -> None:
        """Keep a change of an incident and its new state."""

        def work(connection: Connection) -> None:
            row = incident_row(crib_id, event)
            statement = insert(schema.incidents).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=["event_id"], set_=row))
            connection.execute(insert(schema.changes).values(change_row(crib_id, event)))

        self.run(work)

    def events(
        self,
        *,
        crib_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        kinds: Collection[EventKind] | None = None,
        limit: int = 50,
    ) -> list[StoredEvent]:
        """The newest incidents first, at most `limit` (1 to 10,000), that started in [start, end)."""
        table = schema.incidents
        query = select(table).order_by(table.c.started_us.desc()).limit(max(1, min(limit, _EVENTS_MAX)))
        if crib_id is not None:
            query = query.where(table.c.crib_id == crib_id)
        if start is not None:
            query = query.where(table.c.started_us >= to_us(start))
        if end is not None:
            query = query.where(table.c.started_us < to_us(end))
        if kinds is not None:
            query = query.where(table.c.kind.in_([kind.value for kind in kinds]))
        return self.run(lambda connection: _events(connection, query))

    def last_event(self, crib_id: str) -> StoredEvent | None:
        """The newest incident of a crib."""
        return next(iter(self.events(crib_id=crib_id, limit=1)), None)

    def changes(self, event_id: str) -> list[tuple[Phase, datetime]]:
        """The phases of an incident in order, each with its time."""
        table = schema.changes
        query = select(table.c.phase, table.c.at_us).where(table.c.event_id == event_id).order_by(table.c.id)
        rows = self.run(lambda connection: connection.execute(query).all())
        return [(Phase(phase), from_us(at_us)) for phase, at_us in rows]

    def end_open_incidents(self, crib_id: str, reason: str, at: datetime) -> list[StoredEvent]:
        """End what a crash or restart left open, and return it as it is now."""
        table = schema.incidents

        def work(connection: Connection) -> list[StoredEvent]:
            unended = (table.c.crib_id == crib_id) & table.c.ended_us.is_(None)
            ids = list(connection.execute(select(table.c.event_id).where(unended)).scalars())
            connection.execute(
                update(table)
                .where(unended)
                .values(
                    phase=Phase.ENDED.value,
                    ended_us=func.max(table.c.started_us, to_us(at)),
                    changed_us=to_us(at),
                    end_reason=reason,
                    notable=0,
                )
            )
            ended = _events(connection, select(table).where(table.c.event_id.in_(ids)).order_by(table.c.started_us))
            for stored in ended:
                connection.execute(insert(schema.changes).values(change_row(crib_id, stored.event)))
            return ended

        return self.run(work)

    # Verdicts

    def save_verdict(self, crib_id: str, verdict: Verdict) -> None:
        """Keep an answer."""
        row = {
            "crib_id": crib_id,
            "at_us": to_us(verdict.taken_at),
            "safety": None if verdict.safety is None else verdict.safety.value,
            "data": VERDICT.dump_json(verdict).decode(),
        }
        self.run(lambda connection: connection.execute(insert(schema.verdicts).values(row)))

    def save_failure(self, crib_id: str, failure: AnalysisFailure, at: datetime) -> None:
        """Keep that, and why, there was no answer."""
        row = {"crib_id": crib_id, "at_us": to_us(at), "failure": failure.value}
        self.run(lambda connection: connection.execute(insert(schema.verdicts).values(row)))

    def verdicts(self, crib_id: str, *, limit: int = 50) -> list[Verdict | AnalysisFailure]:
        """The newest answers and failures first. `taken_at_s` of an earlier run means nothing in this one."""
        table = schema.verdicts
        query = (
            select(table.c.data, table.c.failure)
            .where(table.c.crib_id == crib_id)
            .order_by(table.c.at_us.desc(), table.c.id.desc())
            .limit(limit)
        )
        rows = self.run(lambda connection: connection.execute(query).all())
        return [VERDICT.validate_json(data) if data else AnalysisFailure(failure) for data, failure in rows]

    # Usage and state

    def add_usage(
        self, day: date, provider: str, *, calls: int, failures: int, tokens_in: int, tokens_out: int, cost: float
    ) -> None:
        """Add to what was used on a local day."""
        table = schema.usage
        amounts = {
            "calls": calls,
            "failures": failures,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost": cost,
        }
        statement = insert(table).values(day=day.isoformat(), provider=provider, **amounts)
        sums = {name: table.c[name] + statement.excluded[name] for name in amounts}
        statement = statement.on_conflict_do_update(index_elements=["day", "provider"], set_=sums)
        self.run(lambda connection: connection.execute(statement))

    def usage(self, day: date) -> DayUsage:
        """What was used on a local day, zero where nothing was."""
        query = select(schema.usage).where(schema.usage.c.day == day.isoformat())
        rows = self.run(lambda connection: connection.execute(query).mappings().all())
        names = ("calls", "failures", "tokens_in", "tokens_out", "cost")
        each = {row["provider"]: DayUsage(**{name: row[name] for name in names}) for row in rows}
        return DayUsage(**{name: sum(row[name] for row in rows) for name in names}, by_provider=each)

    def put_state(self, key: str, value: object) -> None:
        """Keep a JSON value. A key that concerns one crib holds its id, so that `erase_crib` finds it."""
        row = {"key": key, "value": json.dumps(value, allow_nan=False)}
        statement = insert(schema.state).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
        self.run(lambda connection: connection.execute(statement))

    def get_state(self, key: str) -> Any:
        """The JSON value under `key`, None where there is none."""
        query = select(schema.state.c.value).where(schema.state.c.key == key)
        value = self.run(lambda connection: connection.execute(query).scalar_one_or_none())
        return None if value is None else json.loads(value)

    # Keeping and erasing

    def purge(self, before: datetime) -> int:
        """Erase what is older than `before` (incidents that are still open stay); returns how many incidents went."""
        before_us = to_us(before)
        incidents = schema.incidents

        def work(connection: Connection) -> int:
            old = (incidents.c.started_us < before_us) & incidents.c.ended_us.is_not(None)
            gone = connection.execute(delete(incidents).where(old)).rowcount
            kept = select(incidents.c.event_id)
            changes = schema.changes
            connection.execute(delete(changes).where(changes.c.at_us < before_us, changes.c.event_id.not_in(kept)))
            connection.execute(delete(schema.verdicts).where(schema.verdicts.c.at_us < before_us))
            for table in (schema.windows, schema.reports, schema.digests):
                connection.execute(delete(table).where(table.c.start_us < before_us))
            connection.execute(delete(schema.usage).where(schema.usage.c.day < before.date().isoformat()))
            return gone

        return self.run(work)

    def erase_crib(self, crib_id: str) -> None:
        """Erase every row of a crib, from the write-ahead log too."""

        def work(connection: Connection) -> None:
            for table in schema.metadata.sorted_tables:
                if "crib_id" in table.c:
                    connection.execute(delete(table).where(table.c.crib_id == crib_id))
            connection.execute(delete(schema.state).where(func.instr(schema.state.c.key, crib_id) > 0))

        self.run(work)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Fold the write-ahead log into the file: what a backup copies is then whole."""
        try:
            connection = self._open_connection()
            # Straight to the driver: a checkpoint inside a transaction would be refused.
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise _store_error(error) from error

    # Running

    def _open_connection(self) -> Connection:
        if self._closed:
            raise StoreError("the store is closed")
        if self._connection is None:
            # The file was set aside and no new one could be made then (no room, no permission): perhaps now.
            self._engine, self._connection, _ = open_or_recover(self._path)
        return self._connection

    def run[T](self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction. A corrupt file is set aside first, and the work done on the new one."""
        try:
            return self._transaction(work)
        except DBAPIError as error:
            if not is_broken(error):
                raise _store_error(error) from error
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error) from error
        try:
            self._begin_anew()
            return self._transaction(work)
        except (SQLAlchemyError, OSError) as error:
            raise _store_error(error) from error

    def _transaction[T](self, work: Callable[[Connection], T]) -> T:
        connection = self._open_connection()
        with connection.begin():
            return work(connection)

    def _begin_anew(self) -> None:
        self._let_go()
        self.corrupt_copy = set_aside(self._path)
        self._engine, self._connection, _ = open_or_recover(self._path)


def _events(connection: Connection, query: Select[Any]) -> list[StoredEvent]:
    rows = connection.execute(query).mappings().all()
    return [StoredEvent(crib_id=row["crib_id"], event=event_of(row)) for row in rows]


def _store_error(error: Exception) -> StoreError:
    # The driver's own words only: SQLAlchemy's add the statement and its values.
    return StoreError(str(getattr(error, "orig", None) or error)[:200])
