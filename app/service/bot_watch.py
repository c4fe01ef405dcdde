"""Hears of every exchange, and tells when a channel's bot fails again and again, and when it is back."""

from collections import Counter
from collections.abc import Callable, Sequence

from app.core import canary
from app.core.bypass import Alert, AlertKind, Suspicion
from app.core.model import Message
from app.core.notices import Notice, NoticeKind
from app.core.records import Delivery, Exchange, ExchangeState, Hold
from app.ports import Clock
from app.service.share import BUSY

Tell = Callable[[Sequence[Notice]], None]
Suspect = Callable[[Suspicion], None]
FAILED = "bot-"
"""What the reason of an exchange begins with that the bot gave nothing usable for."""
REDIRECTED = "bot-redirect"
UNASKED = f"{FAILED}{BUSY}"
"""Nobody asked it: more came than it keeps up with. Whether it is down, those know that wait for it."""


class BotWatch:
    """An Observer. `down_after`: failures on end that make a bot count as down."""

    def __init__(self, clock: Clock, down_after: int) -> None:
        self._clock = clock
        self._down_after = down_after
        self._failures: Counter[str] = Counter()
        self.tell: Tell = lambda notices: None
        """Who wants to hear of it sets this."""
        self.suspect: Suspect = lambda suspicion: None
        """The same, for a bot that sends us elsewhere."""

    def exchange_finished(self, exchange: Exchange) -> None:
        channel = exchange.message.channel
        if exchange.bot == canary.BOT:  # our own answer says nothing of the bot
            return
        if exchange.why == REDIRECTED:
            self.suspect(Suspicion(channel, AlertKind.REDIRECT, exchange.bot, exchange.bot))
        if exchange.state is ExchangeState.UNANSWERED and exchange.why.startswith(FAILED):
            if exchange.why == UNASKED:
                return
            self._failures[channel] += 1
            if self._failures[channel] == self._down_after:
                self.tell([Notice(NoticeKind.BOT_DOWN, self._clock(), channel)])
        elif exchange.reply is not None and self._failures.pop(channel, 0) >= self._down_after:
            self.tell([Notice(NoticeKind.BOT_BACK, self._clock(), channel)])

    def webhook_answered(self, channel: str, answer: str, seconds: float) -> None: ...

    def opinion_given(self, channel: str, answer: str, seconds: float) -> None: ...

    def hold_settled(self, hold: Hold) -> None: ...

    def delivery_finished(self, delivery: Delivery) -> None: ...

    def coordination_changed(self, trouble: str) -> None: ...
    def alert_raised(self, alert: Alert) -> None: ...
    def message_spooled(self, message: Message) -> None: ...

    def failed(self, where: str, error: BaseException, **ids: str) -> None: ...
