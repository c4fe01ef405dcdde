"""A test message that the guard answers itself, with a text that nobody else can write.

The answer names the minute in which the message was sent, keyed with a secret of the channel's own: the same
message has the same answer, and who does not hold the secret cannot foretell the next one.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.model import Message, MessageKind, Reply

BOT = "guard/canary"
"""Stands in the bot's place on record; no bot can have this name."""
GOOD_FOR = timedelta(minutes=30)
"""So long after the message its answer may be reported."""
_AHEAD = timedelta(minutes=2)
"""The platform's clock may be this much before ours."""
_MARKS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳"
"""Sixteen characters of the calendar: no two of them make a word that a rule knows."""


@dataclass(frozen=True, slots=True)
class Canary:
    channel: str
    users: frozenset[str]
    """The platform's ids of the test accounts: nobody else is ever answered."""
    keyword: str
    secret: bytes = field(repr=False)

    def reply(self, message: Message) -> Reply | None:
        """None: it is no test message."""
        is_test = message.kind is MessageKind.TEXT and message.text.strip() == self.keyword
        if not is_test or message.user not in self.users:
            return None
        return Reply.of(self.text_at(message.sent_at))

    def text_at(self, at: datetime) -> str:
        minute = int(at.timestamp()) // 60
        digest = hmac.digest(self.secret, f"{self.channel}:{minute}".encode(), hashlib.sha256)
        marks = "".join(_MARKS[byte >> 4] + _MARKS[byte & 15] for byte in digest[:4])
        return f"慎言值守，校验码 {marks[:4]}-{marks[4:]}"

    def is_ours(self, text: str, now: datetime) -> bool:
        """Whether `text` answers a test message of the last half hour."""
        given, at, found = text.strip().encode(errors="replace"), now + _AHEAD, False
        while at >= now - GOOD_FOR - timedelta(minutes=1):
            found |= hmac.compare_digest(given, self.text_at(at).encode())
            at -= timedelta(minutes=1)
        return found
