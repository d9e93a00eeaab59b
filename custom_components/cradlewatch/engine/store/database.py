"""The file itself: private, in WAL mode, brought up to date, set aside when it is broken."""

from datetime import UTC, datetime
import logging
import os
from pathlib import Path
import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from .migrations import migrate

_LOGGER = logging.getLogger(__name__)
_BUSY_TIMEOUT_MS = 5000
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
SIDE_FILES = ("-wal", "-shm")


def is_broken(error: BaseException) -> bool:
    """Does `error` say that the file's content is corrupt (not: full, busy, forbidden)."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN


def open_database(path: Path) -> tuple[Engine, Connection]:
    """Open, or make, the file at `path` and bring it up to date.

    Raises:
        sqlalchemy.exc.DBAPIError, OSError: it cannot be opened; see `is_broken`.
        StoreError: it was written by a newer version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made by us before SQLite does, so that it is private from its first byte; the side files take its mode.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    for name in (path, *(path.with_name(path.name + side) for side in SIDE_FILES)):
        if name.exists():
            name.chmod(0o600)
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        connection = engine.connect()
        migrate(connection)
        # Reads one page of every table and index: a cheap look, a full check would take seconds on a year's file.
        connection.exec_driver_sql("SELECT (SELECT max(started_us) FROM incidents), (SELECT max(id) FROM changes)")
        connection.rollback()
    except BaseException:
        engine.dispose()
        raise
    return engine, connection


def set_aside(path: Path) -> Path:
    """Move a broken file and its side files out of the way; returns where it lies now."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.name}.corrupt-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    for side in SIDE_FILES:
        beside = path.with_name(path.name + side)
        if beside.exists():
            beside.rename(target.with_name(target.name + side))
    path.rename(target)
    _LOGGER.error("The history file is corrupt; kept as %s and started anew", target.name)
    return target


def open_or_recover(path: Path) -> tuple[Engine, Connection, Path | None]:
    """As `open_database`, but a broken file is set aside and a new one begun; the third value is where it went."""
    try:
        return *open_database(path), None
    except DatabaseError as error:
        if not is_broken(error):
            raise
    aside = set_aside(path)
    return *open_database(path), aside


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # SQLAlchemy, not the driver, begins transactions (see `_begin`): so that DDL is part of them.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
