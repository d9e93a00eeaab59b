"""Rows, goals, and the table they are printed as."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import statistics
import time
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `goal` is an upper limit in the figure's unit; None where there is none to meet."""

    section: str
    what: str
    value: float | None
    unit: str
    goal: float | None = None
    note: str = ""
    beside: bool = False
    """True for what we are compared with."""
    part: str = ""
    """The part of the bench that it comes from, as `--only` names it."""

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.goal else "MISSED"


@dataclass(slots=True)
class Report:
    """All rows of a run and how the machine was."""

    command: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    camera_core_percent: list[tuple[str, float]] = field(default_factory=list)
    took_s: dict[str, float] = field(default_factory=dict)
    """How long each part ran, of those that ended."""
    failures: list[str] = field(default_factory=list)
    _part: str = ""
    began_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])
    load_after: float = 0.0

    def add(self, section: str, what: str, value: float | None, unit: str, **more: object) -> None:
        """Keep and print one row at once, so that a run that is cut short has shown what it had."""
        row = Row(section=section, what=what, value=value, unit=unit, part=self._part, **more)  # type: ignore[arg-type]
        self.rows.append(row)
        print(
            "bench: " + "  ".join(filter(None, (section, what, show(value, unit), row.verdict, row.note))), flush=True
        )

    def ratio(self, section: str, what: str, other: str, unit_of: str) -> None:
        """Say by how much `other` is greater than `what`."""
        values = {row.what: row.value for row in self.rows if row.section == section and row.unit == unit_of}
        ours, theirs = values.get(what), values.get(other)
        if ours and theirs:
            self.notes.append(f"{section}: {other} / {what} = {theirs / ours:.1f}")

    def note(self, text: str) -> None:
        self.notes.append(text)
        print(f"bench: note: {text}", flush=True)

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """What cannot be measured is said and kept; the rest of the run goes on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not cost the figures of the others
            self.failures.append(what)
            self.note(f"{what} could not be measured: {type(error).__name__}: {error}")

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """One part of the bench: its rows carry its name, its time is taken, its failure is its own."""
        began_s, self._part, known = time.monotonic(), name, len(self.failures)
        with self.attempt(name):
            yield
        self._part = ""
        if len(self.failures) == known:
            self.took_s[name] = time.monotonic() - began_s

    def to_json(self) -> dict[str, object]:
        return {
            "command": self.command,
            "began_at": self.began_at,
            "machine": machine(),
            "load_before": self.load_before,
            "load_after": self.load_after,
            "rows": [asdict(row) | {"verdict": row.verdict} for row in self.rows],
            "notes": self.notes,
            "camera_core_percent": self.camera_core_percent,
            "took_s": self.took_s,
            "failures": self.failures,
        }

    @classmethod
    def resumed(cls, kept: dict[str, Any]) -> Self:
        """What a run that was cut short had already: the rows of the parts that it ended."""
        took_s = dict(kept["took_s"])
        rows = [
            Row(**{key: value for key, value in row.items() if key != "verdict"})
            for row in kept["rows"]
            if row["part"] in took_s
        ]
        return cls(
            command=kept["command"],
            rows=rows,
            notes=[*kept["notes"], f"begun at {kept['began_at']}, resumed later"],
            camera_core_percent=[(name, share) for name, share in kept["camera_core_percent"]],
            took_s=took_s,
            began_at=kept["began_at"],
            load_before=kept["load_before"],
        )


def show(value: float | None, unit: str) -> str:
    """A figure with its unit, as many digits as mean something."""
    if value is None:
        return "-"
    digits = 0 if abs(value) >= 100 or (unit in ("frames", "cameras", "events") and value == round(value)) else 1
    if abs(value) < 10 and digits:
        digits = 3 if unit == "ms a frame" else 2
    return f"{value:.{digits}f} {unit}"


def machine() -> str:
    """What it ran on."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next(
            (line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line), ""
        )
    system = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {system}"


def text_table(report: Report) -> str:
    """For a terminal."""
    head = ("what", "figure", "goal", "", "note")
    lines: list[tuple[str, ...]] = []
    for section, rows in _sections(report.rows):
        lines.append((section, "", "", "", ""))
        lines += [
            (f"  {'  ' if row.beside else ''}{row.what}", show(row.value, row.unit),
             f"<= {row.goal:g}" if row.goal is not None else "", row.verdict, row.note)
            for row in rows
        ]  # fmt: skip
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(4)]
    out = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, (*widths, 0), strict=True)).rstrip()
        for line in (head, *lines)
    ]
    out += ["", *report.notes, _state(report)]
    return "\n".join(out)


def markdown(report: Report) -> str:
    """The same for docs/performance.md."""
    out = [f"Run of `{report.command}`, {report.began_at}. {_state(report)}", ""]
    for section, rows in _sections(report.rows):
        out += [f"### {section}", "", "| what | figure | goal | | note |", "|---|---|---|---|---|"]
        for row in rows:
            name = f"beside: {row.what}" if row.beside else f"**{row.what}**"
            goal = f"<= {row.goal:g}" if row.goal is not None else ""
            out.append(f"| {name} | {show(row.value, row.unit)} | {goal} | {row.verdict} | {row.note} |")
        out.append("")
    if report.notes:
        out += ["### Ratios and notes of the run", "", *(f"- {note}" for note in report.notes), ""]
    return "\n".join(out)


def _state(report: Report) -> str:
    cost = ", ".join(f"{name} {share:.1f}" for name, share in report.camera_core_percent)
    took = ", ".join(f"{name} {seconds:.0f}" for name, seconds in report.took_s.items())
    failed = f" Could not be measured: {', '.join(report.failures)}." if report.failures else ""
    return (
        f"Machine: {machine()}. Load average {report.load_before:.1f} before, {report.load_after:.1f} after."
        f" CPU of the replaying camera, not counted above (core-%): {cost or 'not used'}."
        f" Time of each part (s): {took or 'none ended'}.{failed}"
    )


def _sections(rows: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return list(found.items())


def percentile(values: list[float], share: float) -> float:
    """Of a list that is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Iterable[float | None]) -> float | None:
    """Of what is there; None where nothing is."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


type Bench = Callable[[Report, "Spans"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long each part runs."""

    lag_s: float = 45
    cpu_s: float = 20
    phases: int = 3
    memory_min: float = 4
    motion_frames: int = 300
    many_s: float = 12

    @classmethod
    def quick(cls) -> Spans:
        return cls(lag_s=15, cpu_s=10, phases=2, memory_min=1, motion_frames=150)

    @classmethod
    def long(cls) -> Spans:
        return cls(lag_s=120, cpu_s=60, phases=5, memory_min=30, motion_frames=600)
