"""WeChat's wire format toward the platform and, with a vendor's own credentials, toward its bot."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from app.core.errors import BadSignature, BotMalformed, ConfigError, DecodeError
from app.core.model import BodyFormat, Envelope, Finding, Message, Reply
from app.core.splitting import pieces_of
from app.core.submission import Way, way_of
from app.platforms.signatures import require_fresh, require_signature, signature_of, signed_value
from app.platforms.wechat.answer import answer_fields, read_answer
from app.platforms.wechat.crypto import RANDOM_BYTES, Cipher
from app.platforms.wechat.objections import TEXT_MAX_BYTES, objections
from app.platforms.wechat.push import read_push
from app.platforms.wechat.wire import WHITE_SPACE, Document, Fields, parse, scalar, sniff, write
from app.ports import SignedRequest

Mode = Literal["plaintext", "compatible", "safe"]

NO_ANSWER = b"success"
"""Shows the follower nothing and ends the platform's resends."""

_UNOPENED = "the encrypted body does not match its signature, key or account"
"""One text for all that may be wrong with it: it tells a forger nothing."""

_MEDIA_TYPES = {BodyFormat.XML: "text/xml; charset=utf-8", BodyFormat.JSON: "application/json; charset=utf-8"}
_NONCE_BYTES = 8
_PRINTABLE = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class WeChatCredentials:
    """What two sides of a webhook share: platform and account, or we and a vendor's bot.

    Toward a vendor the mode is "safe" where it has an AES key of its own, else "plaintext".
    Raises ConfigError.
    """

    token: str = field(repr=False)
    app_id: str
    mode: Mode
    aes_keys: tuple[str, ...] = field(default=(), repr=False)
    """EncodingAESKeys of 43 characters, the current one first, then the previous ones."""

    def __post_init__(self) -> None:
        if not self.token:
            raise ConfigError("token is empty; enter the same token here and on the platform")
        if self.mode != "plaintext" and not self.aes_keys:
            raise ConfigError(
                f"mode {self.mode!r} needs aes_key (43 characters, from the platform's console)"
            )

    def ciphers(self) -> tuple[Cipher, ...]:
        """One for each key, in their order. Raises ConfigError for a key that is none."""
        return tuple(Cipher.of(key, self.app_id) for key in self.aes_keys)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """The part of a query that its signatures cover."""

    timestamp: str
    nonce: str


@dataclass(frozen=True, slots=True)
class _Opened:
    inner: bytes
    key_index: int


@dataclass(slots=True)
class WeChatCodec:
    """Implements app.ports.Codec. Raises ConfigError at once for an AES key that is none."""

    channel: str
    credentials: WeChatCredentials
    max_age: timedelta
    """A push whose timestamp is further from our clock is refused."""
    entropy: Callable[[int], bytes] = os.urandom
    """That many random bytes."""
    push_format: BodyFormat | None = None
    """How pushes to a vendor are spelled; None: as the platform spelled them."""
    media_type: str = field(default="application/xml; charset=utf-8", init=False)
    """Of JSON answers too: WeChat does not look at it."""
    _ciphers: tuple[Cipher, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._ciphers = self.credentials.ciphers()

    # --- toward the platform ------------------------------------------------------------------

    def verify(self, query: Mapping[str, str], now: datetime) -> bytes:
        self._authenticate(query, now)
        echo = query.get("echostr", "")
        if not _PRINTABLE.fullmatch(echo):
            raise BadSignature("echostr is missing")
        return echo.encode("ascii")

    def decode(self, query: Mapping[str, str], body: bytes, now: datetime) -> Message:
        stamp = self._authenticate(query, now)
        encrypt_type = query.get("encrypt_type", "raw")
        if self.credentials.mode == "plaintext":
            if encrypt_type != "raw":
                raise DecodeError("the push is encrypted, but this channel's mode is plaintext")
            document, raw, key_index = parse(body), body, None
            if "Encrypt" in document.fields:
                raise DecodeError("the push is encrypted, but this channel's mode is plaintext")
        else:
            # In compatible mode the plain half stands beside Encrypt, but nothing vouches for it.
            if encrypt_type != "aes":
                raise BadSignature("the push is not encrypted, as this channel's mode demands")
            outer = parse(body)
            opened = self._open(scalar(outer.fields, "Encrypt"), stamp, query.get("msg_signature", ""))
            document, raw, key_index = parse(opened.inner), opened.inner, opened.key_index
        envelope = Envelope(document.format, key_index, stamp.nonce)
        return read_push(document.fields, raw, self.channel, envelope, now)

    def encode(self, message: Message, reply: Reply | None, now: datetime) -> bytes:
        if reply is None:
            return NO_ANSWER
        if found := self.objections(message, reply):
            raise DecodeError(f"this reply has no passive form: {found[0].rule}")
        envelope = message.envelope
        inner = write(envelope.format, answer_fields(message, reply, now))
        if envelope.key_index is None:
            return inner
        if envelope.key_index >= len(self._ciphers):
            raise DecodeError("the key this message was encrypted with is no longer configured")
        stamp = _Stamp(_unix(now), envelope.nonce)
        encrypted = self._ciphers[envelope.key_index].seal(inner, self.entropy(RANDOM_BYTES))
        return write(envelope.format, self._sealed(encrypted, stamp))

    def objections(self, message: Message, reply: Reply) -> tuple[Finding, ...]:
        return tuple(found for piece in self.pieces(message, reply) for found in objections(message, piece))

    def pieces(self, message: Message, reply: Reply) -> tuple[Reply, ...]:
        return (reply,) if way_of(message) not in (None, Way.MESSAGE) else pieces_of(reply, TEXT_MAX_BYTES)

    # --- toward a vendor's bot ----------------------------------------------------------------

    def encode_push(self, message: Message, now: datetime) -> SignedRequest:
        body_format = self.push_format or message.envelope.format
        stamp = _Stamp(_unix(now), str(int.from_bytes(self.entropy(_NONCE_BYTES), "big")))
        query = {
            "signature": signature_of(self.credentials.token, stamp.timestamp, stamp.nonce),
            "timestamp": stamp.timestamp,
            "nonce": stamp.nonce,
            "openid": message.user,
        }
        body = _respelled(message.raw, body_format)
        if self.credentials.mode != "plaintext":
            encrypted = self._ciphers[0].seal(body, self.entropy(RANDOM_BYTES))
            query["encrypt_type"] = "aes"
            query["msg_signature"] = self._body_signature(encrypted, stamp)
            body = write(body_format, {"ToUserName": message.account, "Encrypt": encrypted})
        return SignedRequest(query, body, _MEDIA_TYPES[body_format])

    def decode_answer(self, message: Message, body: bytes) -> Reply | None:
        if _is_silence(body):
            return None
        try:
            document = _parse_answer(body)
            if "Encrypt" in document.fields:
                inner = self._open_answer(document.fields)
                if _is_silence(inner):
                    return None
                document = _parse_answer(inner)
            elif self.credentials.mode == "safe":
                raise BotMalformed("the answer is not encrypted, as its key demands", code="not-encrypted")
            return read_answer(message, document)
        except DecodeError as error:
            raise BotMalformed(f"the answer cannot be read: {error}") from error

    # --- signatures and encryption ------------------------------------------------------------

    def _authenticate(self, query: Mapping[str, str], now: datetime) -> _Stamp:
        """Every push, encrypted or not, is signed over token, timestamp and nonce. Raises BadSignature."""
        stamp = _Stamp(signed_value(query, "timestamp"), signed_value(query, "nonce"))
        if not _PRINTABLE.fullmatch(stamp.nonce):
            raise BadSignature("the nonce is no nonce")
        require_signature(query.get("signature", ""), self.credentials.token, stamp.timestamp, stamp.nonce)
        require_fresh(stamp.timestamp, now, self.max_age)
        return stamp

    def _open(self, encrypted: str, stamp: _Stamp, given: str) -> _Opened:
        """The signature first, then each key in turn. Raises BadSignature, always with the same text."""
        try:
            require_signature(given, self.credentials.token, stamp.timestamp, stamp.nonce, encrypted)
        except BadSignature:
            raise BadSignature(_UNOPENED) from None
        for key_index, cipher in enumerate(self._ciphers):
            inner = cipher.open(encrypted)
            if inner is not None:
                return _Opened(inner, key_index)
        raise BadSignature(_UNOPENED)

    def _open_answer(self, fields: Fields) -> bytes:
        """A bot that once saw AES may go on encrypting; without its key there is nothing to read."""
        stamp = _Stamp(scalar(fields, "TimeStamp").strip(), scalar(fields, "Nonce").strip())
        try:
            return self._open(scalar(fields, "Encrypt"), stamp, scalar(fields, "MsgSignature").strip()).inner
        except BadSignature as error:
            raise BotMalformed("the answer is encrypted and does not open", code="encrypted") from error

    def _body_signature(self, encrypted: str, stamp: _Stamp) -> str:
        return signature_of(self.credentials.token, stamp.timestamp, stamp.nonce, encrypted)

    def _sealed(self, encrypted: str, stamp: _Stamp) -> Fields:
        return {
            "Encrypt": encrypted,
            "MsgSignature": self._body_signature(encrypted, stamp),
            "TimeStamp": stamp.timestamp,
            "Nonce": stamp.nonce,
        }


def _unix(now: datetime) -> str:
    return str(int(now.timestamp()))


def _is_silence(body: bytes) -> bool:
    return body.strip(WHITE_SPACE) in (b"", NO_ANSWER)


def _respelled(raw: bytes, body_format: BodyFormat) -> bytes:
    """The push byte for byte, or written anew where the vendor wants the other spelling."""
    return raw if sniff(raw) is body_format else write(body_format, parse(raw).fields)


def _parse_answer(body: bytes) -> Document:
    """Raises BotMalformed for what was never meant as an answer: HTML, a stack trace, bare words."""
    start = body.lstrip(WHITE_SPACE)[:9].lower()
    if start.startswith((b"<html", b"<!doctype")):
        raise BotMalformed("the answer is a web page", code="html")
    if not start.startswith((b"<", b"{")):
        raise BotMalformed("the answer is neither XML nor JSON", code="no-markup")
    return parse(body)
