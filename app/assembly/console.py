"""What the console's pages work with, and the worker that passes work orders on."""

from collections.abc import Callable
from functools import partial

from app.assembly.elements import topics
from app.assembly.guarding import Guarding
from app.assembly.parts import Parts, new_id, utc_now
from app.assembly.people import signing_in_on
from app.core.elements.model import Elements
from app.core.explanation import Explanation, explain
from app.core.label import Label
from app.core.model import Conversation, Message, Reply
from app.core.policy import CheckPolicy
from app.core.records import WorkOrder
from app.notifying.signed import post
from app.service.dispatching import Dispatcher
from app.service.following import Current
from app.service.review import Review
from app.service.switches import Switches
from app.service.takeovers import Takeovers
from app.storage.handovers import SqlHandovers
from app.storage.statistics import SqlStatistics
from app.storage.work_orders import SqlWorkOrders
from app.web.console.parts import Channel, ConsoleParts, Watch


def console_parts(
    parts: Parts,
    review: Review,
    switches: Switches,
    extract: Callable[[Message], Elements],
    takeovers: Takeovers,
    guarding: Guarding,
) -> ConsoleParts:
    """Raises ConfigError for tables that cannot be read."""
    settings, database = parts.settings, parts.store.database
    return ConsoleParts(
        parts.store,
        review,
        signing_in_on(database, settings.console),
        parts.coordinator,
        utc_now,
        {
            name: Channel(
                parts.following.check_of(name),
                channel.title,
                channel.bot,
                partial(_policy, parts, name),
                partial(_label, parts, name),
            )
            for name, channel in settings.channels.items()
        },
        switches,
        Current(lambda: parts.following.terms.phrases),
        partial(_explain, parts),
        SqlHandovers(database),
        SqlWorkOrders(database),
        new_id,
        extract,
        SqlStatistics(database, topics(parts)),
        takeovers,
        parts.pace,
        Watch(guarding.alarms, guarding.registering, guarding.canaries, guarding.checklists),
    )


def dispatcher_of(parts: Parts) -> Dispatcher[WorkOrder] | None:
    """None: work orders are posted to nobody."""
    wanted = parts.settings.work_orders
    if not wanted.url or wanted.secret is None:
        return None
    secret = wanted.secret.get_secret_value()

    async def pass_on(order: WorkOrder) -> None:
        await post(parts.http, wanted.url, secret, order.body, order.hold_id, utc_now)

    return Dispatcher(
        SqlWorkOrders(parts.store.database), pass_on, parts.coordinator, parts.observer, utc_now
    )


def _explain(parts: Parts, channel: str, text: str, message: str) -> Explanation:
    terms, conversation = parts.following.terms, Conversation(message, channel=channel)
    return explain(terms.checker, Reply.of(text), conversation, terms.policy(channel))


def _policy(parts: Parts, channel: str) -> CheckPolicy:
    return parts.following.terms.policy(channel)


def _label(parts: Parts, channel: str) -> Label | None:
    return parts.conduct(channel).label
