"""What happens to a camera, its network, its viewers and its settings during a soak."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import socket

from .camera import ReplayCamera
from .soak_home import SoakedHome

CLIP = "1080p30-gop2"
SMALLER = "720p30-gop2"
PASSWORDS = ("first-password", "second-password")


@dataclass(slots=True)
class Stage:
    """Where it happens, and how the camera is set now."""

    camera: ReplayCamera
    home: SoakedHome
    password: str = PASSWORDS[0]
    shown: str = CLIP
    sounds: bool = True


type Step = Callable[[Stage], Awaitable[object] | object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """`steps`, then `hurt_s` of waiting, then `after`: from then on the camera is well again."""

    name: str
    steps: tuple[Step, ...]
    hurt_s: float
    after: tuple[Step, ...] = ()


def _order(kind: str, **fields: object) -> Step:
    return lambda stage: stage.camera.order(kind, **fields)


def _another_password(stage: Stage) -> None:
    stage.password = PASSWORDS[stage.password == PASSWORDS[0]]
    stage.camera.order("password", password=stage.password)


async def _enter_password(stage: Stage) -> None:
    """As a parent does it."""
    await stage.home.change_source(stage.camera.url(CLIP, stage.password))


def _another_size(stage: Stage) -> None:
    stage.shown = SMALLER if stage.shown == CLIP else CLIP
    stage.camera.order("show", path=CLIP, clip=stage.shown)


def _sound_or_none(stage: Stage) -> None:
    stage.sounds = not stage.sounds
    stage.camera.order("sound", offered=stage.sounds, held=False)


def _hold_sound(*, held: bool) -> Step:
    return lambda stage: stage.camera.order("sound", offered=stage.sounds, held=held)


async def _crowd(stage: Stage) -> None:
    """Two hundred viewers, one after the other, each gone after its first bytes."""
    await asyncio.to_thread(_visit, stage.home.relay(), 200)


def _visit(path: str, times: int) -> None:
    for _ in range(times):
        with suppress(OSError), socket.socket(socket.AF_UNIX) as guest:
            guest.settimeout(2)
            guest.connect(path)
            guest.recv(188)


async def _silent_viewer(stage: Stage) -> None:
    """It connects and reads nothing for longer than the ring holds."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(stage.home.relay())
        await asyncio.sleep(35)


FAULTS = (
    Fault(name="server killed, back after 3 s", steps=(_order("stop"),), hurt_s=3, after=(_order("start"),)),
    Fault(name="server killed, back after 20 s", steps=(_order("stop"),), hurt_s=20, after=(_order("start"),)),
    Fault(name="server killed, back after 45 s", steps=(_order("stop"),), hurt_s=45, after=(_order("start"),)),
    Fault(name="frozen for 8 s, connection open", steps=(_order("freeze", seconds=8),), hurt_s=8),
    Fault(name="frozen for 40 s, connection open", steps=(_order("freeze", seconds=40),), hurt_s=40),
    Fault(name="connection reset", steps=(_order("close"),), hurt_s=0),
    Fault(name="clock jumps an hour forward", steps=(_order("jump", seconds=3600),), hurt_s=0),
    Fault(name="clock jumps an hour back", steps=(_order("jump", seconds=-3600),), hurt_s=0),
    Fault(
        name="1 % of packets damaged for 10 s", steps=(_order("bit_errors", share=0.01),), hurt_s=10,
        after=(_order("bit_errors", share=0.0),),
    ),
    Fault(
        name="1 % of packets lost for 10 s", steps=(_order("loss", share=0.01),), hurt_s=10,
        after=(_order("loss", share=0.0),),
    ),
    Fault(
        name="another password, entered after 10 s", steps=(_another_password,), hurt_s=10, after=(_enter_password,)
    ),
    Fault(name="1080p becomes 720p, or back", steps=(_another_size,), hurt_s=0),
    Fault(
        name="sound stops for 10 s, connection open", steps=(_hold_sound(held=True),), hurt_s=10,
        after=(_hold_sound(held=False),),
    ),
    Fault(name="sound vanishes, or appears", steps=(_sound_or_none,), hurt_s=0),
    Fault(name="two hundred viewers come and go", steps=(_crowd,), hurt_s=0),
    Fault(name="a viewer that reads nothing for 35 s", steps=(_silent_viewer,), hurt_s=0),
)  # fmt: skip
