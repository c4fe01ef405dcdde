"""Who looks, channel by channel, whether a message is for a person."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from app.assembly.parts import Parts, utc_now
from app.core.elements.kinds import may_be_grave
from app.core.elements.model import Elements, Urgency
from app.core.label import Label, Place
from app.core.model import Message, Reply
from app.core.takeover import PHRASES, Reason
from app.service.following import Current
from app.service.takeovers import Reception, Takeovers
from app.settings.channels import AnyChannel
from app.storage.takeovers import SqlTakeovers


def takeovers_of(parts: Parts) -> Takeovers:
    rests = {
        name: timedelta(minutes=channel.takeover_rests_minutes)
        for name, channel in parts.settings.channels.items()
    }
    records = SqlTakeovers(parts.store.database)
    return Takeovers(records, parts.coordinator, parts.observer, utc_now, rests)


def reception_of(
    parts: Parts,
    name: str,
    takeovers: Takeovers,
    extract: Callable[[Message], Elements],
) -> Reception | None:
    """None: every message of the channel goes to the bot."""
    if not parts.settings.channels[name].takeover:
        return None

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

    return Reception(name, takeovers, is_emergency, Current(spoken), lambda: parts.following.terms.version)


def label_of(channel: AnyChannel) -> Label | None:
    return Label(channel.ai_label, Place(channel.ai_label_at)) if channel.ai_label else None
