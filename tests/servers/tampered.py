"""Real MPEG-TS over HTTP, in real time, spoilt on its way: clocks set, packets lost, bits turned, sound gone."""

from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import random
import threading
import time
from types import TracebackType
from typing import Self

import av

_TS = 188
_PES_START = b"\x00\x00\x01"

type Spoil = Callable[[bytes, float], bytes | None]
"""A TS packet and the seconds since the connection began; what is sent instead, None for nothing."""


def keep(packet: bytes, _at_s: float) -> bytes:
    return packet


def clock_set(*, at_s: float, by_s: float) -> Spoil:
    """From `at_s` on all times (PTS, DTS, PCR) are `by_s` later."""

    def spoil(packet: bytes, now_s: float) -> bytes:
        return _shifted(packet, round(by_s * 90_000)) if now_s >= at_s else packet

    return spoil


def bits_turned(*, share: float, seed: int = 5) -> Spoil:
    """One bit in `share` of the packets is wrong; the sync byte too."""
    dice = random.Random(seed)

    def spoil(packet: bytes, _now_s: float) -> bytes:
        if dice.random() >= share:
            return packet
        spoilt = bytearray(packet)
        spoilt[dice.randrange(_TS)] ^= 1 << dice.randrange(8)
        return bytes(spoilt)

    return spoil


def lost(*, share: float, seed: int = 6) -> Spoil:
    dice = random.Random(seed)
    return lambda packet, _now_s: None if dice.random() < share else packet


def without_sound(*, from_s: float, pid: int = 0x101) -> Spoil:
    return lambda packet, now_s: None if now_s >= from_s and _pid(packet) == pid else packet


def wrapped(*, after_s: float) -> Spoil:
    """The 33 bits of the clock are full `after_s` after the film's first picture: from then on it counts from 0."""
    return clock_set(at_s=float("-inf"), by_s=(1 << 33) / 90_000 - after_s)


def ragged(*, undated: int, back: int, back_s: float = 0.2, fps: int) -> Spoil:
    """Every `undated`th picture has no time, every `back`th one that lies `back_s` before its place."""

    def spoil(packet: bytes, now_s: float) -> bytes:
        number = round(now_s * fps)
        if number % undated == 1:
            return _without_times(packet)
        return _shifted(packet, -round(back_s * 90_000)) if number % back == 1 else packet

    return spoil


def _without_times(packet: bytes) -> bytes:
    spoilt = bytearray(packet)
    payload = _payload(packet)
    if packet[1] & 0x40 and packet[payload : payload + 3] == _PES_START:
        spoilt[payload + 7] &= 0x3F
        length = packet[payload + 8]
        spoilt[payload + 9 : payload + 9 + length] = b"\xff" * length
    return bytes(spoilt)


def _payload(packet: bytes) -> int:
    return 5 + packet[4] if packet[3] & 0x20 else 4


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _shifted(packet: bytes, ticks: int) -> bytes:
    spoilt = bytearray(packet)
    payload = _payload(packet)
    if packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
        base = int.from_bytes(packet[6:11], "big") >> 7
        rest = int.from_bytes(packet[6:12], "big") & ((1 << 15) - 1)
        spoilt[6:12] = (((base + ticks) % (1 << 33)) << 15 | rest).to_bytes(6, "big")
    if packet[1] & 0x40 and packet[payload : payload + 3] == _PES_START:
        flags = packet[payload + 7] >> 6
        for place in range(payload + 9, payload + 9 + 5 * (flags - 1 if flags > 1 else 0), 5):
            spoilt[place : place + 5] = _stamp(packet[place : place + 5], ticks)
    return bytes(spoilt)


def _stamp(old: bytes, ticks: int) -> bytes:
    value = (old[0] >> 1 & 7) << 30 | old[1] << 22 | (old[2] >> 1) << 15 | old[3] << 7 | old[4] >> 1
    value = (value + ticks) % (1 << 33)
    return bytes(
        [
            old[0] & 0xF0 | (value >> 30 & 7) << 1 | 1,
            value >> 22 & 0xFF,
            (value >> 15 & 0x7F) << 1 | 1,
            value >> 7 & 0xFF,
            (value & 0x7F) << 1 | 1,
        ]
    )


type FrameTimes = list[tuple[int, float]]
"""Where each picture begins in a file, from 0, and its time in seconds, from 0."""


def _frame_times(path: Path) -> FrameTimes:
    with av.open(str(path)) as source:
        packets = [packet for packet in source.demux(video=0) if packet.pos is not None and packet.dts is not None]
        found = [(packet.pos, float(packet.dts * packet.time_base)) for packet in packets]
    return [(0 if index == 0 else place, at_s - found[0][1]) for index, (place, at_s) in enumerate(found)]


class TamperedCamera:
    """Plays a TS file once for each connection, in real time by its own clock, through `spoil`.

    `port`: that of another one that has ended. `live`: one time for all, who comes later misses what was.
    """

    def __init__(self, path: Path, spoil: Callable[[], Spoil], port: int = 0, *, live: bool = False) -> None:
        self.released = threading.Event()
        self.connections = 0
        self._began_s: float | None = None
        self._live = live
        data = path.read_bytes()
        frames = _frame_times(path)
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Be quiet."""

            def do_GET(self) -> None:
                owner.connections += 1
                self.send_response(200)
                self.send_header("Content-Type", "video/mp2t")
                self.end_headers()
                with suppress(OSError):
                    owner._play(self.wfile.write, data, frames, spoil())

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/live.ts"

    def _play(self, write: Callable[[bytes], object], data: bytes, frames: FrameTimes, spoil: Spoil) -> None:
        began_s = time.monotonic() if self._began_s is None else self._began_s
        places = [place for place, _ in frames]
        missed_s = time.monotonic() - began_s
        for (at, at_s), end in zip(frames, [*places[1:], len(data)], strict=True):
            if at_s < missed_s:
                continue
            if self.released.wait(max(0.0, began_s + at_s - time.monotonic())):
                return
            packets = (data[place : place + _TS] for place in range(at, end, _TS))
            write(b"".join(part for packet in packets if (part := spoil(packet, at_s)) is not None))

    def __enter__(self) -> Self:
        if self._live:
            self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
