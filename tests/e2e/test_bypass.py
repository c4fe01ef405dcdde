"""Ways past the guard, on the real guard: each is an alert and an audit row."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from app.assembly.own_words import require_sound_words
from app.core.bypass import Alert, AlertKind
from app.core.errors import ConfigError
from app.core.model import Conversation, Reply, Verdict
from app.core.vendors import Vendor, VendorRefused
from app.demo.inbox import Via
from app.settings.channels import HOLDING_TEXT
from app.storage.schema import vendor_tokens
from app.storage.watching import SqlWatching
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import APP_ID, Town, listener, serving, settings_for, town
from tests.e2e.test_conversation import seen, webhook_bot
from tests.values import MOCKED, RELEASED

SECRET = "guard-issued-secret"
ACME = {
    "channel": "hall",
    "secret_sha256": [hashlib.sha256(SECRET.encode()).hexdigest()],
    "scopes": ["send"],
}
CITIZEN = "o-citizen"
SEND = "/cgi-bin/message/custom/send"


async def alerts(here: Town) -> Sequence[Alert]:
    await here.guard.guarding.alarms.look()
    return await here.guard.guarding.alarms.records.open()


async def actions(here: Town) -> list[str]:
    """Of the detector's audit rows."""
    trail = [one async for one in here.guard.store.audit_trail() if one.actor == "system:bypass"]
    return [f"{one.action} {one.after}" for one in trail if one.action.startswith("bypass.")]


# --- who speaks -------------------------------------------------------------------------------


async def test_a_bot_that_sends_us_to_another_host_is_not_followed_and_told(tmp_path: Path) -> None:
    reached = []

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await RedirectResponse("/x")(scope, receive, send)

    other = listener()
    address = f"http://127.0.0.1:{other.getsockname()[1]}/"

    async def redirecting(scope: Scope, receive: Receive, send: Send) -> None:
        await RedirectResponse(address, 307)(scope, receive, send)

    async with (
        serving(elsewhere, other),
        serving(redirecting, listener()) as url,
        town(tmp_path, {"hall": webhook_bot(url, version="2.1")}) as here,
    ):
        await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
        assert seen(here.emulator.inbox.of(CITIZEN)) == [(Via.PASSIVE, HOLDING_TEXT)]
        (alert,) = await alerts(here)
        assert (alert.channel, alert.kind, alert.detail) == ("hall", AlertKind.REDIRECT, "hall/2.1")
        assert await actions(here) == ["bypass.redirect hall/2.1"]
    assert reached == []


async def test_the_bots_version_stands_with_each_exchange(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url, version="2.1")}) as here:
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            metrics = (await here.http.get("/metrics")).text
    assert 'guard_bot_answer_seconds_count{bot="hall/2.1",channel="hall"} 1.0' in metrics


async def test_a_bot_on_another_host_after_a_restart_is_told(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        for bot in (webhook_bot(url), webhook_bot("http://127.0.0.1:1/", version="3")):
            async with town(tmp_path, {"hall": bot}) as here:
                await here.guard.guarding.registering.look()
                found = {one.channel: one.detail for one in await alerts(here)}
    host = url.removeprefix("http://").rstrip("/")
    assert found["hall"] == f"bot:hall webhook {host} -> bot:hall webhook 127.0.0.1:1 3"


# --- retired tokens ---------------------------------------------------------------------------


Retire = Callable[[Town], Any]


async def revoke(here: Town) -> None:
    await here.guard.vendors.revoke("acme", "li", "换人了")


async def age(here: Town) -> None:
    """The token ended a day and an hour ago."""
    now = here.guard.vendors.clock()
    statement = update(vendor_tokens).values(expires_at=now - timedelta(hours=25))
    await here.guard.store.database.change(lambda connection: connection.execute(statement))


async def forget(here: Town) -> None:
    """The vendor is gone from the configuration."""
    known = here.guard.vendors.known
    assert isinstance(known, dict)
    known["other"] = replace(known.pop("acme"), name="other")


@pytest.mark.parametrize(
    ("retire", "what"),
    [
        pytest.param(revoke, "acme: token, revoked", id="revoked"),
        pytest.param(age, "acme: token, ended long ago", id="ended yesterday"),
        pytest.param(forget, "acme: token, vendor gone", id="of a vendor that is gone"),
    ],
)
async def test_a_push_with_a_retired_token_is_refused_and_told_once(
    tmp_path: Path, retire: Retire, what: str
) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}, tables={"vendors": {"acme": ACME}}) as here:
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            token = await fetch(here)
            assert await push(here, token) == 0
            assert await alerts(here) == []
            await retire(here)
            codes = await asyncio.gather(*(push(here, token) for _ in range(20)))
            assert set(codes) == {48001}
            (alert,) = await alerts(here)
            assert (alert.kind, alert.detail) == (AlertKind.RETIRED_TOKEN, what)
            await push(here, token, path="/cgi-bin/message/mass/sendall")
            await push(here, token, channel="weibo")
            (alert,) = await alerts(here)
            assert (alert.channel, alert.count) == ("hall", 22)
            assert await actions(here) == [f"bypass.retired-token {what}"]


async def test_a_revoked_vendors_secret_is_told_too(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}, tables={"vendors": {"acme": ACME}}) as here:
            await revoke(here)
            assert await fetch(here) == ""
            assert [one.detail for one in await alerts(here)] == ["acme: secret, revoked"]


async def test_a_token_that_has_just_ended_a_wrong_one_and_none_are_refused_and_no_alert(
    tmp_path: Path,
) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}, tables={"vendors": {"acme": ACME}}) as here:
            token = await fetch(here)
            now = here.guard.vendors.clock()
            statement = update(vendor_tokens).values(expires_at=now)
            await here.guard.store.database.change(lambda connection: connection.execute(statement))
            assert [await push(here, one) for one in (token, "guess", "")] == [48001, 48001, 41001]
            assert await alerts(here) == []


async def test_a_token_from_before_a_revocation_does_not_come_back_with_the_vendor(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}, tables={"vendors": {"acme": ACME}}) as here:
            token = await fetch(here)
            await revoke(here)
            await here.guard.vendors.restore("acme", "li", "查清了")
            with pytest.raises(VendorRefused):
                await caller(here, token)
            assert await caller(here, await fetch(here)) == here.guard.vendors.known["acme"]


async def fetch(here: Town) -> str:
    answer = await here.http.get(
        f"{here.url}/egress/wechat/hall/cgi-bin/token",
        params={"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET},
    )
    return str(answer.json().get("access_token", ""))


async def push(here: Town, token: str, path: str = SEND, channel: str = "hall") -> int:
    body = {"touser": CITIZEN, "msgtype": "text", "text": {"content": "办事大厅上午九点开门。"}}
    async with httpx.AsyncClient(trust_env=False) as http:
        url = f"{here.url}/egress/wechat/{channel}{path}"
        answer = await http.post(url, params={"access_token": token}, json=body)
    return int(answer.json()["errcode"])


async def caller(here: Town, token: str) -> Vendor:
    """Raises VendorRefused."""
    return await here.guard.vendors.caller("hall", token, "send", "127.0.0.1")


# --- at the platform --------------------------------------------------------------------------


def look(here: Town, name: str) -> Any:
    """One round of the watchman's, now; errors are the watchman's to bear."""
    watchman = here.guard.guarding.watchman
    (found,) = [one for one in watchman.rounds if one.name == name]
    return watchman.look(replace(found, everywhere=True))


async def control(here: Town, path: str, /, **wanted: object) -> None:
    emulator = httpx.ASGITransport(here.emulator.app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=emulator, base_url="http://platform") as http:
        (await http.post(f"/emulator/{path}", json=wanted)).raise_for_status()


async def test_an_automatic_reply_that_was_switched_on_again_is_told(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}) as here:
            await look(here, "autoreply:hall")
            assert await alerts(here) == []
            await control(here, "wechat/autoreply", message=True, keyword=True)
            for _ in range(2):
                await look(here, "autoreply:hall")
            assert sorted(await actions(here)) == ["bypass.autoreply keyword", "bypass.autoreply message"]
            await control(here, "wechat/autoreply", message=False)
            await look(here, "autoreply:hall")
            assert {one.key: one.over_at is None for one in await alerts(here)} == {
                "keyword": True,
                "message": False,
            }


async def test_a_platform_that_gives_no_answer_is_a_metric_and_no_alert(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}) as here:
            path = "/cgi-bin/get_current_autoreply_info"
            await control(here, "faults", path=path, errcode=48001)
            await look(here, "autoreply:hall")
            assert await alerts(here) == []
            metrics = (await here.http.get("/metrics")).text
    assert 'guard_failures_total{error="PlatformError",where="bypass"} 1.0' in metrics


async def test_without_the_accounts_secret_the_platform_is_not_asked(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(tmp_path, {"hall": webhook_bot(url)}, app_secret=None) as here:
            names = {one.name for one in here.guard.guarding.watchman.rounds}
    assert not any(name.startswith("autoreply:") for name in names)


async def test_messages_that_we_did_not_send_are_told_and_ours_are_not(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        tables = {"vendors": {"acme": ACME}}
        async with town(
            tmp_path, {"hall": webhook_bot(url)}, tables=tables, watch_messages_minutes=5
        ) as here:
            await look(here, "messages:hall")
            await move_back(here, "hall", str(int(datetime.now(UTC).timestamp()) - 60))
            await here.emulator.wechat.push(CITIZEN, fields={"Content": "几点开门？"})
            assert await push(here, await fetch(here)) == 0
            await look_later(here, "messages:hall")
            assert await alerts(here) == []
            await move_back(here, "hall", str(int(datetime.now(UTC).timestamp()) - 60))
            await control(here, "wechat/desk", user=CITIZEN, text="你不说话没人把你当哑巴")
            await look_later(here, "messages:hall")
            (alert,) = await alerts(here)
            assert (alert.kind, alert.count) == (AlertKind.FOREIGN, 1)
            assert alert.detail.endswith(" desk1@guihe")
            assert CITIZEN not in alert.detail
            await look_later(here, "messages:hall")
            assert (await alerts(here))[0].count == 1


async def test_a_comment_in_the_accounts_name_that_we_did_not_write_is_told(tmp_path: Path) -> None:
    with vendors.served(vendors.werobot_vendor("")) as url:
        weibo = {"watch_messages_minutes": 5}
        async with town(tmp_path, {"hall": webhook_bot(url)}, weibo=weibo) as here:
            await look(here, "messages:weibo")
            await control(here, "weibo/own-comments", status_id=4_000, text="烧不得，埋不得")
            await look_later(here, "messages:weibo")
            (alert,) = await alerts(here)
            assert (alert.channel, alert.kind, alert.count) == ("weibo", AlertKind.FOREIGN, 1)
            assert "烧不得" not in alert.detail


async def look_later(here: Town, name: str) -> None:
    """As if three minutes had gone by: what is new by then has settled."""
    (found,) = [one for one in here.guard.guarding.watchman.rounds if one.name == name]
    comparison = found.look.__self__  # type: ignore[attr-defined]
    await replace(comparison, clock=lambda: datetime.now(UTC) + timedelta(minutes=3)).look()


async def move_back(here: Town, channel: str, mark: str) -> None:
    await SqlWatching(here.guard.store.database).put(channel, "shown", mark, datetime.now(UTC))


# --- test messages ----------------------------------------------------------------------------

TESTER = {"users": ["o-tester"], "keyword": "值守测试", "secret": "a secret of the office's own"}


async def test_a_test_message_is_answered_by_the_guard_and_what_came_back_is_reported(
    tmp_path: Path,
) -> None:
    probe = {"sha256": hashlib.sha256(b"sy_probe").hexdigest(), "scopes": ["canary"], "channels": ["hall"]}
    with vendors.served(vendors.werobot_vendor("")) as url:
        tables = {"api_tokens": {"probe": probe}}
        async with town(tmp_path, {"hall": webhook_bot(url)}, tables=tables, canary=TESTER) as here:
            for user in ("o-tester", CITIZEN):
                await here.emulator.wechat.push(user, fields={"Content": "值守测试"})
            ((_, ours),) = seen(here.emulator.inbox.of("o-tester"))
            ((_, bots),) = seen(here.emulator.inbox.of(CITIZEN))
            assert ours.startswith("慎言值守，校验码 ")
            assert bots.startswith("已记录您的问题")
            assert await report(here, "hall", ours) == (200, {"ours": True})
            assert await alerts(here) == []
            assert await report(here, "hall", bots) == (200, {"ours": False})
            assert [one.kind for one in await alerts(here)] == [AlertKind.CANARY_WRONG]
            assert (await report(here, "weibo", ours))[0] == 403
            metrics = (await here.http.get("/metrics")).text
    assert 'guard_bypass_alerts_total{channel="hall",kind="canary-wrong"} 1.0' in metrics
    assert 'guard_bypass_alerts_open{channel="hall"} 1.0' in metrics


async def report(here: Town, channel: str, text: str) -> tuple[int, Any]:
    headers = {"Authorization": "Bearer sy_probe"}
    answer = await here.http.post("/v1/canaries", json={"channel": channel, "text": text}, headers=headers)
    return answer.status_code, answer.json()


def test_rules_that_would_hold_our_own_test_answers_are_told_at_the_start(tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path, "safe", "http://api", {"hall": webhook_bot("http://bot")}, canary=TESTER
    )

    def strict(channel: str, reply: Reply, conversation: Conversation) -> Verdict:
        return MOCKED if "校验码" in reply.text else RELEASED

    with pytest.raises(ConfigError, match=r"^channels\.hall\.canary: the channel's own rules hold it"):
        require_sound_words(settings, strict)
