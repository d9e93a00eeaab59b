"""The tables as SQLAlchemy Core sees them; `migrations.py` makes them, and a test holds both together."""

from sqlalchemy import Column, Float, Integer, MetaData, String, Table

metadata = MetaData()

incidents = Table(
    "incidents",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("crib_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("status", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("started_us", Integer, nullable=False),
    Column("changed_us", Integer, nullable=False),
    Column("ended_us", Integer),
    Column("score", Float),
    Column("zone", String),
    Column("title", String),
    Column("description", String),
    Column("action_needed", String),
    Column("end_reason", String),
    Column("notable", Integer, nullable=False),
    Column("clip", String),
    Column("snapshot", String),
)
"""The latest state of each incident. Times are microseconds since 1970 in UTC."""

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("event_id", String, nullable=False),
    Column("crib_id", String, nullable=False),
    Column("at_us", Integer, nullable=False),
    Column("phase", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("status", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("notable", Integer, nullable=False),
)
"""Every phase of every incident, in order."""

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("crib_id", String, nullable=False),
    Column("at_us", Integer, nullable=False),
    Column("safety", String),
    Column("failure", String),
    Column("data", String),
)
"""Answers, and the reasons where there was none."""

usage = Table(
    "usage",
    metadata,
    Column("day", String, primary_key=True),
    Column("provider", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Float, nullable=False),
)

state = Table(
    "state",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

windows = Table(
    "windows",
    metadata,
    Column("crib_id", String, primary_key=True),
    Column("start_us", Integer, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("end_us", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("coverage", Float),
    Column("cut", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("score", Integer),
    Column("activity", Float),
)
"""Ten-minute windows, each in one state. `activity`: mean level (0 to 100) while it was known."""

reports = Table(
    "reports",
    metadata,
    Column("crib_id", String, primary_key=True),
    Column("start_us", Integer, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("data", String, nullable=False),
)
"""Reports as JSON, each kept in the transaction that ended its window."""

digests = Table(
    "digests",
    metadata,
    Column("crib_id", String, primary_key=True),
    Column("span", String, primary_key=True),
    Column("start_us", Integer, primary_key=True),
    Column("data", String, nullable=False),
)
"""Digests of hours and days as JSON."""
