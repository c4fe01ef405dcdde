"""How a channel treats its citizens, as it is configured or was published."""

from datetime import timedelta

from app.core.conduct import Conduct
from app.core.disposition import Fallbacks
from app.core.label import Label, Place
from app.core.model import Reply
from app.settings.channels import ChannelConduct


def conduct_of(wanted: ChannelConduct) -> Conduct:
    holding = Reply.of(wanted.holding_text)
    return Conduct(
        holding,
        Fallbacks(
            held=holding if wanted.when_held == "holding_text" else None,
            late=holding if wanted.when_late == "holding_text" else None,
        ),
        Label(wanted.ai_label, Place(wanted.ai_label_at)) if wanted.ai_label else None,
        wanted.takeover,
        timedelta(minutes=wanted.takeover_rests_minutes),
        wanted.posts == "review",
        timedelta(hours=wanted.posts_within_hours),
    )
