"""Messages as entries of a spool file. Pure.

An entry is MAGIC, the lengths of its two parts (big-endian, 4 bytes each), the SHA-256 of lengths and parts,
then the parts: the message as JSON, and the push as it was. Whatever was cut off half-way shows.
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.core.errors import StoreError
from app.core.model import Message
from app.storage.documents import message_json, message_of

MAGIC = b"SYS1"
_LENGTHS = struct.Struct(">II")
_SUM_BYTES = hashlib.sha256().digest_size
_HEAD_BYTES = len(MAGIC) + _LENGTHS.size + _SUM_BYTES


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds."""

    messages: Sequence[Message]
    unread: int
    """Bytes of entries that are not whole or make no sense; 0: all was read."""


def entry_of(message: Message) -> bytes:
    told, raw = message_json(message).encode(), message.raw
    lengths = _LENGTHS.pack(len(told), len(raw))
    return b"".join((MAGIC, lengths, _sum(lengths, told, raw), told, raw))


def read_entries(data: bytes) -> Found:
    """All up to the first that is not whole. What follows that one is not looked for: a message may quote
    a whole entry, and must not be taken for one. One that is whole and makes no sense is passed over."""
    messages: list[Message] = []
    at = passed = 0
    while at < len(data):
        body = at + _HEAD_BYTES
        head = data[at:body]
        if len(head) < _HEAD_BYTES or not head.startswith(MAGIC):
            break
        lengths, expected = head[len(MAGIC) : -_SUM_BYTES], head[-_SUM_BYTES:]
        told_bytes, raw_bytes = _LENGTHS.unpack(lengths)
        told = data[body : body + told_bytes]
        end = body + told_bytes + raw_bytes
        raw = data[body + told_bytes : end]
        if end > len(data) or _sum(lengths, told, raw) != expected:
            break
        try:
            messages.append(replace(message_of(told.decode()), raw=raw))
        except (StoreError, UnicodeDecodeError):  # written by a version that knows more
            passed += end - at
        at = end
    return Found(messages, passed + len(data) - at)


def _sum(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
