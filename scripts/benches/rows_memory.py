"""Rows about memory: one more camera, and what half an hour of viewers coming and going leaves behind."""

import time
from typing import Any

import numpy as np

from .camera import ReplayCamera
from .rig import Rig
from .table import Report, Spans, median

MEMORY = "Memory"
_CLIP = "1080p30-gop2"
# The ring is full after 24 s.
_RING_FULL_S = 32
_SAMPLE_EVERY_S = 1.0
_BLOCKS = 6
_TOO_SHORT_MIN = 4


def bench_memory(report: Report, spans: Spans) -> None:
    """Growth of one process with each further camera; then with viewers that come and go."""
    with ReplayCamera(_CLIP) as camera:
        url = camera.url(_CLIP)
        with report.attempt("memory of one more camera"):
            _one_more(report, url)
        with report.attempt("growth of memory"):
            _growth(report, url, spans.memory_min)
        report.camera_core_percent.append(("memory", camera.core_percent()))


def _one_more(report: Report, url: str) -> None:
    with Rig("ours", urls=[url]) as rig:
        time.sleep(_RING_FULL_S)
        one = rig.own_mb()
        for _ in range(2):
            rig.ask("add", url=url)
        time.sleep(_RING_FULL_S)
        more = (rig.own_mb() - one) / 2
    report.add(
        MEMORY,
        "one more camera",
        more,
        "MB",
        goal=35,
        note=f"first one {one:.0f} MB with imports; its own pages, libraries not counted",
    )


def _growth(report: Report, url: str, minutes: float) -> None:
    with Rig("ours", urls=[url]) as rig:
        time.sleep(_RING_FULL_S + 3)
        rig.ask("viewers")
        time.sleep(20)
        before = rig.ask("figures")[0]
        samples = _sampled(rig, 60 * minutes)
        after = rig.ask("figures")[0]
    half = len(samples) // 2
    growth = float(np.median(samples[half:]) - np.median(samples[:half]))
    # Around the trend, or the growth itself would pass for noise.
    times = np.arange(len(samples))
    slope, at_zero = np.polyfit(times, samples, 1)
    noise = float(np.std(samples - (slope * times + at_zero)))
    long_enough = minutes >= _TOO_SHORT_MIN
    verdict = (
        "goal: twice the noise around the trend"
        if long_enough
        else f"{minutes:g} min do not tell growth from warming up: no verdict"
    )
    report.add(
        MEMORY, f"growth over {minutes:g} min, a viewer comes and goes every 5 s", growth, "MB",
        goal=max(1.0, 2 * noise) if long_enough else None,
        note=f"median of the second half against the first; {verdict}; noise {noise:.1f} MB;"
        f" medians of {_BLOCKS} equal spans {_medians(samples)} MB; {_counts(before, after)}",
    )  # fmt: skip


def _sampled(rig: Rig, span_s: float) -> list[float]:
    """Its own MB once a second; the course is printed, so that a run that is cut short has shown it."""
    samples: list[float] = []
    began_s, told = time.monotonic(), 0
    while (now_s := time.monotonic() - began_s) < span_s:
        samples.append(rig.own_mb())
        if now_s // 60 > told:
            told = int(now_s // 60)
            print(f"bench: memory: minute {told}: {median(samples[-60:]):.1f} MB (median)", flush=True)
        time.sleep(_SAMPLE_EVERY_S)
    return samples


def _medians(samples: list[float]) -> str:
    return ", ".join(f"{np.median(block):.1f}" for block in np.array_split(samples, _BLOCKS) if len(block))


def _counts(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(f"{key} {before[key]} -> {after[key]}" for key in ("threads", "files", "ring_bytes", "reconnects"))
