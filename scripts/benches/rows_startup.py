"""What five cribs with 30 days of history add to the start of Home Assistant: with and without, in turns."""

import asyncio
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import re
import statistics
import tempfile
from typing import Any

from sqlalchemy import insert

from custom_components.cradlewatch.engine.store import Store, schema
from scripts.homes.home import Home, HomeError, free_port
from scripts.homes.seed import SeedOptions
from tests.glue.helpers import write_video

from .table import Report, Spans

STARTUP = "Start of Home Assistant, five cribs, 30 days of history"
_CRIBS = ("Mina", "Theo", "Ada", "Jun", "Noor")
_DAYS = 30
_INCIDENTS_A_DAY = 60
_CHECKS_A_DAY = 446  # of the simulated day (scripts/bench ai)
_WINDOWS_A_DAY = 144
_SAID = re.compile(r"Home Assistant initialized in ([0-9.]+)s")


def bench_startup(report: Report, spans: Spans) -> None:
    """Home Assistant's own figure, "initialized in", median over the pairs."""
    with tempfile.TemporaryDirectory(prefix="cw-bench-") as folder:
        try:
            ours, bare, rows = asyncio.run(_measure(Path(folder), pairs=max(3, spans.phases)))
        except (HomeError, TimeoutError) as error:
            raise RuntimeError(str(error)) from error
    added = [(one - other) * 1000 for one, other in zip(ours, bare, strict=True)]
    report.add(STARTUP, "without Cradlewatch", statistics.median(bare), "s", beside=True, note=_spread(bare))
    report.add(STARTUP, "with it", statistics.median(ours), "s", beside=True, note=_spread(ours))
    report.add(
        STARTUP, "what it adds", statistics.median(added), "ms", goal=300,
        note=f"median of {len(added)} pairs ({min(added):.0f} to {max(added):.0f}); {rows} rows in the store",
    )  # fmt: skip


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f}-{max(seconds):.2f}"


async def _measure(folder: Path, *, pairs: int) -> tuple[list[float], list[float], int]:
    home = Home(folder / "home", SeedOptions(port=free_port()))
    await home.seed()
    _let_it_say_how_long(home.config_dir / "configuration.yaml")
    await asyncio.to_thread(write_video, home.config_dir / "media" / "crib.mp4", frames=90)
    await home.start(_compiled(home))
    try:
        crib_ids = await _add_cribs(home)
    finally:
        await home.stop()
    rows = await asyncio.to_thread(fill_month, home.config_dir / "cradlewatch.db", crib_ids)
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(pairs):
        for times, wanted in ((ours, True), (bare, False)):
            _enable(home.config_dir, wanted)
            times.append(await _start(home))
    return ours, bare, rows


def _let_it_say_how_long(path: Path) -> None:
    """Home Assistant tells the length of its start as information, which the seed does not show."""
    text = path.read_text()
    if "\n  logs:\n" not in text:
        raise RuntimeError("the seed's logger is not what it was")
    path.write_text(text.replace("\n  logs:\n", "\n  logs:\n    homeassistant.bootstrap: info\n", 1))


async def _add_cribs(home: Home) -> list[str]:
    source = str(home.config_dir / "media" / "crib.mp4")
    steps: dict[str, dict[str, Any]] = {"user": {"name": _CRIBS[0], "source": source}, "ai": {"provider": "local"}}
    entry = await home.run_flow("cradlewatch", steps)
    flows = "/api/config/config_entries/subentries/flow"
    for name in _CRIBS[1:]:
        flow = await home.post(flows, {"handler": [entry["entry_id"], "crib"]})
        done = await home.post(f"{flows}/{flow['flow_id']}", {"name": name, "source": source})
        if done["type"] != "create_entry":
            raise HomeError(f"the crib {name} was not added: {done.get('errors')}")
    ids = await home.entities()
    return [key.removesuffix("_camera") for key in ids if key.endswith("_camera")]


def _compiled(home: Home) -> dict[str, str]:
    """As in any home from the second start on, modules are compiled already: not what this is about."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(home.config_dir.parent / "compiled")}


async def _start(home: Home) -> float:
    home.log_path.unlink(missing_ok=True)
    await home.start(_compiled(home))
    try:
        said = _SAID.findall(home.log_path.read_text())
    finally:
        await home.stop()
    if len(said) != 1:
        raise HomeError("Home Assistant did not say how long its start took")
    return float(said[0])


def _enable(config_dir: Path, wanted: bool) -> None:
    path = config_dir / ".storage" / "core.config_entries"
    stored = json.loads(path.read_text())
    for entry in stored["data"]["entries"]:
        if entry["domain"] == "cradlewatch":
            entry["disabled_by"] = None if wanted else "user"
    path.write_text(json.dumps(stored))


def fill_month(path: Path, crib_ids: list[str]) -> int:
    """A month of what such cribs leave behind; returns how many rows."""
    store = Store.open(path)
    end = datetime.now(UTC).replace(microsecond=0)
    rows = 0
    try:
        for crib_id in crib_ids:
            for day in range(_DAYS):
                start_us = int((end - timedelta(days=day + 1)).timestamp() * 1e6)
                tables = _day(crib_id, start_us)
                store.run(lambda connection, tables=tables: [connection.execute(insert(t), r) for t, r in tables])  # type: ignore[misc]
                rows += sum(len(made) for _, made in tables)
    finally:
        store.close()
    return rows


def _day(crib_id: str, start_us: int) -> list[tuple[Any, list[dict[str, Any]]]]:
    def spread(count: int) -> list[int]:
        return [start_us + index * 86_400_000_000 // count for index in range(count)]

    incidents = [
        {
            "event_id": f"{crib_id[-8:]}-{at}", "crib_id": crib_id, "kind": "crying", "phase": "ended",
            "severity": "info", "status": "unverified", "provider": "local", "started_us": at,
            "changed_us": at + 60_000_000, "ended_us": at + 60_000_000, "score": 0.8, "notable": 1,
        }
        for at in spread(_INCIDENTS_A_DAY)
    ]  # fmt: skip
    changes = [
        {key: row[key] for key in ("event_id", "crib_id", "severity", "status", "provider", "notable")}
        | {"at_us": row["started_us"], "phase": phase}
        for row in incidents
        for phase in ("opened", "ended")
    ]
    verdicts = [
        {"crib_id": crib_id, "at_us": at, "safety": None, "failure": "timeout", "data": None}
        for at in spread(_CHECKS_A_DAY)
    ]
    windows = [
        {
            "crib_id": crib_id, "start_us": at, "repeat": 0, "end_us": at + 600_000_000, "state": "completed",
            "coverage": 1.0, "cut": 0, "frames": 600, "attempts": 1, "score": 95,
        }
        for at in spread(_WINDOWS_A_DAY)
    ]  # fmt: skip
    reports = [
        {"crib_id": crib_id, "start_us": row["start_us"], "repeat": 0, "data": json.dumps({"summary": "x" * 900})}
        for row in windows
    ]
    return [
        (schema.incidents, incidents), (schema.changes, changes), (schema.verdicts, verdicts),
        (schema.windows, windows), (schema.reports, reports),
    ]  # fmt: skip
