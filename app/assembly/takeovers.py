"""Who looks, channel by channel, whether a message is for a person."""

from collections.abc import Callable, Mapping

from app.assembly.parts import Parts, utc_now
from app.core.elements.kinds import may_be_grave
from app.core.elements.model import Elements, Urgency
from app.core.model import Message, Reply
from app.core.takeover import PHRASES, Reason
from app.service.following import Current
from app.service.takeovers import Reception, Takeovers
from app.storage.takeovers import SqlTakeovers


def takeovers_of(parts: Parts) -> Takeovers:
    channels = parts.settings.channels
    rests = Current(lambda: {name: parts.conduct(name).rests_after for name in channels})
    records = SqlTakeovers(parts.store.database)
    return Takeovers(records, parts.coordinator, parts.observer, utc_now, rests)


def reception_of(
    parts: Parts,
    name: str,
    takeovers: Takeovers,
    extract: Callable[[Message], Elements],
) -> Reception:
    def is_emergency(message: Message) -> bool:
        # The closer look takes half a millisecond, so only who may be in danger gets it.
        return may_be_grave(message.text) and extract(message).urgency is Urgency.EXTREME

    def spoken() -> Mapping[Reason, Reply]:
        phrases = parts.following.terms.phrases
        return {
            reason: Reply.of(phrases[phrase].text)
            for reason, phrase in PHRASES.items()
            if phrase in phrases and not phrases[phrase].gaps
        }

    return Reception(
        name,
        takeovers,
        is_emergency,
        Current(spoken),
        lambda: parts.following.terms.version,
        lambda: parts.conduct(name).takeover,
    )
