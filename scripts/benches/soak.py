"""Real speed, random faults, one home: what happened, how long it took to recover, what leaked."""

from collections.abc import Callable
from dataclasses import dataclass
import random
import time
from typing import Any

from .camera import ReplayCamera
from .rig import Rig

_CLIP = "1080p30-gop2"
_RECOVERY_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that happens to a camera. `hurt_s`: how long the camera itself is away."""

    name: str
    orders: tuple[tuple[str, dict[str, Any]], ...]
    hurt_s: float
    after: tuple[tuple[str, dict[str, Any]], ...] = ()


FAULTS = (
    Fault(name="server killed, back after 3 s", orders=(("stop", {}),), hurt_s=3, after=(("start", {}),)),
    Fault(name="server killed, back after 20 s", orders=(("stop", {}),), hurt_s=20, after=(("start", {}),)),
    Fault(name="frozen for 8 s, connection open", orders=(("freeze", {"seconds": 8}),), hurt_s=8),
    Fault(name="frozen for 40 s, connection open", orders=(("freeze", {"seconds": 40}),), hurt_s=40),
    Fault(name="connection reset", orders=(("close", {}),), hurt_s=0),
    Fault(name="clock jumps an hour forward", orders=(("jump", {"seconds": 3600}),), hurt_s=0),
    Fault(name="clock jumps an hour back", orders=(("jump", {"seconds": -3600}),), hurt_s=0),
    Fault(
        name="1 % of packets damaged for 10 s", orders=(("bit_errors", {"share": 0.01}),), hurt_s=10,
        after=(("bit_errors", {"share": 0.0}),),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One fault. Times from the moment the camera was well again; None: not within a minute."""

    fault: Fault
    picture_after_s: float | None
    viewer_after_s: float | None
    hls_after_s: float | None


def soak(minutes: float, seed: int | None) -> int:
    """Run it and print it; 1 where the picture did not come back once, or something leaked."""
    seed = random.randrange(1 << 16) if seed is None else seed
    say(f"{minutes:g} minutes, seed {seed} (scripts/bench --soak {minutes:g} --seed {seed})")
    dice = random.Random(seed)
    outcomes: list[Outcome] = []
    with ReplayCamera(_CLIP) as camera, Rig("home", url=camera.url(_CLIP), ours=True, keep=False) as home:
        home.ask("follow")
        home.ask("guests")
        time.sleep(30)  # the ring is full, the first figures are of a warm process
        before = home.ask("figures") | {"pss_mb": home.rss_mb()}
        until_s = time.monotonic() + minutes * 60
        pending: list[Fault] = []
        while time.monotonic() < until_s:
            time.sleep(dice.uniform(3, 12))
            if not pending:  # every kind once before any comes again
                pending = dice.sample(FAULTS, len(FAULTS))
            outcomes.append(_suffer(camera, home, pending.pop()))
            say(_line(outcomes[-1]))
        time.sleep(30)
        after = home.ask("figures") | {"pss_mb": home.rss_mb()}
        cost = camera.core_percent()
    return _print_end(outcomes, before, after, cost)


def say(text: str) -> None:
    print(f"soak: {text}", flush=True)


def _suffer(camera: ReplayCamera, home: Rig, fault: Fault) -> Outcome:
    for kind, fields in fault.orders:
        camera.order(kind, **fields)
    time.sleep(fault.hurt_s)
    for kind, fields in fault.after:
        camera.order(kind, **fields)
    well_s = time.monotonic()
    first = home.ask("figures")
    checks: dict[str, Callable[[dict[str, Any]], bool]] = {
        "picture": lambda now: now["link"] == "live" and now["frames"] >= first["frames"] + 15,
        "viewer": lambda now: now["guest_bytes"] >= first["guest_bytes"] + 100_000,
        "hls": lambda now: now["parts"] >= first["parts"] + 1,
    }
    after: dict[str, float] = {}
    while len(after) < len(checks) and time.monotonic() - well_s < _RECOVERY_LIMIT_S:
        now = home.ask("figures")
        for name, check in checks.items():
            if name not in after and check(now):
                after[name] = time.monotonic() - well_s
        time.sleep(0.05)
    return Outcome(
        fault=fault,
        picture_after_s=after.get("picture"),
        viewer_after_s=after.get("viewer"),
        hls_after_s=after.get("hls"),
    )


def _line(outcome: Outcome) -> str:
    def text(value: float | None) -> str:
        return "not within a minute" if value is None else f"{value:.1f} s"

    return (
        f"{outcome.fault.name}: picture again after {text(outcome.picture_after_s)}, a viewer of the relay after"
        f" {text(outcome.viewer_after_s)}, Home Assistant's HLS after {text(outcome.hls_after_s)}"
    )


def _print_end(outcomes: list[Outcome], before: dict[str, Any], after: dict[str, Any], cost: float) -> int:
    print(f"\n{'fault':36} {'times':>5}  {'picture, worst':>14}  {'viewer, worst':>13}  {'HLS, worst':>10}")
    for fault in FAULTS:
        mine = [outcome for outcome in outcomes if outcome.fault is fault]
        if mine:
            columns = [
                _worst([getattr(outcome, key) for outcome in mine])
                for key in ("picture_after_s", "viewer_after_s", "hls_after_s")
            ]
            print(f"{fault.name:36} {len(mine):5}  {columns[0]:>14}  {columns[1]:>13}  {columns[2]:>10}")
    print(f"\n{'':24} {'before':>10} {'after':>10}")
    for key in ("threads", "files", "pss_mb", "ring_bytes"):
        print(f"{key:24} {before[key]:10.0f} {after[key]:10.0f}")
    for key in ("reconnects", "clock_jumps", "damaged", "audio_dropped", "timestamps_mended", "viewers_cut"):
        print(f"{key:24} {before[key]:10} {after[key]:10}")
    print(f"CPU of the replaying camera: {cost:.1f} core-%; guests that came and went: {after['guests']}")
    gone = [outcome for outcome in outcomes if outcome.picture_after_s is None or outcome.viewer_after_s is None]
    # A viewer may be connected at one count and not at the other: two threads or sockets are no leak.
    leaked = [key for key in ("threads", "files") if after[key] > before[key] + 2]
    if after["pss_mb"] > before["pss_mb"] * 1.15 + 5:
        leaked.append("pss_mb")
    print(f"{len(outcomes)} faults, {len(gone)} without recovery; leaked: {', '.join(leaked) or 'nothing'}")
    return 1 if gone or leaked else 0


def _worst(values: list[float | None]) -> str:
    if None in values:
        return f"{values.count(None)} x never"
    return f"{max(value for value in values if value is not None):.1f} s"
