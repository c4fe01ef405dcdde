"""Values as they lie in Redis: AES-256-GCM, bound to their names, so that who reads it has no access token
and who writes to it cannot pass one value off as another."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import GuardError

NONCE_BYTES = 12


class Unreadable(GuardError):
    """Sealed with another key, for another name, or by somebody else."""


@dataclass(frozen=True, slots=True)
class Seal:
    keys: Sequence[AESGCM]
    """The first one seals; all of them open."""

    def seal(self, name: str, text: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.keys[0].encrypt(nonce, text.encode(), name.encode())

    def open(self, name: str, sealed: bytes) -> str:
        """Raises Unreadable."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        for key in self.keys:
            try:
                return key.decrypt(nonce, rest, name.encode()).decode()
            except (InvalidTag, ValueError):
                continue
        raise Unreadable("a value was sealed with a key that is not in the configuration")
