"""What vendors send to many: a person sees it first, and what was released is what goes out."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from wechatpy import WeChatClient
from werobot.client import Client as WeRoBotClient

from app.core.egress import NEVER_TOLD
from app.core.records import DeliveryState
from app.demo.wechat_posts import EVERYBODY
from app.ports import HoldFilter
from tests.e2e.surroundings import APP_ID, Town
from tests.e2e.test_second_door import CITIZEN, POLITE, RUDE, SECRET, attacker, door, held, vendor

SCOPES = ["send", "media", "read", "posts", "templates", "comments"]
ARTICLE = {"title": "办事指南", "content": "<p>办事大厅<b>上午九点</b>开门。</p>", "thumb_media_id": "thumb"}


@asynccontextmanager
async def press(folder: Path, **channel: Any) -> AsyncIterator[Town]:
    """A vendor that may post, at a channel where pictures alone hold nothing."""
    async with door(folder, {"acme": vendor(scopes=SCOPES)}, **channel) as here:
        yield here


def seen_by(here: Town, user: str = EVERYBODY) -> list[str]:
    return [received.text for received in here.emulator.inbox.of(user)]


async def call(http: httpx.AsyncClient, token: str, path: str, **fields: Any) -> dict[str, Any]:
    body = json.dumps(fields, ensure_ascii=False).encode()
    answer = await http.post(f"/cgi-bin/{path}", params={"access_token": token}, content=body)
    told: dict[str, Any] = answer.json()
    return told


async def decide(here: Town, hold_id: str, step: str, **fields: Any) -> httpx.Response:
    version = (await here.http.get(f"/v1/holds/{hold_id}")).json()["version"]
    return await here.http.post(f"/v1/holds/{hold_id}/{step}", json={"version": version, **fields})


async def appeared(here: Town, count: int = 1) -> list[str]:
    """What everybody sees, once there is so much of it."""
    return [one.text for one in await here.emulator.inbox.at_least(EVERYBODY, count, 10)]


# --- vendors' libraries -----------------------------------------------------------------------


async def test_wechatpys_mass_message_waits_however_polite_and_goes_out_once_released(
    tmp_path: Path, at_the_stand: Any
) -> None:
    async with press(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeChatClient(APP_ID, SECRET)
        answer = await asyncio.to_thread(client.message.send_mass_text, None, POLITE, True)
        assert answer["errcode"] == 0
        assert isinstance(answer["msg_id"], int)
        assert seen_by(here) == []
        await decide(here, answer["shenyan_hold"], "approve")
        assert await appeared(here) == [POLITE]


async def test_every_call_of_wechatpy_that_carries_words_is_read(tmp_path: Path, at_the_stand: Any) -> None:
    data = {"thing1": {"value": RUDE}}
    async with press(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        send = WeChatClient(APP_ID, SECRET).message
        for made, words in (
            (lambda: send.send_mass_text([CITIZEN, "o-other"], RUDE), RUDE),
            (lambda: send.send_mass_text(CITIZEN, RUDE, preview=True), RUDE),
            (lambda: send.send_mass_image(None, "media-1", True), ""),
            (lambda: send.send_mass_voice(None, "media-1", True), ""),
            (lambda: send.send_mass_card(None, "card-1", True), ""),
            (lambda: send.send_template(CITIZEN, "t-1", data, "http://a/"), RUDE),
            (lambda: send.send_subscribe_template(CITIZEN, "t-1", "7", "题目", data), RUDE),
        ):
            before = await held(here)
            await asyncio.to_thread(made)
            after = await held(here)
            assert len(after) == len(before) + 1
            assert words in "\n".join(after)
        assert (seen_by(here), seen_by(here, "o-other")) == ([], [])


async def test_werobots_preview_and_template_are_read(tmp_path: Path, at_the_stand: Any) -> None:
    async with press(tmp_path) as here:
        at_the_stand(f"{here.url}/egress/wechat/hall")
        client = WeRoBotClient({"APP_ID": APP_ID, "APP_SECRET": SECRET})
        await asyncio.to_thread(client.send_mass_preview_to_user, "text", RUDE, CITIZEN, "openid")
        await asyncio.to_thread(client.send_template_message, CITIZEN, "t-1", {"first": {"value": RUDE}})
        assert [RUDE in one for one in await held(here)] == [True, True]


# --- a draft is published as it was judged ------------------------------------------------------


async def submitted_draft(here: Town, http: httpx.AsyncClient, token: str) -> tuple[str, dict[str, Any]]:
    draft = await call(http, token, "draft/add", articles=[ARTICLE])
    return draft["media_id"], await call(http, token, "freepublish/submit", media_id=draft["media_id"])


async def test_a_draft_is_shown_whole_and_published_once_a_person_released_it(tmp_path: Path) -> None:
    async with press(tmp_path) as here, attacker(here) as (http, token):
        _, answer = await submitted_draft(here, http, token)
        assert answer["publish_id"] == answer["shenyan_hold"]
        assert await held(here) == ["办事指南\n办事大厅上午九点开门。"]
        await decide(here, answer["shenyan_hold"], "approve")
        assert [ARTICLE["title"] in one for one in await appeared(here)] == [True]
        (delivery,) = (await here.guard.store.deliveries(tuple(DeliveryState), None, "", 10)).items
        async with asyncio.timeout(10):
            while delivery.state is not DeliveryState.DELIVERED:
                delivery = await here.guard.store.delivery(delivery.id)
        assert json.loads(delivery.receipt)["publish_id"].isdecimal()


async def test_a_draft_that_was_changed_after_its_release_waits_anew(tmp_path: Path) -> None:
    async with press(tmp_path) as here, attacker(here) as (http, token):
        media_id, answer = await submitted_draft(here, http, token)
        changed = {**ARTICLE, "content": f"<p>{RUDE}</p>"}
        assert (await call(http, token, "draft/update", media_id=media_id, index=0, articles=changed))[
            "errcode"
        ] == 0
        await decide(here, answer["shenyan_hold"], "approve")
        async with asyncio.timeout(10):
            while not (waiting := (await here.guard.store.holds(HoldFilter())).items):
                await here.guard.courier.run_once()
        assert RUDE in waiting[0].reply.text
        assert waiting[0].id != answer["shenyan_hold"]
        failed = await here.guard.store.deliveries((DeliveryState.FAILED,), None, "", 10)
        assert [one.why for one in failed.items] == ["draft-changed"]
        assert seen_by(here) == []


async def test_a_draft_is_not_edited_here(tmp_path: Path) -> None:
    async with press(tmp_path) as here, attacker(here) as (http, token):
        _, answer = await submitted_draft(here, http, token)
        refused = await decide(here, answer["shenyan_hold"], "edit", text=POLITE)
        assert refused.status_code == 422
        assert "只能原样放行" in refused.json()["detail"]


async def test_where_policy_only_checks_a_preview_passes_and_brings_the_platforms_answer(
    tmp_path: Path,
) -> None:
    async with press(tmp_path) as here, attacker(here) as (http, token):
        text = {"msgtype": "text", "text": {"content": POLITE}}
        answer = await call(http, token, "message/mass/preview", touser="o-chief", **text)
        assert answer["errmsg"] == "ok"
        assert isinstance(answer["msg_id"], int)
        assert seen_by(here, "o-chief") == [POLITE]
        mass = {"filter": {"is_to_all": True}, **text}
        assert "shenyan_hold" in await call(http, token, "message/mass/sendall", **mass)


async def test_where_the_office_trusts_the_check_a_polite_mass_message_passes(tmp_path: Path) -> None:
    async with press(tmp_path, posts="check") as here, attacker(here) as (http, token):
        mass = {"filter": {"is_to_all": True}, "msgtype": "text"}
        for text in (POLITE, RUDE):
            await call(http, token, "message/mass/sendall", **mass, text={"content": text})
        assert (seen_by(here), await held(here)) == ([POLITE], [RUDE])


async def test_an_answer_to_a_comment_is_checked_and_may_be_edited(tmp_path: Path) -> None:
    below = {"msg_data_id": 7, "index": 0, "user_comment_id": 9}
    async with press(tmp_path) as here, attacker(here) as (http, token):
        assert (await call(http, token, "comment/reply/add", **below, content=POLITE))["errmsg"] == "ok"
        answer = await call(http, token, "comment/reply/add", **below, content=RUDE)
        await decide(here, answer["shenyan_hold"], "edit", text="您好，九点开门。")
        assert await appeared(here, 2) == [POLITE, "您好，九点开门。"]


# --- attackers --------------------------------------------------------------------------------

PATHS = (
    "message/mass/sendall",
    "message/mass/send",
    "message/mass/preview",
    "freepublish/submit",
    "message/template/send",
    "message/subscribe/bizsend",
    "message/template/subscribe",
    "comment/reply/add",
    "draft/add",
    "draft/update",
)


async def test_who_may_only_send_messages_posts_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as here, attacker(here) as (http, token):
        codes = {path: (await call(http, token, path, media_id="m"))["errcode"] for path in PATHS}
        assert set(codes.values()) == {48001}


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        pytest.param("message/mass/sendall", {"msgtype": "text", "text": {"content": "x"}}, id="to whom"),
        pytest.param(
            "message/mass/sendall",
            {"filter": {"is_to_all": "true"}, "msgtype": "text", "text": {"content": "x"}},
            id="a text for a truth",
        ),
        pytest.param(
            "message/mass/send",
            {"touser": [CITIZEN], "msgtype": "text", "text": {"content": "x"}},
            id="a list of one",
        ),
        pytest.param(
            "message/mass/send",
            {"touser": [CITIZEN, {}], "msgtype": "text", "text": {"content": "x"}},
            id="a follower that is none",
        ),
        pytest.param("freepublish/submit", {"media_id": "never-was"}, id="a draft that is none"),
        pytest.param("freepublish/submit", {"media_id": ["m"]}, id="a list of drafts"),
        pytest.param("message/template/send", {"touser": CITIZEN, "template_id": "t"}, id="no values"),
        pytest.param(
            "message/template/send",
            {"touser": CITIZEN, "template_id": "t", "data": {"a": {"value": {"b": "滚"}}}},
            id="words hidden in a value",
        ),
        pytest.param("draft/add", {"articles": [{"title": "t", "content": 7}]}, id="content that is no text"),
        pytest.param(
            "draft/add",
            {"articles": [{"title": "t", "content": "x", "article_type": "newspic"}]},
            id="an article of pictures",
        ),
        pytest.param("comment/reply/add", {"content": "x"}, id="a comment below nothing"),
    ],
)
async def test_what_is_no_call_of_the_platforms_reaches_nobody(
    tmp_path: Path, path: str, fields: dict[str, Any]
) -> None:
    async with press(tmp_path, posts="check") as here, attacker(here) as (http, token):
        code = (await call(http, token, path, **fields))["errcode"]
        assert code not in NEVER_TOLD | {0}
        assert (seen_by(here), await held(here), here.emulator.wechat_posts.drafts) == ([], [], {})


async def test_what_no_one_reads_never_reaches_the_platform(tmp_path: Path) -> None:
    async with press(tmp_path) as here, attacker(here) as (http, token):
        article = {**ARTICLE, "secret_field": RUDE}
        await call(http, token, "draft/add", articles=[article])
        (kept,) = here.emulator.wechat_posts.drafts.values()
        assert kept == [ARTICLE]


async def test_hidden_words_of_an_article_are_words(tmp_path: Path) -> None:
    hidden = f'<section style="display:none">{RUDE}</section><img alt="{RUDE}" src="x">'
    async with press(tmp_path) as here, attacker(here) as (http, token):
        draft = await call(http, token, "draft/add", articles=[{**ARTICLE, "content": hidden}])
        await call(http, token, "freepublish/submit", media_id=draft["media_id"])
        assert (await held(here))[0].count(RUDE) == 2
