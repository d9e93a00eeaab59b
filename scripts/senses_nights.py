"""The sleep part of `scripts/bench senses`: transitions of made-up nights, against the truth. Seeds never tuned on."""

import numpy as np

from tests.corpus.nights import KINDS, LATEST, Night

_SEEDS = 7_000


def nights(seeds: int, first: int = 0) -> None:
    """A table by kind of night: transitions told, in time, invented; and how long after the truth."""
    print("\n| night | transitions | told within 3 min | invented | delay s, median (max) |\n|---|---|---|---|---|")
    total, totals = [], [0, 0, 0]
    for kind in KINDS:
        delays_s: list[float] = []
        true = invented = 0
        for number in range(seeds):
            night = Night(_SEEDS + first + number)
            kind(night)
            found_s = [delay.total_seconds() for delay in night.delays()]
            delays_s += found_s
            true += len(night.truth)
            invented += len(night.told) - len(found_s)
        in_time = sum(delay_s <= LATEST.total_seconds() for delay_s in delays_s)
        print(
            f"| {kind.__name__.replace('_', ' ')} | {true} | {in_time} | {invented} | {_spread(delays_s)} |", flush=True
        )
        total += delays_s
        totals = [totals[0] + true, totals[1] + in_time, totals[2] + invented]
    print(f"| **all** | {totals[0]} | {totals[1]} | {totals[2]} | {_spread(total)} |")


def _spread(delays_s: list[float]) -> str:
    return f"{np.median(delays_s):.0f} ({max(delays_s):.0f})" if delays_s else "-"
