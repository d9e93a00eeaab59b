"""Digests in the store. Functions over a `Store`, for its one worker thread; all raise StoreError."""

from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from ..windows.digest import Digest, DigestSpan
from . import schema
from .rows import to_us
from .store import Store

_DIGEST = TypeAdapter(Digest)
_TABLE = schema.digests


def save_digest(store: Store, crib_id: str, digest: Digest) -> None:
    """Keep it; one of the same time is replaced."""
    row = {
        "crib_id": crib_id,
        "span": digest.span.value,
        "start_us": to_us(digest.start_at),
        "data": _DIGEST.dump_json(digest).decode(),
    }
    statement = insert(_TABLE).values(row)
    statement = statement.on_conflict_do_update(index_elements=["crib_id", "span", "start_us"], set_=row)
    store.run(lambda connection: connection.execute(statement))


def digest_at(store: Store, crib_id: str, span: DigestSpan, start_at: datetime) -> Digest | None:
    """The digest of the time that begins at `start_at`."""
    query = select(_TABLE.c.data).where(
        _TABLE.c.crib_id == crib_id, _TABLE.c.span == span.value, _TABLE.c.start_us == to_us(start_at)
    )
    data = store.run(lambda connection: connection.execute(query).scalar_one_or_none())
    return None if data is None else _DIGEST.validate_json(data)


def last_digest(store: Store, crib_id: str, span: DigestSpan) -> Digest | None:
    """The newest one."""
    query = select(_TABLE.c.data).where(_TABLE.c.crib_id == crib_id, _TABLE.c.span == span.value)
    query = query.order_by(_TABLE.c.start_us.desc()).limit(1)
    data = store.run(lambda connection: connection.execute(query).scalar_one_or_none())
    return None if data is None else _DIGEST.validate_json(data)
