"""Texts that other systems hand in: what judges them, and the worker that tells their submitters."""

from collections.abc import Mapping, Set

from app.assembly.channels import consultation_of
from app.assembly.parts import Parts, new_id, utc_now
from app.core.errors import PostError
from app.core.records import Callback
from app.notifying.signed import post
from app.ports import Check
from app.service import topics
from app.service.dispatching import Dispatcher
from app.service.manuscripts import ChannelTerms, Manuscripts
from app.service.switches import Switches
from app.settings.whole import Settings
from app.storage.manuscripts import SqlCallbacks, SqlManuscripts


def manuscripts_of(parts: Parts, checks: Mapping[str, Check], switches: Switches) -> Manuscripts:
    settings = parts.settings
    waits = {name: token.reply_expires_after for name, token in settings.api_tokens.items()}
    return Manuscripts(
        {
            name: ChannelTerms(
                checks[name],
                parts.decide_within(name),
                consultation_of(parts, name),
            )
            for name in settings.channels
        },
        parts.store,
        SqlManuscripts(parts.store.database),
        parts.coordinator,
        parts.observer,
        utc_now,
        new_id,
        switches.is_stopped,
        {name: wait for name, wait in waits.items() if wait is not None},
        called_back(settings),
    )


def called_back(settings: Settings) -> Set[str]:
    """The tokens that have an address to post to."""
    return frozenset(name for name, token in settings.api_tokens.items() if token.callback_url)


def callbacks_of(parts: Parts) -> Dispatcher[Callback]:
    """Also where no token has an address: what waits for one that has lost it is given up in time."""
    tokens = parts.settings.api_tokens

    async def tell(callback: Callback) -> None:
        token = tokens.get(callback.token)
        if token is None or not token.callback_url or token.callback_secret is None:
            raise PostError("no-address")
        secret = token.callback_secret.get_secret_value()
        await post(parts.http, token.callback_url, secret, callback.body, callback.hold_id, utc_now)

    return Dispatcher(
        SqlCallbacks(parts.store.database),
        tell,
        parts.coordinator,
        parts.observer,
        utc_now,
        topic=topics.CALLBACKS,
        given_up="callback.give-up",
    )
