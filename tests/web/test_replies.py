"""/v1/replies as another system sees it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.records import PostState
from app.ports import AuditFilter
from app.storage.manuscripts import SqlCallbacks
from app.web.api.replies import ReplyRequest
from tests.service.stage import MOCKING, POLITE, Stage
from tests.web.test_api import api, as_, held

PRESS, WIKI = as_("press"), as_("wiki")


async def hand_in(
    client: httpx.AsyncClient, text: str = MOCKING.text, key: str = "", as_who: str = "press", **more: str
) -> httpx.Response:
    headers = {**as_(as_who), **({"Idempotency-Key": key} if key else {})}
    return await client.post("/v1/replies", json={"channel": "hall", "text": text, **more}, headers=headers)


async def decide(client: httpx.AsyncClient, hold_id: str, step: str, **words: Any) -> None:
    """As the moderator li."""
    answer = await client.post(f"/v1/holds/{hold_id}/{step}", json={"version": 1, **words})
    assert answer.status_code == 200, answer.text


async def test_a_released_text_comes_back_as_it_may_be_published(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        answer = await hand_in(client, POLITE.text, reference="稿 8")
        told = answer.json()
        assert (answer.status_code, told["status"], told["text"]) == (201, "released", POLITE.text)
        assert (told["reference"], told["hold_id"]) == ("稿 8", "")
        assert told["verdict"]["disposition"] == "release"
        assert answer.headers["location"] == f"/v1/replies/{told['id']}"
        again = await client.get(answer.headers["location"], headers=PRESS)
        assert again.json() == told


async def test_a_held_one_names_its_hold_and_has_no_text_to_publish(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        answer = await hand_in(client, message="几点开门？")
        told = answer.json()
        assert (answer.status_code, told["status"], told["text"]) == (202, "held", None)
        hold = (await client.get(f"/v1/holds/{told['hold_id']}")).json()
        assert (hold["reply"]["text"], hold["message"]["text"]) == (MOCKING.text, "几点开门？")
        assert (hold["reviewable"], hold["deliver_by"]) == (True, None)


@pytest.mark.parametrize(
    ("step", "words", "status", "text"),
    [
        pytest.param("approve", {}, "approved", MOCKING.text, id="放行"),
        pytest.param("edit", {"text": POLITE.text}, "edited", POLITE.text, id="改后放行"),
        pytest.param("reject", {"reason": "语气不当"}, "rejected", None, id="拦截"),
        pytest.param("transfer", {"reason": "归他们", "to": "城管局"}, "transferred", None, id="转办"),
    ],
)
async def test_who_asks_hears_what_was_decided(
    tmp_path: Path, step: str, words: dict[str, str], status: str, text: str | None
) -> None:
    async with api(tmp_path) as (client, _):
        told = (await hand_in(client)).json()
        await decide(client, told["hold_id"], step, **words)
        now = (await client.get(f"/v1/replies/{told['id']}", headers=PRESS)).json()
        assert (now["status"], now["text"]) == (status, text)
        assert (now["reason"], now["transferred_to"]) == (words.get("reason", ""), words.get("to", ""))
        assert now["callback"]["state"] == "queued"
        listed = (await client.get("/v1/replies", params={"callback": "queued"}, headers=PRESS)).json()
        assert listed["items"] == [now]
        none = (await client.get("/v1/replies", params={"callback": "failed"}, headers=PRESS)).json()
        assert none["items"] == []


async def test_the_list_goes_on_page_by_page_from_the_latest_decision(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        names = []
        for number in range(3):
            told = (await hand_in(client, reference=str(number))).json()
            await decide(client, told["hold_id"], "approve")
            here.clock.forward(minutes=1)
            names.append(told["id"])
        seen, after = [], ""
        for _ in names:
            query = {"limit": "1", "after": after}
            page = (await client.get("/v1/replies", params=query, headers=PRESS)).json()
            seen += [one["id"] for one in page["items"]]
            after = page["next"]
        assert (seen, after) == (names[::-1], "")


async def test_the_same_key_is_answered_alike_and_another_body_is_refused(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        first, again = await hand_in(client, key="k-1"), await hand_in(client, key="k-1")
        assert (again.status_code, again.json()) == (202, first.json())
        other = await hand_in(client, POLITE.text, key="k-1")
        assert (other.status_code, other.json()["error"]) == (422, "key-reused")
        assert len((await client.get("/v1/holds")).json()["items"]) == 1


async def test_what_was_refused_since_is_no_201(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        told = (await hand_in(client, key="k-1")).json()
        await decide(client, told["hold_id"], "reject", reason="语气不当")
        again = await hand_in(client, key="k-1")
        assert (again.status_code, again.json()["status"], again.json()["text"]) == (200, "rejected", None)


async def test_what_was_released_since_is_one_with_the_text_of_the_moderator(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        told = (await hand_in(client, key="k-1")).json()
        await decide(client, told["hold_id"], "edit", text=POLITE.text)
        again = await hand_in(client, key="k-1")
        assert (again.status_code, again.json()["text"]) == (201, POLITE.text)


async def test_a_callback_is_wanted_again_by_its_own_token_alone(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        told = (await hand_in(client)).json()
        address = f"/v1/replies/{told['id']}/callback"
        early = await client.post(address, headers=PRESS)
        assert (early.status_code, early.json()["state"]) == (409, "held")
        await decide(client, told["hold_id"], "approve")
        assert (await client.post(address, headers=PRESS)).status_code == 409  # it is on its way
        outbox = SqlCallbacks(here.store.database)
        (taken,) = await outbox.take(here.clock(), timedelta(minutes=1), 1)
        await outbox.mark(replace(taken, state=PostState.FAILED, next_at=None, why="http: status 503"))
        assert (await client.post(address, headers=WIKI)).status_code == 404
        again = await client.post(address, headers=PRESS)
        assert (again.status_code, again.json()["callback"]["state"]) == (202, "queued")
        assert [one.hold_id for one in await outbox.take(here.clock(), timedelta(minutes=1), 9)] == [
            told["hold_id"]
        ]
        (entry,) = (await here.store.audit_entries(AuditFilter(action="callback."))).items
        assert (entry.actor, entry.action, entry.before) == ("press", "callback.again", "failed")


async def test_without_an_address_nothing_can_be_told_again(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        told = (await hand_in(client, as_who="li")).json()
        await decide(client, told["hold_id"], "approve")
        answer = await client.post(f"/v1/replies/{told['id']}/callback")
        assert (answer.status_code, answer.json()["detail"]) == (422, "this token has no callback_url")


async def test_a_repetition_of_what_is_being_answered_is_asked_to_wait(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        first = await hand_in(client, key="k-1")
        stored = await here.store.exchange(first.json()["id"])
        assert stored.message.key == "reply:press:key:k-1"
        await _claim_again(here, "k-2")
        again = await hand_in(client, key="k-2")
        assert (again.status_code, again.json()["error"]) == (409, "still-checking")
        assert again.headers["retry-after"] == "1"


async def _claim_again(here: Stage, key: str) -> None:
    """A first request of this key is at it."""
    handed = ReplyRequest(channel="hall", text=MOCKING.text).handed("press", key)
    await here.store.claim(here.manuscripts._exchange(handed), here.clock())


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param({"channel": "weibo", "text": "好"}, PRESS, 403, id="a channel that is not the token's"),
        pytest.param({"channel": "nowhere", "text": "好"}, WIKI, 422, id="no channel"),
        pytest.param({"channel": "hall", "text": " \n"}, PRESS, 422, id="no text"),
        pytest.param({"channel": "hall", "text": "好" * 20_001}, PRESS, 422, id="too long a text"),
        pytest.param(
            {"channel": "hall", "text": "好", "callback_url": "http://10.0.0.1/"},
            PRESS,
            422,
            id="an address of its own choosing",
        ),
        pytest.param({"channel": "hall", "text": "好"}, as_("reader"), 403, id="no scope"),
        pytest.param({"channel": "hall", "text": "好"}, as_("nobody"), 401, id="no token"),
        pytest.param(
            {"channel": "hall", "text": "好"}, {**PRESS, "Idempotency-Key": "a b"}, 422, id="no key"
        ),
        pytest.param(
            {"channel": "hall", "text": "好"}, {**PRESS, "Idempotency-Key": "k" * 201}, 422, id="long key"
        ),
    ],
)
async def test_what_is_refused_leaves_nothing(
    tmp_path: Path, body: dict[str, str], headers: dict[str, str], status: int
) -> None:
    async with api(tmp_path) as (client, _):
        answer = await client.post("/v1/replies", json=body, headers=headers)
        assert answer.status_code == status
        assert answer.json()["detail"]
        assert (await client.get("/v1/exchanges")).json()["items"] == []


async def test_another_tokens_text_is_not_there_for_this_one(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        told = (await hand_in(client)).json()
        for headers in (WIKI, as_("li")):
            assert (await client.get(f"/v1/replies/{told['id']}", headers=headers)).status_code == 404
        await decide(client, told["hold_id"], "approve")
        assert (await client.get("/v1/replies", headers=WIKI)).json()["items"] == []


async def test_an_exchange_with_a_platform_is_no_reply_of_this_kind(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        assert (await client.get(f"/v1/replies/{hold['exchange_id']}", headers=as_("li"))).status_code == 404
