"""The real guard with strings attached: it dies exactly where it is told to, and its clock can be moved.

Nothing is replaced: each wrapper calls what it wraps, with the same arguments, and kills the process before
or after. `kill -9` of oneself is as final as of somebody else: no buffer is flushed, no block is left.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from app.assembly import judging, parts
from app.bots.webhook import WebhookBotAdapter
from app.cli.entry import main
from app.core.checker import Checker
from app.loading.ruleset import load_checker
from app.platforms.wechat.client import WeChatClient
from app.storage.sql import SqlStore
from tests.faults.steps import Step, Strings

ASKED_FOR_S = 0.02
"""How long the bot has been asked when a guard dies meanwhile."""

read_rules_once = cache(load_checker)
"""A frozen value, read before the first guard is forked off: reading it takes seconds, a fork none."""


def serve(config: Path, strings: Path) -> None:
    """`python -m app serve --config ...` in this process, until killed."""
    hang_by(Strings.at(strings))
    judging.load_checker = read_rules_once  # type: ignore[attr-defined]
    sys.argv = ["shenyan", "serve", "--config", str(config)]
    main()


def hang_by(strings: Strings) -> None:
    def at(step: Step) -> None:
        if strings.doom is step:
            strings.dying(step)
            os.kill(os.getpid(), signal.SIGKILL)

    _after(SqlStore, "claim", lambda: at(Step.AFTER_CLAIM))
    _after(SqlStore, "record", lambda: at(Step.AFTER_COMMIT))
    _before(SqlStore, "deliver", lambda: at(Step.BEFORE_SEND_RECORD))
    _before(WeChatClient, "send", lambda: at(Step.BEFORE_SEND))
    _after(WeChatClient, "send", lambda: at(Step.AFTER_SEND))
    _while_asked(lambda: at(Step.BOT_ASKED))
    _after_check(lambda: at(Step.AFTER_CHECK))
    event.listen(Engine, "commit", lambda _: at(Step.BEFORE_COMMIT))
    _move_clock(strings)


Do = Callable[[], None]


def _after(owner: type, name: str, do: Do) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def wrapped(*args: Any, **more: Any) -> Any:
        result = await real(*args, **more)
        do()
        return result

    setattr(owner, name, wrapped)


def _before(owner: type, name: str, do: Do) -> None:
    real: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def wrapped(*args: Any, **more: Any) -> Any:
        do()
        return await real(*args, **more)

    setattr(owner, name, wrapped)


def _while_asked(do: Do) -> None:
    real = WebhookBotAdapter.ask

    async def ask(*args: Any, **more: Any) -> Any:
        asyncio.get_running_loop().call_later(ASKED_FOR_S, do)
        return await real(*args, **more)

    WebhookBotAdapter.ask = ask  # type: ignore[method-assign]


def _after_check(do: Do) -> None:
    real = Checker.check

    def check(*args: Any, **more: Any) -> Any:
        verdict = real(*args, **more)
        do()
        return verdict

    Checker.check = check  # type: ignore[method-assign]


def _move_clock(strings: Strings) -> None:
    """The guard's own clock: of its decisions and of its ids. The machine's stays, others live on it."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Moved":
            # A plain datetime, whatever the annotation says: records compare and print it.
            offset = timedelta(seconds=strings.clock_offset_s)
            return datetime.now(tz or UTC) + offset  # type: ignore[return-value]

    class MovedTime:
        @staticmethod
        def time_ns() -> int:
            return time.time_ns() + strings.clock_offset_s * 1_000_000_000

    parts.datetime = Moved  # type: ignore[attr-defined]
    parts.time = MovedTime  # type: ignore[assignment, attr-defined]
