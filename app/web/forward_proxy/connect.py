"""The one request a vendor's program makes of a proxy: CONNECT, with the vendor's name and secret."""

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field

import httptools

from app.core.forward_proxy import HOSTS, PORT
from app.web.bodies import Refused

MOST_HEAD_BYTES = 8_192
_SCHEME = "basic "


@dataclass(frozen=True, slots=True)
class Connect:
    host: str
    """Lower case; not yet looked up."""
    port: str
    vendor: str
    """Empty: no credentials that can be read."""
    secret: str = field(repr=False)

    @property
    def platform(self) -> str | None:
        """Whose host it is; None: it leads nowhere from here."""
        return HOSTS.get(self.host) if self.port == str(PORT) else None


class ConnectHead:
    """httptools, fed with what arrives until it is known what is wanted."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._authorizations: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Connect | None:
        """None: there is more to come. Raises Refused."""
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as end:  # the head of a CONNECT ends like this, and no other
            self._require_sound()
            if end.args[0] < len(data):
                raise Refused(
                    400, "early-bytes", "200 之前不得发送 nothing may follow before the 200"
                ) from None
            return self._connect()
        except httptools.HttpParserError:
            raise Refused(400, "malformed", "不是 CONNECT 请求 this is no CONNECT request") from None
        self._require_sound()
        return None

    # --- httptools' calls -------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"proxy-authorization":
            self._authorizations.append(value)

    # ----------------------------------------------------------------------------------------------

    def _require_sound(self) -> None:
        if self._target and self._parser.get_method() != b"CONNECT":
            raise Refused(405, "not-connect", "只接受 CONNECT only CONNECT is taken: use https:// addresses")
        if self._size > MOST_HEAD_BYTES:
            raise Refused(431, "too-large", f"请求头超过 {MOST_HEAD_BYTES} 字节 the head is too large")

    def _connect(self) -> Connect:
        if len(self._authorizations) > 1:
            raise Refused(400, "malformed", "Proxy-Authorization 出现了两次 two Proxy-Authorization headers")
        host, _, port = self._target.decode("latin-1").rpartition(":")
        vendor, secret = _credentials(self._authorizations[0]) if self._authorizations else ("", "")
        return Connect(host.lower(), port, vendor, secret)


def _credentials(header: bytes) -> tuple[str, str]:
    """Name and secret; empty ones where they cannot be read."""
    text = header.decode("latin-1")
    if not text.lower().startswith(_SCHEME):
        return "", ""
    try:
        said = b64decode(text[len(_SCHEME) :].strip(), validate=True).decode()
    except (NotBase64, ValueError):
        return "", ""
    vendor, _, secret = said.partition(":")
    return vendor, secret
