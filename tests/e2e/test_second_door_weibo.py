"""A vendor at Weibo's stand-in, with plain HTTP clients: nothing it tries reaches anybody unchecked."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from app.demo.faults import Fault, FaultKind
from app.demo.inbox import Via
from app.ports import HoldFilter
from tests.bots import test_vendor_frameworks as vendors
from tests.e2e.surroundings import WEIBO_TOKEN, Town, town
from tests.e2e.test_conversation import webhook_bot

RUDE = "滚，别再来问，听不懂人话吗"
POLITE = "办事大厅上午九点开门。"
NEWS = "办事大厅国庆期间正常开门，详见 https://www.example.gov.cn/notice"
CITIZEN = 2489518277
ACCOUNT = 1902538057
POST = 3700000000000001
MESSAGE = "/2/messages/reply.json"
CREATE, REPLY = "/2/comments/create.json", "/2/comments/reply.json"
SHARE, MASS = "/2/statuses/share.json", "/2/messages/sendall.json"
TO_ME = "/2/comments/to_me.json"
SCOPES = ["send", "comments", "posts", "read"]


@dataclass(frozen=True, slots=True)
class Door:
    town: Town
    base: str
    token: str

    def received(self, *by: Via) -> list[str]:
        """What reached anybody, by the API."""
        inbox, found = self.town.emulator.inbox, []
        for user in (CITIZEN, ACCOUNT):
            found += [one.text for one in inbox.of(str(user)) if one.via in (by or _OURS)]
        return found

    @property
    def calls(self) -> list[tuple[str, Mapping[str, str]]]:
        """What reached the platform at all."""
        return self.town.emulator.weibo_api.calls

    async def held(self) -> list[str]:
        page = await self.town.guard.store.holds(HoldFilter())
        return [hold.reply.text for hold in page.items]

    async def post(self, path: str, **fields: object) -> dict[str, Any]:
        """As a vendor's own code does, by `requests`."""
        form = {"access_token": self.token, **fields}
        answer = await asyncio.to_thread(_session().post, self.base + path, data=form, timeout=10)
        told: dict[str, Any] = answer.json()
        return told

    async def release(self, hold_id: str, text: str = "") -> None:
        """A person approves, or edits, and the courier comes by."""
        http, path = self.town.http, f"/v1/holds/{hold_id}"
        wanted = {"version": 1, **({"text": text} if text else {})}
        done = await http.post(f"{path}/{'edit' if text else 'approve'}", json=wanted)
        assert done.status_code == 200, done.text
        before = len(self.received())
        async with asyncio.timeout(10):
            while len(self.received()) == before:
                await self.town.guard.courier.run_once()


_OURS = (Via.API, Via.COMMENT, Via.POST)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


@asynccontextmanager
async def door(folder: Path, vendor: Mapping[str, Any] | None = None, **channel: Any) -> AsyncIterator[Door]:
    """A citizen has just written, so that a window is open."""
    tables = {"vendors": {"acme": {"channel": "weibo", "scopes": SCOPES, **(vendor or {})}}}
    with vendors.served(vendors.werobot_vendor("")) as url:
        async with town(folder, {"hall": webhook_bot(url)}, tables=tables, weibo=channel) as here:
            await here.emulator.weibo.push(CITIZEN, text="几点开门？")
            token = await here.guard.vendors.issue("acme", timedelta(days=365), "li")
            yield Door(here, f"{here.url}/egress/weibo/weibo", token)


def words(text: str = RUDE) -> dict[str, object]:
    return {"receiver_id": CITIZEN, "type": "text", "data": json.dumps({"text": text}, ensure_ascii=False)}


# --- private messages -------------------------------------------------------------------------


async def test_a_private_message_arrives_and_the_vendor_has_the_platforms_answer(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        answer = await here.post(MESSAGE, **words(POLITE))
        assert answer == {"result": True, "sender_id": str(ACCOUNT), "receiver_id": str(CITIZEN)}
        assert here.received() == [POLITE]
        ((_, form),) = here.calls
        assert (form["access_token"], here.token in str(form)) == (WEIBO_TOKEN, False)


@pytest.mark.parametrize("path", [MESSAGE, "/2/messages/reply/biz.json"])
async def test_a_rude_one_waits_and_what_a_person_makes_of_it_arrives(tmp_path: Path, path: str) -> None:
    async with door(tmp_path, uid=str(ACCOUNT)) as here:
        answer = await here.post(path, **words())
        hold = answer.pop("shenyan_hold")
        assert answer == {"result": True, "sender_id": str(ACCOUNT), "receiver_id": str(CITIZEN)}
        assert (here.calls, await here.held()) == ([], [RUDE])
        await here.release(hold, POLITE)
        assert here.received() == [POLITE]


async def test_articles_are_read_and_checked(tmp_path: Path) -> None:
    article = {"display_name": "通知", "summary": RUDE, "image": "", "url": "https://www.example.gov.cn"}
    async with door(tmp_path) as here:
        data = json.dumps({"articles": [article]})
        await here.post(MESSAGE, receiver_id=CITIZEN, type="articles", data=data)
        (held,) = await here.held()
        assert (RUDE in held, here.calls) == (True, [])


async def test_who_has_not_written_is_written_to_by_nobody(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        answer = await here.post(MESSAGE, **{**words(POLITE), "receiver_id": 77})
        assert (answer["error_code"], answer["request"]) == (10014, MESSAGE)
        assert (here.calls, await here.held()) == ([], [])


async def test_a_text_that_is_too_long_hears_it_in_weibos_code(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        private = await here.post(MESSAGE, **words("好" * 300))
        public = await here.post(CREATE, id=POST, comment="好" * 141)
        assert (private["error_code"], public["error_code"]) == (20013, 20012)
        assert here.calls == []


@pytest.mark.parametrize(("when_held", "code"), [(45047, 10024), (48001, 10014)])
async def test_a_held_one_is_answered_as_the_office_wishes(tmp_path: Path, when_held: int, code: int) -> None:
    async with door(tmp_path, {"when_held": when_held}) as here:
        answer = await here.post(MESSAGE, **words())
        assert (answer["error_code"], bool(answer["shenyan_hold"])) == (code, True)
        assert await here.held() == [RUDE]


async def test_records_hold_no_vendors_token(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        await here.post(MESSAGE, **words())
        page = await here.town.guard.store.holds(HoldFilter())
        kept = page.items[0].message.raw
        assert (here.token.encode() in kept, json.loads(kept)["type"]) == (False, "text")


# --- comments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [CREATE, "/2/comments/create/biz.json"])
async def test_a_comment_below_a_post_arrives(tmp_path: Path, path: str) -> None:
    async with door(tmp_path) as here:
        here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        answer = await here.post(path, id=POST, comment=POLITE, rip="6.6.6.6")
        assert (answer["text"], answer["status"]["id"]) == (POLITE, POST)
        ((_, form),) = here.calls
        assert (form["comment_ori"], form["rip"]) == ("0", "127.0.0.1")


@pytest.mark.parametrize("path", [REPLY, "/2/comments/reply/biz.json"])
async def test_a_comment_is_answered_with_the_words_that_were_checked_and_no_others(
    tmp_path: Path, path: str
) -> None:
    async with door(tmp_path) as here:
        asked = here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        tricks = {"without_mention": "0", "comment_ori": "1"}
        answer = await here.post(path, id=POST, cid=asked.id, comment=POLITE, **tricks)
        assert (answer["text"], answer["reply_comment"]["id"]) == (POLITE, asked.id)
        ((_, form),) = here.calls
        assert (form["comment_ori"], form["without_mention"]) == ("0", "1")


async def test_a_rude_comment_waits_under_a_name_of_ours_and_a_released_one_arrives(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        asked = here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        answer = await here.post(REPLY, id=POST, cid=asked.id, comment=RUDE)
        assert (answer["text"], answer["idstr"]) == (RUDE, str(answer["id"]))
        assert (here.calls, await here.held()) == ([], [RUDE])
        await here.release(answer["shenyan_hold"], POLITE)
        assert here.received() == [POLITE]
        assert here.calls[-1][1]["cid"] == str(asked.id)


async def test_what_weibo_refuses_is_told_in_its_own_code(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        await here.post(CREATE, id=POST, comment=POLITE)
        twice = await here.post(CREATE, id=POST, comment=POLITE)
        gone = await here.post(CREATE, id=POST + 1, comment="谢谢您的留言。")
        assert (twice["error_code"], gone["error_code"]) == (20019, 20101)


async def test_what_may_have_arrived_is_told_as_success_and_never_sent_again(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        here.town.emulator.app.add(Fault(CREATE, FaultKind.DROP_AFTER_DOING))
        answer = await here.post(CREATE, id=POST, comment=POLITE)
        assert (answer["text"], "shenyan_hold" in answer) == (POLITE, False)
        await here.town.guard.courier.run_once()
        counts = await here.town.guard.store.counts()
        assert (len(here.calls), counts["deliveries_uncertain"]) == (1, 1)


# --- posts ------------------------------------------------------------------------------------


async def test_a_harmless_post_waits_for_a_person_and_then_appears(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        answer = await here.post(SHARE, status=NEWS)
        assert answer["text"] == NEWS
        assert (here.calls, await here.held()) == ([], [NEWS])
        await here.release(answer["shenyan_hold"])
        assert here.received(Via.POST) == [NEWS]


async def test_where_the_office_wishes_only_the_check_holds_posts(tmp_path: Path) -> None:
    async with door(tmp_path, posts="check") as here:
        answer = await here.post(SHARE, status=NEWS)
        assert (answer["text"], here.received(Via.POST)) == (NEWS, [NEWS])
        await here.post(SHARE, status=f"{RUDE} https://www.example.gov.cn")
        assert here.received(Via.POST) == [NEWS]


async def test_a_picture_is_not_posted(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        files = {"pic": ("a.png", b"\x89PNG", "image/png")}
        form = {"access_token": here.token, "status": NEWS}
        answer = await asyncio.to_thread(_session().post, here.base + SHARE, data=form, files=files)
        assert answer.json()["error_code"] == 10008
        hidden = await here.post(SHARE, status=NEWS, visible="1")
        assert (hidden["error_code"], here.calls, await here.held()) == (10008, [], [])


async def test_a_mass_message_waits_for_a_person(tmp_path: Path) -> None:
    wanted = {"touser": [str(CITIZEN)], "text": {"content": POLITE}, "msgtype": "text"}
    async with door(tmp_path) as here, httpx.AsyncClient(base_url=here.base, trust_env=False) as http:
        answer = (await http.post(MASS, params={"access_token": here.token}, json=wanted)).json()
        assert (answer["result"], answer["msg_id"] > 0, here.calls) == (True, True, [])
        await here.release(answer["shenyan_hold"])
        assert here.received() == [POLITE]


# --- reads and tokens -------------------------------------------------------------------------


async def test_a_list_is_read_with_the_accounts_own_token_and_known_fields(tmp_path: Path) -> None:
    async with door(tmp_path, egress_allow=[TO_ME]) as here:
        asked = here.town.emulator.weibo.comment(CITIZEN, "几点开门？", POST)
        query = {"access_token": here.token, "count": "20", "status": RUDE}
        answer = await asyncio.to_thread(_session().get, here.base + TO_ME, params=query, timeout=10)
        assert [one["id"] for one in answer.json()["comments"]] == [asked.id]
        assert here.calls == [(TO_ME, {"access_token": WEIBO_TOKEN, "count": "20"})]


async def test_the_accounts_dead_token_is_no_errand_for_the_vendor(tmp_path: Path) -> None:
    async with door(tmp_path, egress_allow=[TO_ME], access_token="dead") as here:
        query = {"access_token": here.token}
        answer = await asyncio.to_thread(_session().get, here.base + TO_ME, params=query, timeout=10)
        assert (answer.status_code, answer.json()["error_code"], len(here.calls)) == (403, 10014, 1)


async def test_a_vendor_learns_how_long_its_token_lives(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        answer = await here.post("/oauth2/get_token_info")
        assert timedelta(days=364) < timedelta(seconds=answer["expire_in"]) <= timedelta(days=365)


@pytest.mark.parametrize("place", ["query", "form", "header"])
async def test_the_token_may_stand_in_each_place(tmp_path: Path, place: str) -> None:
    async with door(tmp_path) as here, httpx.AsyncClient(base_url=here.base, trust_env=False) as http:
        answer = await http.post(MESSAGE, **{"data": words(POLITE), **_at(place, here.token)})
        assert (answer.json()["result"], here.received()) == (True, [POLITE])


def _at(place: str, token: str) -> dict[str, Any]:
    match place:
        case "query":
            return {"params": {"access_token": token}}
        case "header":
            return {"headers": {"Authorization": f"OAuth2 {token}"}}
        case _:
            return {"data": {**words(POLITE), "access_token": token}}


async def test_two_tokens_live_side_by_side_until_the_older_one_is_ended(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        newer = await here.town.guard.vendors.issue("acme", timedelta(days=1), "li")
        assert (await here.post(MESSAGE, **words(POLITE)))["result"] is True
        assert await here.town.guard.vendors.end_others("acme", "li") == 1
        old = await here.post(MESSAGE, **words("谢谢您的留言。"))
        new = await here.post(MESSAGE, **{**words("谢谢您的留言。"), "access_token": newer})
        assert (old["error_code"], new["result"]) == (10014, True)


async def test_a_revoked_vendor_is_shut_out_until_it_has_another_token(tmp_path: Path) -> None:
    async with door(tmp_path) as here:
        guard = here.town.guard.vendors
        await guard.revoke("acme", "li", "换人了")
        assert (await here.post(MESSAGE, **words(POLITE)))["error_code"] == 10014
        await guard.restore("acme", "li", "查清了")
        assert (await here.post(MESSAGE, **words(POLITE)))["error_code"] == 10014
        token = await guard.issue("acme", timedelta(days=1), "li")
        assert (await here.post(MESSAGE, **{**words(POLITE), "access_token": token}))["result"] is True
