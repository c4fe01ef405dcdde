"""How a channel treats its citizens, beside what its rules hold."""

from dataclasses import dataclass
from datetime import timedelta

from app.core.disposition import Fallbacks
from app.core.label import Label
from app.core.model import Reply


@dataclass(frozen=True, slots=True)
class Conduct:
    holding: Reply
    """Said where something must be said and the reply waits."""
    fallbacks: Fallbacks
    label: Label | None
    """Of generated content; None: none is asked for."""
    takeover: bool
    """Whether people answer, instead of the bot, who asks for them or needs them."""
    rests_after: timedelta
    """A conversation in which the citizen did not write for so long goes back to the bot."""
    posts_held: bool
    """Whether a person sees every post before it is published."""
    posts_within: timedelta
    """How long what no window of a citizen's bounds may wait for a person."""
