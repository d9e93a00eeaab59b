"""A process under test: started by the bench with a kind and its settings, driven by JSON lines.

    python -m scripts.benches.rig KIND '{"url": ...}'

Prints one line when it is ready; then answers each line of its standard input with one of its own; ends with it.
"""

import json
from pathlib import Path
import select
import subprocess
import sys
from types import TracebackType
from typing import Any

import psutil

from .product import ROOT

_ANSWER_LIMIT_S = 180.0


class Rig:
    """The bench's side: context manager over one process under test."""

    def __init__(self, kind: str, **settings: object) -> None:
        self._kind = kind
        self._settings = settings

    def __enter__(self) -> Rig:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.benches.rig", self._kind, json.dumps(self._settings)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.process = psutil.Process(self._process.pid)
        try:
            self.ready = self._read()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        children = self.process.children(recursive=True) if self._process.poll() is None else []
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for child in children:
            if child.is_running():
                child.kill()
        self._process.stdout.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        # One line for one order, so nothing waits in a buffer that `select` does not see.
        if not select.select([self._process.stdout], [], [], _ANSWER_LIMIT_S)[0]:
            raise RuntimeError(f"the process under test '{self._kind}' did not answer within {_ANSWER_LIMIT_S:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process under test '{self._kind}' ended with {self._process.wait()}")
        return json.loads(line)

    def ask(self, kind: str, **fields: object) -> Any:
        """One order; its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": kind, **fields}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def cpu_s(self) -> float:
        """CPU seconds of the process and of what it started."""
        total = 0.0
        for process in (self.process, *self.process.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def own_mb(self) -> float:
        """Resident memory that it took for itself."""
        return own_mb(self.process.pid)


def own_mb(pid: int) -> float:
    """What a process took for itself, in RAM. A share of libraries is left out: it grows when other processes end."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:"))
    return int(kib) * 1024 / 1e6


def serve(answer: Any, ready: object = True) -> None:
    """The rig's side: say that all is ready, answer orders until the bench goes."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(answer(order.pop("do"), **order)), flush=True)


def main() -> None:
    kind, settings = sys.argv[1], json.loads(sys.argv[2])
    # Never taken from the outside: the bench starts this with names of its own.
    from . import rig_home, rig_others, rig_ours

    kinds = rig_ours.KINDS | rig_others.KINDS | rig_home.KINDS
    kinds[kind](**settings)


def scratch(prefix: str = "cw-rig-") -> Path:
    """A folder with a path short enough for sockets."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix=prefix))


if __name__ == "__main__":
    main()
