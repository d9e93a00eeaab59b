"""One client of the replaying camera: its requests answered, its packets sent, cut where it is too slow."""

import asyncio
import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rtsp_replay import Camera, RunningMount


class Client:
    """One RTSP connection."""

    def __init__(self, camera: Camera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.camera = camera
        self.reader = reader
        self.writer = writer
        self.channels: dict[int, int] = {}
        self.mount: RunningMount | None = None
        self.playing = False

    async def serve(self) -> None:
        """Answer requests until the client goes."""
        try:
            while True:
                head = await self.reader.readexactly(1)
                if head == b"$":
                    _, length = struct.unpack("!BH", await self.reader.readexactly(3))
                    await self.reader.readexactly(length)  # RTCP of the client
                    continue
                text = (head + await self.reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
                if not self._answer(text):
                    return
        except asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError:
            return

    def _answer(self, text: str) -> bool:
        request, _, rest = text.partition("\r\n")
        method, url = request.split(" ")[:2]
        headers = {
            key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in rest.splitlines())
        }
        sequence = headers.get("cseq", "0")
        status, more, body = "200 OK", "", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        elif not self.camera.admits(headers.get("authorization", "")):
            status, more = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "DESCRIBE":
            self.mount = self.camera.mount_of(url)
            if self.mount is None:
                status = "404 Not Found"
            else:
                body = self.mount.mount.sdp if self.camera.sound_offered else _without_sound(self.mount.mount.sdp)
                more = f"Content-Base: {url.rstrip('/')}/\r\nContent-Type: application/sdp\r\n"
        elif method == "SETUP":
            status, more = self._set_up(url, headers.get("transport", ""))
        elif method == "PLAY" and self.mount is not None:
            more = f"Range: npt=now-\r\n{self.mount.rtp_info(url)}"
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        reply = f"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\nSession: 1;timeout=60\r\n{more}{length}\r\n{body}"
        self.writer.write(reply.encode())
        if method == "PLAY" and status == "200 OK" and self.mount is not None:
            self.mount.join(self)
        return method != "TEARDOWN"

    def _set_up(self, url: str, transport: str) -> tuple[str, str]:
        found = re.search(r"interleaved=(\d+)-", transport)
        track = re.search(r"track(\d)$", url)
        if found is None or track is None:
            return "461 Unsupported Transport", ""
        self.channels[int(track[1]) * 2] = int(found[1])
        return "200 OK", f"Transport: RTP/AVP/TCP;unicast;interleaved={found[1]}-{int(found[1]) + 1}\r\n"

    def send(self, channel: int, framed: bytes, limit_bytes: int) -> None:
        """Queue `framed` (made for our own numbering of channels); cut the client where it is too slow."""
        wanted = self.channels.get(channel)
        if wanted is None:
            return
        transport = self.writer.transport
        if transport.get_write_buffer_size() > limit_bytes:
            self.camera.clients_cut += 1
            self.cut()
            return
        if wanted != channel:
            framed = _on_channel(framed, channel, wanted)
        transport.write(framed)

    def cut(self) -> None:
        """Reset the connection."""
        if self.mount is not None:
            self.mount.clients.discard(self)
        self.writer.transport.abort()


def _without_sound(sdp: str) -> str:
    return sdp.partition("m=audio")[0]


def _on_channel(framed: bytes, own: int, wanted: int) -> bytes:
    """The same bytes for a client that numbered its channels otherwise."""
    data, at = bytearray(framed), 0
    while at < len(data):
        data[at + 1] += wanted - own
        at += 4 + int.from_bytes(data[at + 2 : at + 4])
    return bytes(data)
