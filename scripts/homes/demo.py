"""The demo: seeds a home, starts it, adds Cradlewatch through its real config flow, says where to look."""

import argparse
import asyncio
from contextlib import suppress
import getpass
import io
import json
import os
from pathlib import Path
import secrets
import signal
import sys
import time
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import numpy as np
from PIL import Image

from custom_components.cradlewatch.engine.source.frame_code import read_frame_code
from custom_components.cradlewatch.engine.source.nursery_script import PERIOD_S, BeatKind, happens

from .dashboard import entity, write_dashboard
from .home import ROOT, TOKEN_FILE, Home, HomeError, port_is_taken
from .phone import PhoneStand, Push
from .seed import OWNER, SeedOptions

DEMO_SOURCE = "demo:"
STARTED = time.monotonic()


def say(text: str) -> None:
    print(f"demo [{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument(
        "--source", default=DEMO_SOURCE, help="rtsp://user@camera/path, http(s)://, a file, /dev/videoN"
    )
    parser.add_argument("--name", help="name of the child or room")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where the home is kept")
    parser.add_argument("--reset", action="store_true", help="forget everything and start anew")
    return parser.parse_args(argv)


def with_password(source: str) -> str:
    """The source with its password, which is asked for: an argument can be read by every process."""
    parts = urlsplit(source)
    if parts.password:
        sys.exit(
            "demo: no password in --source, please: other programs can read it there.\n"
            "      Leave it out (rtsp://user@camera/path); it is asked for, or read from CRADLEWATCH_CAMERA_PASSWORD."
        )
    if not parts.scheme or not parts.username:
        return source
    password = os.environ.get("CRADLEWATCH_CAMERA_PASSWORD") or getpass.getpass(f"Password of {parts.username}: ")
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{host}"))


def local_language() -> str:
    return "ko" if os.environ.get("LC_ALL", os.environ.get("LANG", "")).startswith("ko") else "en"


def local_time_zone() -> str:
    if name := os.environ.get("TZ"):
        return name.lstrip(":")
    with suppress(OSError):
        path = os.path.realpath("/etc/localtime")
        if "zoneinfo/" in path:
            return path.partition("zoneinfo/")[2]
    return "UTC"


def print_push(push: Push) -> None:
    sound = (push.data.get("push") or {}).get("interruption-level", "")
    say(f"phone ({sound}): {push.title} - {push.message}")


def picture_number(jpeg: bytes) -> int | None:
    """The frame number that the drawn nursery paints into each picture."""
    with Image.open(io.BytesIO(jpeg)) as image:
        return read_frame_code(np.asarray(image.convert("L")))


def crib_is_empty(at_s: float) -> bool:
    """True where nobody has been in the drawn picture for six seconds and nobody will be for as long."""
    return all(happens(BeatKind.OUT_OF_VIEW, (at_s + margin_s) % PERIOD_S) for margin_s in (-6, 0, 6))


class Demo:
    """One run of the demo."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.own = arguments.source != DEMO_SOURCE
        folder = arguments.folder / ("own" if self.own else "home")
        self.password = secrets.token_urlsafe(9) if self.own else None
        self.home = Home(
            folder,
            SeedOptions(
                port=arguments.port, password=self.password, language=local_language(), time_zone=local_time_zone()
            ),
        )
        self.name = arguments.name or ("Mina" if not self.own else "Crib")

    def prepare(self) -> None:
        """Refuse what cannot work before anything is started."""
        if self.arguments.reset:
            self.home.erase()
            self.home.config_dir.with_name(self.home.config_dir.name + ".json").unlink(missing_ok=True)
        if port_is_taken(self.arguments.port):
            sys.exit(f"demo: port {self.arguments.port} is taken; choose another: scripts/demo --port 8124")
        kept = self._marks()
        if kept and kept["source"] != self.arguments.source:
            sys.exit(
                f"demo: this home watches {kept['source']}; to watch something else: scripts/demo --reset --source ..."
            )
        if kept and kept["port"] != self.arguments.port:
            self._move_port()

    def _marks(self) -> dict[str, str | int]:
        path = self.home.config_dir / ".demo.json"
        if not path.exists():
            if self.home.config_dir.exists():
                self.home.erase()  # a first run that was cut short
            return {}
        marks: dict[str, str | int] = json.loads(path.read_text())
        return marks

    def _move_port(self) -> None:
        path = self.home.config_dir / ".storage" / "http"
        stored = json.loads(path.read_text())
        stored["data"]["stable"]["server_port"] = self.arguments.port
        path.write_text(json.dumps(stored))
        self._write_marks()

    def _write_marks(self) -> None:
        path = self.home.config_dir / ".demo.json"
        path.write_text(json.dumps({"source": self.arguments.source, "port": self.arguments.port}))

    async def run(self) -> None:
        """Until it is cancelled."""
        first = not (self.home.config_dir / TOKEN_FILE).exists()
        source = with_password(self.arguments.source) if first else ""
        try:
            if first:
                say("writing the config folder of a new home")
            await self.home.seed()
            say("starting Home Assistant")
            await self.home.start()
            async with PhoneStand(on_push=print_push) as phones:
                await self._furnish(first, source, phones)
                if not self.own:
                    await self._teach_empty_crib()
                await asyncio.Event().wait()
        finally:
            say("stopping")
            say(f"stopped in {await self.home.stop():.1f} s")

    async def _furnish(self, first: bool, source: str, phones: PhoneStand) -> None:
        phone = await phones.register(self.home, "Demo phone", apple=True)
        if first:
            say("adding Cradlewatch through its config flow")
            await self._add_crib(source, phone)
            self._write_marks()
        ids = await self.home.entities()
        write_dashboard(self.home.config_dir, self.name)
        await self._wait_for_picture(entity(ids, "camera"))
        address = f"{self.home.url}/crib-demo/0"
        if self.password and first:
            say(f"log in as {OWNER} with the password {self.password} (shown only now)")
        print(f"\nOpen {address}    (Ctrl-C stops everything)\n", flush=True)

    async def _add_crib(self, source: str, phone: str) -> None:
        key = os.environ.get("GEMINI_API_KEY")
        steps: dict[str, dict[str, Any]] = {
            "user": {"name": self.name, "source": source},
            "ai": {"provider": "gemini" if key else "local"},
            "gemini": {"api_key": key} if key else {},
            "notify": {"alert_phones": [phone]},
        }
        if not self.own:
            # The drawn child is half a year old, so that the hazards of its age are armed.
            steps["user"]["birthdate"] = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 200 * 86400))
        await self.home.run_flow("cradlewatch", steps)

    async def _teach_empty_crib(self) -> None:
        """Press "This is the empty crib" when the drawn child is away, as a parent would on the first day.

        Where the story is, is read from the frame number in the picture.
        """
        ids = await self.home.entities()
        while True:
            await asyncio.sleep(2)
            with suppress(HomeError, OSError, ValueError):
                number = picture_number(await self.home.get(f"/api/camera_proxy/{entity(ids, 'camera')}"))
                if number is not None and crib_is_empty(number / 30):
                    await self.home.action("button.press", {"entity_id": entity(ids, "learn_empty")})
                    say('the crib is empty: "This is the empty crib" was pressed')
                    return

    async def _wait_for_picture(self, camera: str, limit_s: float = 30) -> None:
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            with suppress(HomeError):
                await self.home.get(f"/api/camera_proxy/{camera}")
                say("picture is there")
                return
            await asyncio.sleep(0.2)
        say(f"no picture yet from the camera; Cradlewatch keeps trying (log: {self.home.log_path})")


async def amain(arguments: argparse.Namespace) -> int:
    demo = Demo(arguments)
    demo.prepare()
    task = asyncio.ensure_future(demo.run())
    left = False

    def leave() -> None:
        # Once: a second Ctrl-C must not interrupt the stop that the first began.
        nonlocal left
        if not left:
            left = True
            task.cancel()

    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(signal_number, leave)
    try:
        await task
    except HomeError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 0
    return 0


def main() -> None:
    sys.exit(asyncio.run(amain(parse_arguments(sys.argv[1:]))))


if __name__ == "__main__":
    main()
