"""A store that lost its file and could not make a new one at once."""

from pathlib import Path
import sqlite3
from unittest.mock import patch

import pytest
from sqlalchemy.exc import DatabaseError

from custom_components.cradlewatch.engine.errors import StoreError
from custom_components.cradlewatch.engine.store import Store, store as module


class Corrupt(sqlite3.DatabaseError):
    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def test_no_room_for_the_new_file_is_not_the_end(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "kept.db")
    broken = DatabaseError("SELECT", {}, Corrupt("database disk image is malformed"))
    full = OSError(28, "No space left on device")
    with (
        patch.object(store, "_transaction", side_effect=broken),
        patch.object(module, "open_or_recover", side_effect=full),
        pytest.raises(StoreError),
    ):
        store.put_state("key", 1)
    with patch.object(module, "open_or_recover", side_effect=full), pytest.raises(StoreError, match="No space"):
        store.put_state("key", 1)
    assert store.recovered_from_corruption

    # There is room again.
    store.put_state("key", 2)
    assert store.get_state("key") == 2
    store.checkpoint()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.get_state("key")
