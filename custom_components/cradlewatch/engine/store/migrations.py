"""The steps from one version of the file to the next. A step that was released is never changed.

The version of a file is its `PRAGMA user_version`: how many steps it has seen. Each step runs in one transaction
together with its count, so that a crash in the middle leaves the version before.
"""

from sqlalchemy import Connection

from ..errors import StoreError

V1 = (
    """CREATE TABLE incidents (
        event_id TEXT NOT NULL PRIMARY KEY, crib_id TEXT NOT NULL, kind TEXT NOT NULL, phase TEXT NOT NULL,
        severity TEXT NOT NULL, status TEXT NOT NULL, provider TEXT NOT NULL, started_us INTEGER NOT NULL,
        changed_us INTEGER NOT NULL, ended_us INTEGER, score REAL, zone TEXT, title TEXT, description TEXT,
        action_needed TEXT, end_reason TEXT, notable INTEGER NOT NULL, clip TEXT, snapshot TEXT
    )""",
    "CREATE INDEX incidents_started ON incidents (started_us)",
    "CREATE INDEX incidents_crib_started ON incidents (crib_id, started_us)",
    "CREATE INDEX incidents_kind_started ON incidents (kind, started_us)",
    "CREATE INDEX incidents_open ON incidents (crib_id) WHERE ended_us IS NULL",
    """CREATE TABLE changes (
        id INTEGER NOT NULL PRIMARY KEY, event_id TEXT NOT NULL, crib_id TEXT NOT NULL, at_us INTEGER NOT NULL,
        phase TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL, provider TEXT NOT NULL,
        notable INTEGER NOT NULL
    )""",
    "CREATE INDEX changes_event ON changes (event_id, id)",
    "CREATE INDEX changes_at ON changes (at_us)",
    """CREATE TABLE verdicts (
        id INTEGER NOT NULL PRIMARY KEY, crib_id TEXT NOT NULL, at_us INTEGER NOT NULL, safety TEXT, failure TEXT,
        data TEXT
    )""",
    "CREATE INDEX verdicts_crib_at ON verdicts (crib_id, at_us)",
    "CREATE INDEX verdicts_at ON verdicts (at_us)",
    """CREATE TABLE usage (
        day TEXT NOT NULL, provider TEXT NOT NULL, calls INTEGER NOT NULL, failures INTEGER NOT NULL,
        tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL, PRIMARY KEY (day, provider)
    )""",
    "CREATE TABLE state (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)",
)

V2 = (
    """CREATE TABLE windows (
        crib_id TEXT NOT NULL, start_us INTEGER NOT NULL, repeat INTEGER NOT NULL, end_us INTEGER NOT NULL,
        state TEXT NOT NULL, reason TEXT, coverage REAL, cut INTEGER NOT NULL, frames INTEGER NOT NULL,
        attempts INTEGER NOT NULL, score INTEGER, PRIMARY KEY (crib_id, start_us, repeat)
    )""",
    "CREATE INDEX windows_start ON windows (start_us)",
    "CREATE INDEX windows_waiting ON windows (crib_id, state, start_us, repeat)",
    """CREATE TABLE reports (
        crib_id TEXT NOT NULL, start_us INTEGER NOT NULL, repeat INTEGER NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (crib_id, start_us, repeat)
    )""",
    "CREATE INDEX reports_start ON reports (start_us)",
)

V3 = (
    "ALTER TABLE windows ADD COLUMN activity REAL",
    """CREATE TABLE digests (
        crib_id TEXT NOT NULL, span TEXT NOT NULL, start_us INTEGER NOT NULL, data TEXT NOT NULL,
        PRIMARY KEY (crib_id, span, start_us)
    )""",
    "CREATE INDEX digests_start ON digests (start_us)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (V1, V2, V3)


def version_of(connection: Connection) -> int:
    """The version of the open file; 0 for a new one."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def migrate(connection: Connection, steps: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Bring the file up to date. The connection has no transaction open.

    Raises:
        StoreError: the file was made by a newer version than this one; it is left as it is.
    """
    version = version_of(connection)
    connection.rollback()
    if version > len(steps):
        raise StoreError(f"the history was written by a newer version ({version}, this one knows {len(steps)})")
    for number, statements in enumerate(steps[version:], start=version + 1):
        with connection.begin():
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(f"PRAGMA user_version = {number}")
