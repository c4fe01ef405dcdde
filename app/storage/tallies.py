"""What is counted of exchanges, holds and deliveries of a stretch of time, by channel."""

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import ColumnElement, Connection, Table, and_, func, not_, select

from app.core import canary
from app.core.model import SUBMITTED
from app.core.records import DeliveryState, ExchangeState
from app.core.submission import KEY
from app.storage.schema import deliveries, exchanges, holds

A_CITIZENS = and_(
    exchanges.c.state.in_([state.value for state in ExchangeState]),  # all of them: so the index is used
    *(not_(exchanges.c.message_key.startswith(start)) for start in (KEY, SUBMITTED)),
    exchanges.c.bot != canary.BOT,
)
"""Not what a vendor sent by itself, what another system handed in, or a test message."""
_SENT = deliveries.c.state.in_([state.value for state in DeliveryState])


@dataclass(frozen=True, slots=True)
class Waits:
    """Of exchanges; how many of them waited for the bot, and how long in all."""

    count: int = 0
    timed: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Waits") -> "Waits":
        return Waits(self.count + other.count, self.timed + other.timed, self.seconds + other.seconds)


@dataclass(slots=True)
class Tally:
    """All but the citizens of two stretches of time add up."""

    ended: dict[tuple[str, str], Waits] = field(default_factory=dict)
    """By bot and state."""
    holds: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By bot, state and categories, with blanks between."""
    deliveries: Counter[str] = field(default_factory=Counter)
    """By state."""
    citizens: set[int] = field(default_factory=set)
    """A hash of each who wrote: 64 bits, of a million followers two are alike in 3 of 100 million cases."""

    def add(self, other: "Tally") -> None:
        for key, waits in other.ended.items():
            self.ended[key] = self.ended.get(key, Waits()) + waits
        self.holds.update(other.holds)
        self.deliveries.update(other.deliveries)
        self.citizens |= other.citizens


def within(
    table: Table,
    moment: ColumnElement[datetime],
    starts: datetime,
    ends: datetime,
    channels: Sequence[str] | None,
) -> ColumnElement[bool]:
    stretch = and_(moment >= starts, moment < ends)
    return stretch if channels is None else and_(stretch, table.c.channel.in_(channels))


def count(
    connection: Connection, starts: datetime, ends: datetime, channels: Sequence[str] | None
) -> Mapping[str, Tally]:
    """By channel; one where nothing was has none."""
    found: dict[str, Tally] = {}

    def of(channel: str) -> Tally:
        return found.setdefault(channel, Tally())

    came = and_(A_CITIZENS, within(exchanges, exchanges.c.received_at, starts, ends, channels))
    seconds = exchanges.c.bot_seconds
    by = (exchanges.c.channel, exchanges.c.bot, exchanges.c.state)
    sums = (func.count(), func.count(seconds), func.sum(seconds))
    for channel, bot, state, *waits in connection.execute(select(*by, *sums).where(came).group_by(*by)):
        of(channel).ended[bot, state] = Waits(waits[0], waits[1], waits[2] or 0.0)

    who = select(exchanges.c.channel, exchanges.c.user_id).where(came).distinct()
    for channel, user in connection.execute(who):
        of(channel).citizens.add(_hash(channel, user))

    made = within(holds, holds.c.created_at, starts, ends, channels)
    by_hold = (holds.c.channel, exchanges.c.bot, holds.c.state, holds.c.categories)
    told = select(*by_hold, func.count()).join(exchanges, exchanges.c.id == holds.c.exchange_id)
    for channel, *key, number in connection.execute(told.where(made).group_by(*by_hold)):
        of(channel).holds[key[0], key[1], key[2]] = number

    sent = and_(_SENT, within(deliveries, deliveries.c.created_at, starts, ends, channels))
    by_delivery = (deliveries.c.channel, deliveries.c.state)
    query = select(*by_delivery, func.count()).where(sent).group_by(*by_delivery)
    for channel, state, number in connection.execute(query):
        of(channel).deliveries[state] = number
    return found


def total(parts: Iterable[Tally]) -> Tally:
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


def _hash(channel: str, user: str) -> int:
    said = f"{channel}\0{user}".encode()
    return int.from_bytes(blake2b(said, digest_size=8).digest(), "little")


# --- as it is kept ------------------------------------------------------------------------------


def packed(tally: Tally) -> tuple[str, bytes]:
    """JSON of the counts, and the citizens: eight bytes each."""
    counts = {
        "ended": [[*key, waits.count, waits.timed, waits.seconds] for key, waits in tally.ended.items()],
        "holds": [[*key, number] for key, number in tally.holds.items()],
        "deliveries": dict(tally.deliveries),
    }
    return json.dumps(counts, ensure_ascii=False), array("Q", sorted(tally.citizens)).tobytes()


def unpacked(body: str, citizens: bytes) -> Tally:
    counts = json.loads(body)
    hashes = array("Q")
    hashes.frombytes(citizens)
    return Tally(
        {(bot, state): Waits(*waits) for bot, state, *waits in counts["ended"]},
        Counter({(bot, state, names): number for bot, state, names, number in counts["holds"]}),
        Counter(counts["deliveries"]),
        set(hashes),
    )
