"""Where the guard listens: opened before anything else, so that several processes can share them."""

import socket
from dataclasses import dataclass

from app.core.errors import ConfigError
from app.settings.whole import Settings


@dataclass(frozen=True, slots=True)
class Doors:
    front: socket.socket
    proxy: socket.socket | None
    """The forward proxy's, where there is one."""


def open_doors(settings: Settings) -> Doors:
    """Raises ConfigError."""
    beside = settings.forward_proxy
    return Doors(
        _listen("server", settings.server.host, settings.server.port),
        None if beside is None else _listen("forward_proxy", beside.host, beside.port),
    )


def address(listening: socket.socket | None) -> str:
    """Empty: nothing listens."""
    if listening is None:
        return ""
    host, port = listening.getsockname()[:2]
    return f"http://{host}:{port}"


def _listen(setting: str, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=1024)
    except OSError as error:
        raise ConfigError(
            f"{setting}.host/{setting}.port: cannot listen on {host}:{port}: {error.strerror}; "
            "choose another port, or 0 for any"
        ) from error
