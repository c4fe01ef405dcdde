"""The channels whose chat models integrators may ask through the guard."""

from collections.abc import Mapping
from functools import partial

from app.assembly.channels import bot_name
from app.assembly.parts import Parts, new_id, utc_now
from app.assembly.shares import Means
from app.bots.completions import Completions
from app.core.errors import BotError
from app.ports import Check
from app.service.gateway import Ask, Gateway
from app.service.share import BUSY
from app.service.switches import Switches
from app.settings.bots import ChatBot


def gateways_of(parts: Parts, checks: Mapping[str, Check], switches: Switches) -> Mapping[str, Gateway]:
    settings = parts.settings
    found: dict[str, Gateway] = {}
    for name, channel in settings.channels.items():
        bot = settings.bots[channel.bot]
        if not isinstance(bot, ChatBot):
            continue
        found[name] = Gateway(
            name,
            bot_name(settings, channel),
            _ask(parts.means[name], bot),
            checks[name],
            parts.store,
            parts.coordinator,
            parts.observer,
            utc_now,
            new_id,
            partial(parts.conduct, name),
            partial(switches.is_stopped, name),
            parts.decide_within(name),
        )
    return found


def _ask(means: Means, bot: ChatBot) -> Ask:
    """With the office's own system prompt first, whatever the integrator's says."""

    async def ask(request: Mapping[str, object]) -> str:
        given = request.get("messages")
        system = [{"role": "system", "content": bot.system_prompt}] if bot.system_prompt else []
        messages = [*system, *(given if isinstance(given, list) else [])]
        wanted = {**request, "model": bot.model, "messages": messages, "stream": False}
        if not await means.bot.take():
            raise BotError("as many messages as the channel may have wait for its bot", code=BUSY)
        try:
            return await Completions(means.session, bot.url, bot.api_key, bot).whole(wanted)
        finally:
            means.bot.give()

    return ask
