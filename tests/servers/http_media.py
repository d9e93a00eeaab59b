"""A small HTTP server for media: files, endless TS and MJPEG, HLS, and the ways in which cameras fail."""

import base64
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import ssl
import threading
import time
from types import TracebackType
from typing import Self


class HttpMedia:
    """Serves `folder` at /files/NAME and, paced, at /live/NAME (looped), /mjpeg/NAME (JPEG files of a folder).

    /401, /403, /404, /html, /hang (headers never come), /stall/NAME (half of the file, then silence), /empty,
    /login/NAME (basic authentication with `login`).
    """

    def __init__(
        self, folder: Path, *, login: tuple[str, str] = ("baby", "s3cret"), tls: ssl.SSLContext | None = None
    ) -> None:
        self.folder = folder
        self.login = login
        self.released = threading.Event()
        self.requests: list[str] = []
        owner = self

        class Handler(_Handler):
            media = owner

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = False  # server_close waits for them: no thread outlives its test
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str, login: tuple[str, str] | None = None) -> str:
        """Address of `path`."""
        user = f"{login[0]}:{login[1]}@" if login else ""
        return f"{self._scheme}://{user}127.0.0.1:{self.port}/{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Handler(BaseHTTPRequestHandler):
    media: HttpMedia

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Be quiet."""

    def do_GET(self) -> None:
        self.media.requests.append(self.path)
        kind, _, name = self.path.split("?")[0].lstrip("/").partition("/")
        with suppress(OSError):  # the client went away: that is what many tests do
            getattr(self, f"_send_{kind}", self._send_404)(name)

    def _status(self, code: int, mime: str = "text/plain", **headers: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", mime)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()

    def _send_401(self, _: str) -> None:
        self._status(401, WWW_Authenticate='Basic realm="camera"')

    def _send_403(self, _: str) -> None:
        self._status(403)

    def _send_404(self, _: str) -> None:
        self._status(404)

    def _send_empty(self, _: str) -> None:
        self._status(200, "video/mp2t")

    def _send_html(self, _: str) -> None:
        page = b"<html><body><h1>It works</h1></body></html>" * 50
        self._status(200, "text/html", Content_Length=str(len(page)))
        self.wfile.write(page)

    def _send_hang(self, _: str) -> None:
        self.media.released.wait(60)

    def _send_text(self, name: str) -> None:
        self._status(200, "application/vnd.apple.mpegurl")
        self.wfile.write((self.media.folder / name).read_bytes())

    def _send_files(self, name: str) -> None:
        data = (self.media.folder / name).read_bytes()
        mime = "application/vnd.apple.mpegurl" if name.endswith(".m3u8") else "video/mp2t"
        self._status(200, mime, Content_Length=str(len(data)))
        self.wfile.write(data)

    def _send_login(self, name: str) -> None:
        expected = base64.b64encode(":".join(self.media.login).encode()).decode()
        if self.headers.get("Authorization") != f"Basic {expected}":
            self._send_401(name)
        else:
            self._send_files(name)

    def _send_live(self, name: str) -> None:
        data = (self.media.folder / name).read_bytes()
        self._status(200, "video/mp2t")
        while not self.media.released.is_set():
            for at in range(0, len(data), 18_800):
                self.wfile.write(data[at : at + 18_800])
                self.media.released.wait(0.05)

    def _send_stall(self, name: str) -> None:
        data = (self.media.folder / name).read_bytes()
        self._status(200, "video/mp2t")
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.media.released.wait(60)

    def _send_mjpeg(self, name: str) -> None:
        pictures = [path.read_bytes() for path in sorted((self.media.folder / name).glob("*.jpg"))]
        self._status(200, "multipart/x-mixed-replace; boundary=frame")
        at = 0
        while not self.media.released.is_set():
            data = pictures[at % len(pictures)]
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data))
            self.wfile.write(data + b"\r\n")
            at += 1
            time.sleep(1 / 15)
