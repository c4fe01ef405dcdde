"""Who may still answer the webhook: a one-shot that the timer and the relay race for."""

import asyncio
from math import inf

LEAST_S = 0.1
"""For whom little time is left gets the holding text, and a moment to be put on record."""


def remaining_s(within_s: float, waited_s: float) -> float:
    """Of an answer's time, when so much of it was over before anybody here read the message."""
    return max(min(within_s, LEAST_S), within_s - waited_s)


class Window:
    """One push's answer window. All methods run on one event loop, so no step of it is ever half done."""

    __slots__ = ("_closes_at", "_final", "_on_record", "_refused", "_taken", "repeats")

    def __init__(self, closes_at: float = inf) -> None:
        """`closes_at`: when the timer takes it, by the event loop's clock."""
        self._closes_at = closes_at
        self._taken = False
        self._final = False
        self._refused = False
        self._on_record = asyncio.Event()
        self.repeats = False
        """Whether this push is another one of a message that somebody else answers, or has answered."""

    def take(self) -> bool:
        """True for the first asker only."""
        first = not self._taken
        self._taken = True
        return first

    def close(self) -> bool:
        """The timer's last word. True: no answer leaves any more; False: one has become final before."""
        self._taken = True
        if self._final:
            return False
        self._final = True
        return True

    def finalise(self) -> bool:
        """The relay's answer is durable. True: it may leave; False: the timer was faster, it is late."""
        if self._final:
            return False
        self._final = True
        return True

    def note_on_record(self) -> None:
        """The message is durable: from here on the citizen may be told that it was received."""
        self._on_record.set()

    def note_repeat(self) -> None:
        self.repeats = True

    async def on_record(self, within_s: float) -> bool:
        """Whether the message is durable, waiting at most `within_s` seconds for it."""
        try:
            async with asyncio.timeout(within_s):
                return await self._on_record.wait()
        except TimeoutError:
            return False

    def refuse(self) -> None:
        """Nobody is told anything: the platform is to push the message again."""
        self._refused = True

    @property
    def may_be_answered(self) -> bool:
        """Whether an answer may come on record, or stand there, whatever this push hears."""
        return self._taken or self.repeats

    @property
    def told(self) -> bool:
        """Whether the timer's word, the holding text, is what this push hears."""
        return self._final and not self._refused

    def left_s(self, now: float) -> float:
        """Seconds until the timer takes it; endless once it has: nobody waits for the answer any more."""
        return inf if self._taken else self._closes_at - now

    def grace_s(self, now: float, most_s: float) -> float:
        """What is left of `most_s` seconds after the timer's turn, which a busy loop may have made late.

        At least a third of them: a note on the disk needs that.
        """
        return max(most_s / 3, min(most_s, self._closes_at + most_s - now))

    @property
    def closed(self) -> bool:
        return self._final
