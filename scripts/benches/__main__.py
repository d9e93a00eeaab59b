"""Runs the benches and prints the table. `scripts/bench --help`."""

import argparse
from importlib.util import find_spec
import json
import logging
import os
from pathlib import Path
import subprocess
import sys

from . import rows_cost, rows_live, rows_memory
from .table import Bench, Report, Spans, markdown, text_table


def _bench_home(report: Report, spans: Spans) -> None:
    """Imported late: it brings Home Assistant with it, which the other benches do without."""
    # It says at length that libturbojpeg is not installed.
    logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)
    from .rows_home import bench_home

    bench_home(report, spans)


def _bench_startup(report: Report, spans: Spans) -> None:
    logging.getLogger("homeassistant.components.camera.img_util").setLevel(logging.CRITICAL)
    from .rows_startup import bench_startup

    bench_startup(report, spans)


def _bench_many(report: Report, spans: Spans) -> None:
    """Imported late, as above."""
    from .rows_many import bench_many

    bench_many(report, spans)


BENCHES: dict[str, Bench] = {
    "lag": rows_live.bench_lag,
    "start": rows_live.bench_start,
    "delay": rows_live.bench_delay,
    "cpu": rows_cost.bench_cpu,
    "motion": rows_cost.bench_motion,
    "memory": rows_memory.bench_memory,
    "home": _bench_home,
    "home5": _bench_startup,
}
LONG_ONLY: dict[str, Bench] = {"many": _bench_many}
_TABLE_BEGINS, _TABLE_ENDS = "<!-- bench table -->", "<!-- end of bench table -->"
_OTHERS = {
    "senses": "scripts.bench_senses",
    "ai": "scripts.bench_ai",
    "idle": "scripts.bench_idle",
    "windows": "scripts.bench_reports",
    "reports": "scripts.bench_reports",
}


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short spans: the order of magnitude only")
    parser.add_argument("--long", action="store_true", help="long spans, 30 min of memory, the number of cameras")
    parser.add_argument(
        "--only", action="append", metavar="NAME", choices=sorted(BENCHES | LONG_ONLY), help="may be repeated"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too, after each part")
    parser.add_argument("--resume", action="store_true", help="leave out the parts that the file of --json has already")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the table there too (into the marked part)"
    )
    parser.add_argument(
        "--soak", type=float, nargs="?", const=30.0, metavar="MINUTES", help="real speed, random faults"
    )
    parser.add_argument("--seed", type=int, default=None, help="of the soak's faults")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    if argv and argv[0] in _OTHERS:
        return _dispatch(argv)
    arguments = parse_arguments(argv)
    if arguments.soak is not None:
        from .soak import soak

        return soak(arguments.soak, arguments.seed)
    report = _begin(arguments, argv)
    spans = Spans.quick() if arguments.quick else Spans.long() if arguments.long else Spans()
    names = arguments.only or [*BENCHES, *(LONG_ONLY if arguments.long else ())]
    for name in names:
        if name in report.took_s:
            continue
        # One part that cannot be had must not cost the others; it is said, and the exit code tells.
        with report.part(name):
            (BENCHES | LONG_ONLY)[name](report, spans)
        report.load_after = os.getloadavg()[0]
        if arguments.json:
            # After each part: a run that is cut short has what it had, and `--resume` goes on from there.
            arguments.json.write_text(json.dumps(report.to_json(), indent=1))
    print(f"\n{text_table(report)}")
    if arguments.markdown:
        write_markdown(arguments.markdown, markdown(report))
    return 1 if report.failures else 0


def _begin(arguments: argparse.Namespace, argv: list[str]) -> Report:
    """A new report, or that of the run which `--resume` takes up."""
    if arguments.resume and arguments.json and arguments.json.exists():
        return Report.resumed(json.loads(arguments.json.read_text()))
    return Report(command=" ".join(["scripts/bench", *argv]))


def write_markdown(path: Path, table: str) -> None:
    """Between the marks of a page that has them (docs/performance.md), else as a file of its own."""
    old = path.read_text() if path.exists() else ""
    head, found, rest = old.partition(_TABLE_BEGINS)
    tail = rest.partition(_TABLE_ENDS)[2]
    path.write_text(f"{head}{_TABLE_BEGINS}\n\n{table}\n{_TABLE_ENDS}{tail}" if found else table)


def _dispatch(argv: list[str]) -> int:
    """A bench of its own: run as `python -m` would."""
    module = _OTHERS[argv[0]]
    if find_spec(module) is None:
        print(f"bench: {module} is not there")
        return 2
    return subprocess.run([sys.executable, "-m", module, *argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
