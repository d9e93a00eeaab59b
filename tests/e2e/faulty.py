"""Cameras with one fault each, to be switched on and off while a home watches them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
import socket
import threading
from typing import Any

import av

from tests.media import Clip, clip, picture
from tests.servers.http_media import HttpMedia
from tests.servers.rtsp import AAC, RtspServer
from tests.servers.tampered import Spoil, TamperedCamera, bits_turned, clock_set, lost, without_sound

# Small, so that a dozen of them with their encoders leave a core to Home Assistant.
_SIZE_WH = (320, 240)
_PICTURES = 120
_H264 = "x264enc tune=zerolatency threads=1 speed-preset=ultrafast key-int-max={gop} bitrate=600 ! rtph264pay"
_OTHER = (
    "videoscale ! video/x-raw,width=400,height=304 "
    "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 bitrate=600 ! rtph265pay"
)
_FILM_S = 120.0
_LOGIN = ("baby", "first-pass")
# Of our diagnostics.
type CribFigures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One crib's camera. `lead_s`: the fault begins so long before the moment that is tested."""

    name: str
    url: str
    lead_s: float
    hurt: Callable[[], object]
    heal: Callable[[], object]
    shows: Callable[[CribFigures], bool]
    """By the diagnostics of its crib: is the fault felt?"""
    detection: str = ""
    """Address of a second source, where it is that which is faulty."""
    passing: bool = False
    """Felt for a few seconds only, before it becomes another one: begun when all others are on."""

    @property
    def form(self) -> dict[str, str]:
        """What the flow is told of it besides the name."""
        return {"source": self.url} | ({"detection_source": self.detection} if self.detection else {})


def _link(*wanted: str) -> Callable[[CribFigures], bool]:
    return lambda crib: crib["state"]["link"] in wanted


def _counts(key: str) -> Callable[[CribFigures], bool]:
    return lambda crib: crib["figures"]["loop"][key] > 0


def _live_and(key: str, value: object) -> Callable[[CribFigures], bool]:
    return lambda crib: crib["state"]["link"] == "live" and (crib["figures"]["info"] or {}).get(key) == value


class _Swapped:
    """A server in whose place another one comes, on the same port."""

    def __init__(self, stack: ExitStack, before: RtspServer, after: RtspServer) -> None:
        self._before, self._after = before, after
        stack.callback(after.kill)
        stack.enter_context(before)

    def hurt(self) -> None:
        self._before.kill()
        self._after.port = self._before.port
        self._after.start()

    def heal(self) -> None:
        self._after.kill()
        self._before.start()


class _Switch:
    """A way of spoiling that is off at first."""

    def __init__(self, *spoils: Spoil) -> None:
        self._spoils = spoils
        self.on = False

    def spoil(self, packet: bytes, now_s: float) -> bytes | None:
        left: bytes | None = packet
        for spoil in self._spoils if self.on else ():
            left = spoil(left, now_s) if left else left
        return left

    def hurt(self) -> None:
        self.on = True

    def heal(self) -> None:
        self.on = False


def moving(jpegs: Path, encoder: str = _H264.format(gop=15)) -> str:
    """GStreamer's words for a camera that shows these pictures over and over."""
    return (
        f"multifilesrc location={jpegs}/%03d.jpg loop=true caps=image/jpeg,framerate=15/1 "
        f"! jpegdec ! videoconvert ! identity sync=true ! {encoder} name=pay0 pt=96 config-interval=-1"
    )


@contextmanager
def faulty_cameras(folder: Path) -> Iterator[list[Fault]]:
    """All of them, running and well."""
    # Something moves in all of them, so that an incident is open when the moment comes.
    film = clip(folder, ".ts", Clip(seconds=_FILM_S, size_wh=_SIZE_WH, gop=15, audio="aac", restless=True))
    jpegs = folder / "jpegs"
    write_jpegs(jpegs)
    with ExitStack() as stack:
        yield [*_silent(stack, jpegs), *_changed(stack, jpegs), *_spoilt(stack, film), *_unusual(stack, jpegs)]


def _silent(stack: ExitStack, jpegs: Path) -> Iterator[Fault]:
    dead, short, long = (stack.enter_context(RtspServer(moving(jpegs))) for _ in range(3))
    lost_camera = _link("lost")
    yield Fault(name="killed", url=dead.url, lead_s=20, hurt=dead.kill, heal=dead.start, shows=lost_camera)
    yield Fault(
        name="silent", url=short.url, lead_s=0, hurt=short.freeze, heal=short.thaw, shows=_link("stalled"), passing=True
    )
    yield Fault(name="frozen", url=long.url, lead_s=30, hurt=long.freeze, heal=long.thaw, shows=lost_camera)


def _changed(stack: ExitStack, jpegs: Path) -> Iterator[Fault]:
    def secured(password: str) -> RtspServer:
        return RtspServer(moving(jpegs), user=_LOGIN[0], password=password, auth="digest")

    before = secured(_LOGIN[1])
    locked = _Swapped(stack, before, secured("second-pass"))
    yield Fault(
        name="locked", url=before.url_with(*_LOGIN), lead_s=20, hurt=locked.hurt, heal=locked.heal,
        shows=lambda crib: crib["state"]["link_reason"] == "invalid_auth",
    )  # fmt: skip
    plain = RtspServer(moving(jpegs))
    other = _Swapped(stack, plain, RtspServer(moving(jpegs, _OTHER)))
    # Both have lived through the change when the moment comes, and have their old viewers cut not long before.
    yield Fault(
        name="codec and size", url=plain.url, lead_s=6, hurt=other.hurt, heal=other.heal,
        shows=lambda crib: _live_and("video_codec", "hevc")(crib) and _live_and("size_wh", [400, 304])(crib),
    )  # fmt: skip
    mute = RtspServer(moving(jpegs))
    loud = _Swapped(stack, mute, RtspServer(f"{moving(jpegs)}  {AAC}"))
    yield Fault(
        name="loud", url=mute.url, lead_s=6, hurt=loud.hurt, heal=loud.heal, shows=_live_and("audio_codec", "aac")
    )


def _spoilt(stack: ExitStack, film: Path) -> Iterator[Fault]:
    for name, lead_s, shows, spoils in (
        ("ahead", 3, _counts("clock_jumps"), (clock_set(at_s=0, by_s=3600),)),
        ("behind", 3, _counts("clock_jumps"), (clock_set(at_s=0, by_s=-3600),)),
        ("damaged", 8, _counts("damaged"), (bits_turned(share=0.01), lost(share=0.005))),
        ("mute", 4, _link("live"), (without_sound(from_s=0),)),
    ):
        switch = _Switch(*spoils)
        camera = stack.enter_context(TamperedCamera(film, lambda switch=switch: switch.spoil))
        yield Fault(name=name, url=camera.url, lead_s=lead_s, hurt=switch.hurt, heal=switch.heal, shows=shows)


def _unusual(stack: ExitStack, jpegs: Path) -> Iterator[Fault]:
    """What is so from the first moment: nothing to switch."""

    def nothing() -> None:
        return

    rare, second = (stack.enter_context(RtspServer(moving(jpegs, _H264.format(gop=gop)))) for gop in (300, 15))
    # Its second source has gone silent, and the first is looked at.
    yield Fault(
        name="rare", url=rare.url, detection=second.url, lead_s=8, hurt=second.freeze, heal=second.thaw,
        shows=lambda crib: _link("live")(crib) and crib["figures"]["loop"]["second_source"] != "live",
    )  # fmt: skip
    stills = stack.enter_context(HttpMedia(jpegs.parent))
    yield Fault(
        name="stills", url=stills.url(f"mjpeg/{jpegs.name}"), lead_s=0, hurt=nothing, heal=nothing,
        shows=lambda crib: bool((crib["figures"]["info"] or {}).get("encoder")),
    )  # fmt: skip


def write_jpegs(folder: Path) -> None:
    """Eight seconds of a restless scene as JPEG files."""
    folder.mkdir()
    spec = Clip(size_wh=_SIZE_WH, restless=True)
    for index in range(_PICTURES):
        frame = av.VideoFrame.from_ndarray(picture(spec, index), format="yuv420p")
        frame.to_image().save(folder / f"{index:03}.jpg", quality=90)


class RudeViewers:
    """At one relay: one that connects and leaves again and again, and one that never reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._over = threading.Event()
        self._silent = socket.socket(socket.AF_UNIX)
        self._silent.connect(str(path))
        self.visits = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._over.wait(0.02):
            try:
                with socket.socket(socket.AF_UNIX) as guest:
                    guest.settimeout(1)
                    guest.connect(str(self._path))
                    guest.recv(188)
            except OSError:
                # The relay has ended: that is what the test waits for.
                continue
            self.visits += 1

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._silent.close()
