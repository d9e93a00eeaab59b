"""The link: stalls and losses are noticed while the loop's thread is blocked."""

import time

from custom_components.cradlewatch.engine.link import LinkWatch
from custom_components.cradlewatch.engine.models import Link, LinkState
from custom_components.cradlewatch.engine.settings import LoopSettings


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def watch() -> tuple[LinkWatch, list[LinkState], Clock]:
    states: list[LinkState] = []
    clock = Clock()
    return LinkWatch(LoopSettings(), states.append, "test", clock), states, clock


def wait_for(states: list[LinkState], link: Link) -> None:
    deadline_s = time.monotonic() + 5
    while (not states or states[-1].link is not link) and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert states
    assert states[-1].link is link


def test_silence_is_a_stall_then_a_loss_then_live_again() -> None:
    link, states, clock = watch()
    link.start()
    try:
        link.packet(clock.now_s)
        assert link.state.link is Link.LIVE
        clock.now_s += 5.1
        wait_for(states, Link.STALLED)
        clock.now_s += 5.1
        wait_for(states, Link.LOST)
        link.packet(clock.now_s)
        wait_for(states, Link.LIVE)
    finally:
        link.stop()


def test_never_connected_is_lost_with_the_reason() -> None:
    link, states, clock = watch()
    link.start()
    try:
        link.failed("invalid_auth")
        clock.now_s += 10.1
        wait_for(states, Link.LOST)
        assert states[-1].reason == "invalid_auth"
        since_s = states[-1].since_s
        clock.now_s += 60
        link.failed("cannot_connect")
        assert states[-1].reason == "cannot_connect"
        assert states[-1].since_s == since_s
    finally:
        link.stop()


def test_privacy_is_no_loss() -> None:
    link, states, clock = watch()
    link.start()
    try:
        link.packet(clock.now_s)
        link.rest(Link.PRIVACY)
        clock.now_s += 3600
        time.sleep(0.6)
        assert states[-1].link is Link.PRIVACY
        link.packet(clock.now_s)  # a late one
        assert states[-1].link is Link.PRIVACY
        link.expect()
        assert states[-1].link is Link.CONNECTING
    finally:
        link.stop()
