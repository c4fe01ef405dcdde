"""Both platforms as one process: `python -m app.demo.emulator --port 8902 --accounts FILE`."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import TypeAdapter
from starlette.applications import Starlette

from app.demo.clock import SettableClock
from app.demo.control import Control
from app.demo.faults import Faults
from app.demo.inbox import Inbox
from app.demo.pushing import Pace, flowing
from app.demo.serving import serve
from app.demo.wechat_account import Followers, WeChatAccount
from app.demo.wechat_api import WeChatApi
from app.demo.wechat_platform import WeChatEmulator
from app.demo.wechat_posts import WeChatPosts
from app.demo.wechat_wire import WeChatWire, wire_of
from app.demo.weibo_account import Comments, WeiboAccount, Windows
from app.demo.weibo_api import WeiboApi
from app.demo.weibo_platform import WeiboEmulator
from app.demo.weibo_reads import WeiboReads


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the emulator must know; the guard's configuration has the other half."""

    wechat: WeChatAccount
    weibo: WeiboAccount
    wechat_webhook: str
    weibo_webhook: str
    pace: Pace = field(default_factory=Pace)


@dataclass(frozen=True, slots=True)
class Emulator:
    app: Faults
    """The ASGI application: both send APIs and the control endpoints."""
    wechat: WeChatEmulator
    weibo: WeiboEmulator
    inbox: Inbox
    clock: SettableClock
    wechat_api: WeChatApi
    wechat_posts: WeChatPosts
    weibo_api: WeiboApi


def make_emulator(
    accounts: Accounts, http: httpx.AsyncClient, wechat_wire: WeChatWire | None = None
) -> Emulator:
    """Join everything. Another `wechat_wire` makes the emulator independent of our own crypto."""
    clock, inbox = SettableClock(), Inbox()
    resends = flowing()
    followers, windows, comments = Followers(clock), Windows(clock), Comments()
    wechat = WeChatEmulator(
        accounts.wechat,
        wechat_wire or wire_of(accounts.wechat, real_time),
        accounts.wechat_webhook,
        http,
        followers,
        inbox,
        real_time,
        accounts.pace,
        resends,
    )
    weibo = WeiboEmulator(
        accounts.weibo,
        accounts.weibo_webhook,
        http,
        windows,
        comments,
        inbox,
        real_time,
        accounts.pace,
        resends,
    )
    wechat_api = WeChatApi(accounts.wechat, followers, inbox, clock)
    wechat_posts = WeChatPosts(wechat_api)
    weibo_api = WeiboApi(accounts.weibo, windows, comments, inbox, clock, weibo.ids)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        async with http:
            yield

    starlette = Starlette(
        routes=[
            *wechat_api.routes(),
            *wechat_posts.routes(),
            *weibo_api.routes(),
            *WeiboReads(weibo_api).routes(),
        ],
        lifespan=life,
    )
    faults = Faults(starlette)
    control = Control(wechat, weibo, inbox, clock, faults, wechat_api, weibo_api, resends)
    starlette.routes.extend(control.routes())
    return Emulator(faults, wechat, weibo, inbox, clock, wechat_api, wechat_posts, weibo_api)


def real_time() -> datetime:
    return datetime.now(UTC)


def new_client() -> httpx.AsyncClient:
    """Takes no proxy from the environment: everything is on loopback."""
    return httpx.AsyncClient(trust_env=False)


def write_accounts(accounts: Accounts, path: Path) -> None:
    """For `--accounts`; only the owner may read it."""
    path.touch(mode=0o600)
    path.write_bytes(TypeAdapter(Accounts).dump_json(accounts, indent=1))


def read_accounts(path: Path) -> Accounts:
    return TypeAdapter(Accounts).validate_json(path.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description="WeChat and Weibo on this machine.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--accounts", type=Path, required=True)
    parser.add_argument("--until-stdin-closes", action="store_true")
    given = parser.parse_args()
    emulator = make_emulator(read_accounts(given.accounts), new_client())
    serve(emulator.app, given.port, until_stdin_closes=given.until_stdin_closes)


if __name__ == "__main__":
    main()
