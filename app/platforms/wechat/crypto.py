"""Encryption of WeChat pushes and answers: AES-256-CBC, padded to blocks of 32 bytes.

Source: developers.weixin.qq.com, 消息加解密说明 (push/encryption).
"""

import binascii
import re
from dataclasses import dataclass, field
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from app.core.errors import ConfigError

RANDOM_BYTES = 16
_HEAD_BYTES = RANDOM_BYTES + 4
_PAD_TO_BYTES = 32
_AES_BLOCK_BYTES = 16
MAX_ENCRYPTED_CHARS = 262_144
"""A push is a few KiB; more than this is not worth decrypting."""

_ENCODING_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


@dataclass(frozen=True, slots=True)
class Cipher:
    """One EncodingAESKey. Plain text is 16 random bytes, the length, the message, the app id, the padding."""

    key: bytes = field(repr=False)
    receiver: bytes
    """The app id that closes the plain text: a message for another account does not open."""

    @classmethod
    def of(cls, encoding_aes_key: str, app_id: str) -> "Cipher":
        """Raises ConfigError."""
        if not _ENCODING_AES_KEY.fullmatch(encoding_aes_key):
            raise ConfigError("aes_key must be 43 letters and digits, as the platform's console shows it")
        return cls(binascii.a2b_base64(encoding_aes_key + "="), app_id.encode())

    def seal(self, inner: bytes, random: bytes) -> str:
        """Base64 of `inner`, encrypted; `random` is RANDOM_BYTES long."""
        plain = random + len(inner).to_bytes(4, "big") + inner + self.receiver
        pad = _PAD_TO_BYTES - len(plain) % _PAD_TO_BYTES
        encryptor = self._block_cipher().encryptor()
        encrypted = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return binascii.b2a_base64(encrypted, newline=False).decode("ascii")

    def open(self, encrypted: str) -> bytes | None:
        """The message inside, or None where anything at all is wrong: the caller cannot tell what."""
        if len(encrypted) > MAX_ENCRYPTED_CHARS:
            return None
        try:
            data = binascii.a2b_base64(encrypted, strict_mode=True)
        except ValueError:
            return None
        if not data or len(data) % _AES_BLOCK_BYTES:
            return None
        decryptor = self._block_cipher().decryptor()
        return self._unwrap(decryptor.update(data) + decryptor.finalize())

    def _unwrap(self, padded: bytes) -> bytes | None:
        pad = padded[-1]
        if not 1 <= pad <= _PAD_TO_BYTES or padded[-pad:] != bytes([pad]) * pad:
            return None
        plain = padded[:-pad]
        end = _HEAD_BYTES + int.from_bytes(plain[RANDOM_BYTES:_HEAD_BYTES], "big")
        if len(plain) < _HEAD_BYTES or end > len(plain) or not compare_digest(plain[end:], self.receiver):
            return None
        return plain[_HEAD_BYTES:end]

    def _block_cipher(self) -> BlockCipher[CBC]:
        return BlockCipher(AES(self.key), CBC(self.key[:_AES_BLOCK_BYTES]))
