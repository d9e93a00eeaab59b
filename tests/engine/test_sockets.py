"""Ending a camera's connection leaves those alone that others made to us from the same machine."""

from contextlib import ExitStack
import socket

from custom_components.cradlewatch.engine.source.sockets import SocketGuard


def test_only_connections_to_the_camera_are_ended() -> None:
    with ExitStack() as stack:
        camera = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        web = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        guard = SocketGuard(frozenset({"127.0.0.1"}))
        to_camera = stack.enter_context(socket.socket())
        to_camera.connect(("127.0.0.1", camera.getsockname()[1]))
        stack.enter_context(camera.accept()[0])
        browser = stack.enter_context(socket.socket())
        browser.connect(("127.0.0.1", web.getsockname()[1]))
        at_web = stack.enter_context(web.accept()[0])
        guard.end()
        assert to_camera.recv(1) == b"", "ended"
        # The server's end of the browser's connection is ours and its peer has the camera's address. (The browser's
        # own end is in this process only here, and ended: nothing is read back.)
        at_web.sendall(b"picture")
