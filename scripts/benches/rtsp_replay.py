"""A camera in a process of its own: replays prepared RTP packets over RTSP, so that it costs next to nothing.

    python -m scripts.benches.rtsp_replay CONTROL_SOCKET CLIP...

Each clip is a path of the address: rtsp://127.0.0.1:PORT/1080p30-gop2. All clips run on from the start of the
process, so clients join in the middle of a GOP, as at a real camera. RTP over TCP only, like a camera
behind a firewall. A client whose backlog grows past a few seconds is cut. Faults and figures come over the control
socket, one JSON object a line.
"""

import asyncio
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
import json
import os
from pathlib import Path
import random
import struct
import sys
import time
from typing import Any

from .media import LOOP_S, SOUND_RATE_HZ, VIDEO_CLOCK_HZ, Mount, Unit, load, prepare
from .rtsp_client import Client

USER = "baby"
_BACKLOG_S = 12.0
_REPORT_EVERY_S = 5.0
_SOURCES = {0: 0x1111, 2: 0x2222}
_CLOCKS = {0: VIDEO_CLOCK_HZ, 2: SOUND_RATE_HZ}
_NTP_EPOCH_S = 2_208_988_800


class RunningMount:
    """One clip on the camera's clock."""

    def __init__(self, mount: Mount, camera: Camera, began_s: float) -> None:
        self.mount = mount
        self.camera = camera
        self.began_s = began_s
        self.clients: set[Client] = set()
        self.log: list[tuple[int, float]] = []
        self._times = [unit.at_s for unit in mount.units]
        self._task: asyncio.Task[None] | None = None
        self._next_report_s = 0.0
        self._limit_bytes = round(mount.bits_per_s / 8 * _BACKLOG_S)

    def position_s(self) -> float:
        """Where the camera's clock is in this clip, loops counted."""
        return time.monotonic() - self.began_s

    def rtp_info(self, url: str) -> str:
        """Where both streams are now, so that the client can align them."""
        now_s = self.position_s() + self.camera.jump_s
        base = url.rstrip("/")
        parts = [
            f"url={base}/track{channel // 2};rtptime={round(now_s * _CLOCKS[channel]) & 0xFFFFFFFF}"
            for channel in (0, 2)
        ]
        return f"RTP-Info: {','.join(parts)}\r\n"

    def join(self, client: Client) -> None:
        """From now on."""
        self.clients.add(client)
        self._next_report_s = 0.0
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        """Send each unit at its time while anybody listens."""
        loops, position_s = divmod(self.position_s(), LOOP_S)
        loop, index = int(loops), bisect_left(self._times, position_s)
        units = self.mount.units
        while self.clients:
            if index >= len(units):
                loop, index = loop + 1, 0
            unit = units[index]
            index += 1
            wait_s = loop * LOOP_S + unit.at_s - self.position_s()
            if wait_s > 0.0005:
                await asyncio.sleep(wait_s)
            elif wait_s < -0.5 and not self.camera.bursting:
                continue  # what happened while the camera was frozen is not sent later
            silent = unit.frame_number is None and self.camera.sound_held
            if silent or self.camera.frozen_until_s > time.monotonic():
                continue
            self._send(unit, loop)
            if time.monotonic() >= self._next_report_s:
                self._next_report_s = time.monotonic() + _REPORT_EVERY_S
                self._report()

    def _send(self, unit: Unit, loop: int) -> None:
        framed = self._framed(unit, loop)
        if unit.frame_number is not None:
            self.log.append((loop * 1200 + unit.frame_number, time.monotonic()))
            if len(self.log) > 200_000:
                del self.log[:100_000]
        for client in list(self.clients):
            client.send(unit.channel, framed, self._limit_bytes)

    def _framed(self, unit: Unit, loop: int) -> bytes:
        count = self.mount.packets_a_loop[unit.channel // 2] * loop
        clock = _CLOCKS[unit.channel]
        shift = round((loop * LOOP_S + self.camera.jump_s) * clock)
        out = bytearray()
        for packet in unit.packets:
            if self.camera.loss_share and random.random() < self.camera.loss_share:
                self.camera.packets_lost += 1
                continue
            start = len(out)
            out += struct.pack("!BBH", 0x24, unit.channel, len(packet)) + packet
            sequence, timestamp = struct.unpack_from("!HI", packet, 2)
            struct.pack_into("!HI", out, start + 6, (sequence + count) & 0xFFFF, (timestamp + shift) & 0xFFFFFFFF)
            if self.camera.bit_error_share and random.random() < self.camera.bit_error_share:
                self.camera.packets_damaged += 1
                # Only the payload: a broken header or length would be TCP's fault, which TCP does not have.
                at = start + 4 + random.randrange(min(14, len(packet) - 1), len(packet))
                out[at] ^= 1 << random.randrange(8)
        return bytes(out)

    def _report(self) -> None:
        """RTCP sender reports, which tie both streams to one clock."""
        position_s = self.position_s() + self.camera.jump_s
        wall_s = time.time() + self.camera.jump_s + _NTP_EPOCH_S
        for channel in (0, 2):
            report = struct.pack(
                "!BBHIIIIII", 0x80, 200, 6, _SOURCES[channel], int(wall_s) & 0xFFFFFFFF, int(wall_s % 1 * 2**32),
                round(position_s * _CLOCKS[channel]) & 0xFFFFFFFF, 1, 1,
            )  # fmt: skip
            for client in list(self.clients):
                wanted = client.channels.get(channel)
                if wanted is not None:
                    client.writer.transport.write(struct.pack("!BBH", 0x24, wanted + 1, len(report)) + report)


class Camera:
    """The server and what may be wrong with it."""

    def __init__(self, mounts: list[Mount]) -> None:
        self.jump_s = 0.0
        self.frozen_until_s = 0.0
        self.bursting = False
        self.bit_error_share = 0.0
        self.packets_damaged = 0
        self.loss_share = 0.0
        self.packets_lost = 0
        self.password: str | None = None
        self.sound_offered = True
        self.sound_held = False
        self._shown: dict[str, str] = {}
        self.clients_cut = 0
        self.port = 0
        now_s = time.monotonic()
        self.mounts = {mount.name: RunningMount(mount, self, now_s) for mount in mounts}
        self._server: asyncio.Server | None = None
        self._connections: set[Client] = set()

    def mount_of(self, url: str) -> RunningMount | None:
        """By the last part of the address, and what is shown there now."""
        name = url.rstrip("/").rpartition("/")[2].partition("?")[0]
        return self.mounts.get(self._shown.get(name, name))

    def admits(self, authorization: str) -> bool:
        """Basic authentication, where a password is set."""
        if self.password is None:
            return True
        wanted = b64encode(f"{USER}:{self.password}".encode()).decode()
        return authorization == f"Basic {wanted}"

    async def listen(self) -> None:
        """Open the port; the same one again after `shut`."""
        self._server = await asyncio.start_server(self._on_client, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """As if the camera lost its power."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.close_connections()

    def close_connections(self) -> None:
        for client in list(self._connections):
            client.cut()

    async def _on_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self, reader, writer)
        self._connections.add(client)
        # asyncio's own flow control is not used: the backlog is what is measured.
        writer.transport.set_write_buffer_limits(high=1 << 30)
        try:
            await client.serve()
        finally:
            self._connections.discard(client)
            if client.mount is not None:
                client.mount.clients.discard(client)
            with suppress(OSError):
                writer.close()

    def figures(self) -> dict[str, Any]:
        """CPU seconds of this process so far, clients."""
        times = os.times()
        return {
            "cpu_s": times.user + times.system,
            "at_s": time.monotonic(),
            "clients": len(self._connections),
            "clients_cut": self.clients_cut,
            "packets_damaged": self.packets_damaged,
            "packets_lost": self.packets_lost,
        }

    def _settle_anew(self, kind: str, order: dict[str, Any]) -> None:
        """Another setting of the camera; like most, it cuts its connections for it (not to hold sound back)."""
        if kind == "sound":
            was_offered = self.sound_offered
            self.sound_offered, self.sound_held = order["offered"], order["held"]
            if was_offered == self.sound_offered:
                return
        elif kind == "password":
            self.password = order["password"]
        else:
            self._shown[order["path"]] = order["clip"]
        self.close_connections()

    async def command(self, order: dict[str, Any]) -> object:
        """One order of the bench."""
        kind = order["do"]
        if kind == "stop":
            await self.shut()
        elif kind == "start":
            await self.listen()
        elif kind == "freeze":
            self.frozen_until_s = time.monotonic() + order["seconds"]
        elif kind == "close":
            self.close_connections()
        elif kind == "jump":
            self.jump_s += order["seconds"]
        elif kind in ("bit_errors", "loss"):
            setattr(self, "bit_error_share" if kind == "bit_errors" else "loss_share", order["share"])
        elif kind in ("password", "show", "sound"):
            self._settle_anew(kind, order)
        elif kind == "log":
            return [entry for entry in self.mounts[order["clip"]].log if entry[1] >= order["since_s"]]
        elif kind != "figures":
            raise ValueError(f"unknown order {kind}")
        return self.figures()


async def _control(camera: Camera, path: Path, ended: Callable[[], None]) -> None:
    async def on_bench(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = await camera.command(json.loads(line))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()
        ended()  # the bench is gone

    await asyncio.start_unix_server(on_bench, path, limit=1 << 26)


async def _main(control: Path, names: list[str]) -> None:
    camera = Camera([load(prepare(name)) for name in names])
    await camera.listen()
    over = asyncio.Event()
    await _control(camera, control, over.set)
    print(json.dumps({"port": camera.port}), flush=True)
    await over.wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(Path(sys.argv[1]), sys.argv[2:]))
