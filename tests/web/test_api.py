"""/v1 as a program sees it: the queue, decisions, deliveries, unanswered messages, verdicts."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.coordination.pace import LocalPace
from app.core.errors import BotTimeout, FateUnknown
from app.core.model import SendWindow
from app.core.pace import Pace
from app.settings.whole import ApiToken, Scope
from app.web.api.access import callers
from app.web.api.chat import chat_router
from app.web.api.deliveries import deliveries_router
from app.web.api.exchanges import exchanges_router
from app.web.api.holds import holds_router
from app.web.api.judgement import check_router
from app.web.api.replies import replies_router
from app.web.errors import install
from app.web.security import Tokens
from tests.service.stage import BLOCKING, MOCKING, POLITE, Stage, stage, toy_check
from tests.values import NOON, message

ALL: tuple[Scope, ...] = (
    "holds:read",
    "holds:decide",
    "deliveries:read",
    "deliveries:decide",
    "check",
    "replies",
    "chat",
)


def token(
    name: str,
    scopes: tuple[Scope, ...] = ALL,
    channels: tuple[str, ...] | None = None,
    per_minute: int = 10_000,
) -> ApiToken:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return ApiToken(sha256=digest, scopes=scopes, channels=channels, per_minute=per_minute)


TOKENS = Tokens(
    {
        "li": token("li"),
        "wang": token("wang"),
        "reader": token("reader", ("holds:read", "deliveries:read")),
        "elsewhere": token("elsewhere", ALL, ("other",)),
        "press": token("press", ("replies",), ("hall",)),
        "wiki": token("wiki", ("replies",)),
        "hasty": token("hasty", ("check", "holds:read", "replies"), per_minute=5),
    }
)


def api_app(here: Stage, pace: Pace | None = None) -> FastAPI:
    app = FastAPI()
    install(app)
    with_scope = callers(TOKENS, pace or LocalPace())
    for router in (
        holds_router(here.store, here.review, with_scope),
        deliveries_router(here.store, here.review, with_scope),
        exchanges_router(here.store, here.review, with_scope),
        check_router({"hall": toy_check}, toy_check, with_scope),
        replies_router(here.manuscripts, with_scope),
        chat_router({}, here.clock, here.review.new_id, with_scope),
    ):
        app.include_router(router)
    return app


@asynccontextmanager
async def api(folder: Path, pace: Pace | None = None) -> AsyncIterator[tuple[httpx.AsyncClient, Stage]]:
    async with stage(folder) as here:
        here.bot.may_answer.set()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(api_app(here, pace)),
            base_url="http://guard",
            headers={"Authorization": "Bearer li"},
        ) as client:
            yield client, here


def as_(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


async def held(
    client: httpx.AsyncClient, here: Stage, reply: Any = MOCKING, **changes: Any
) -> dict[str, Any]:
    here.bot.reply = reply
    await here.relay.respond(message(**changes))
    listed = (await client.get("/v1/holds")).json()
    return dict(listed["items"][0])


async def test_a_held_reply_is_listed_with_what_was_asked_and_why_it_waits(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        assert hold["message"]["text"] == "办事大厅几点开门？"
        assert hold["reply"]["text"] == MOCKING.text
        (finding,) = hold["verdict"]["findings"]
        assert (finding["rule"], finding["span"], finding["quote"]) == ("mockery.x", [0, 2], "呵呵")
        assert finding["message_quote"] == "几点"


@pytest.mark.parametrize(
    ("action", "body", "state", "received"),
    [
        pytest.param("approve", {}, "approved", [MOCKING.text], id="放行"),
        pytest.param("edit", {"text": POLITE.text}, "edited", [POLITE.text], id="改后放行"),
        pytest.param("reject", {"reason": "语气不当"}, "rejected", [], id="拦截"),
        pytest.param(
            "reject",
            {"reason": "语气不当", "substitute": POLITE.text},
            "rejected",
            [POLITE.text],
            id="拦截并改说",
        ),
        pytest.param("transfer", {"reason": "属城管", "to": "城管局"}, "transferred", [], id="转办"),
        pytest.param("notes", {"reason": "已电话联系"}, "pending", [], id="备注"),
        pytest.param("claim", {}, "claimed", [], id="认领"),
    ],
)
async def test_what_a_moderator_may_do(
    tmp_path: Path, action: str, body: dict[str, str], state: str, received: list[str]
) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        answer = await client.post(f"/v1/holds/{hold['id']}/{action}", json={"version": 1, **body})
        assert (answer.status_code, answer.json()["state"]) == (200, state)
        await here.courier.run_once()
        assert [text for _, text in here.platform.received] == received


async def test_the_second_moderator_learns_who_was_first(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        path = f"/v1/holds/{hold['id']}"
        await client.post(f"{path}/approve", json={"version": 1})
        lost = await client.post(
            f"{path}/reject", json={"version": 1, "reason": "语气不当"}, headers=as_("wang")
        )
        assert lost.status_code == 409
        assert (lost.json()["error"], lost.json()["decided_by"], lost.json()["state"]) == (
            "conflict",
            "li",
            "approved",
        )


async def test_a_claim_keeps_others_out_until_it_is_given_back(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        path = f"/v1/holds/{(await held(client, here))['id']}"
        await client.post(f"{path}/claim", json={"version": 1})
        refused = await client.post(f"{path}/approve", json={"version": 2}, headers=as_("wang"))
        assert (refused.status_code, refused.json()["decided_by"]) == (409, "li")
        await client.post(f"{path}/release", json={"version": 2})
        allowed = await client.post(f"{path}/approve", json={"version": 3}, headers=as_("wang"))
        assert allowed.json()["decided_by"] == "wang"


async def test_an_edit_with_findings_shows_them_and_asks_for_a_confirmation(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        path = f"/v1/holds/{(await held(client, here))['id']}/edit"
        edit = {"version": 1, "text": "呵呵，请稍候。"}
        refused = await client.post(path, json=edit)
        assert (refused.status_code, refused.json()["error"]) == (422, "needs-confirmation")
        assert refused.json()["verdict"]["findings"][0]["rule"] == "mockery.x"
        unexplained = await client.post(path, json={**edit, "confirm": True})
        assert unexplained.status_code == 422
        allowed = await client.post(path, json={**edit, "confirm": True, "reason": "引用原文"})
        assert allowed.json()["state"] == "edited"


async def test_a_blocked_draft_needs_more_than_a_click(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        path = f"/v1/holds/{(await held(client, here, BLOCKING))['id']}/approve"
        assert (await client.post(path, json={"version": 1})).status_code == 422


async def test_a_hold_from_a_menu_click_says_at_once_that_it_cannot_be_delivered_later(
    tmp_path: Path,
) -> None:
    async with api(tmp_path) as (client, here):
        window = SendWindow(NOON + timedelta(minutes=1), 3, reviewable=False)
        assert (await held(client, here, window=window))["reviewable"] is False


@pytest.mark.parametrize(
    ("method", "path", "who", "status"),
    [
        pytest.param("GET", "/v1/holds", "", 401, id="nobody"),
        pytest.param("GET", "/v1/holds", "stranger", 401, id="a stranger"),
        pytest.param("POST", "/v1/holds/{id}/approve", "reader", 403, id="who may only read"),
        pytest.param("GET", "/v1/holds/{id}", "elsewhere", 403, id="who has another channel"),
        pytest.param("POST", "/v1/holds/{id}/approve", "elsewhere", 403, id="who would decide elsewhere"),
        pytest.param("GET", "/v1/holds?channel=hall", "elsewhere", 403, id="who asks for another channel"),
        pytest.param("GET", "/v1/holds/none", "li", 404, id="no such hold"),
        pytest.param("POST", "/v1/check", "reader", 403, id="who may not check"),
    ],
)
async def test_who_may_not_is_refused(tmp_path: Path, method: str, path: str, who: str, status: int) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        body = {"version": 1} if path.endswith("approve") else {"text": "好"}
        answer = await client.request(
            method,
            path.format(id=hold["id"]),
            headers=as_(who) if who else {"Authorization": ""},
            json=body if method == "POST" else None,
        )
        assert answer.status_code == status
        assert set(answer.json()) >= {"error", "detail"}


async def test_a_listing_shows_only_ones_own_channels(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        await held(client, here)
        assert (await client.get("/v1/holds", headers=as_("elsewhere"))).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param({}, "version", id="no version"),
        pytest.param({"version": "x"}, "version", id="a version that is none"),
        pytest.param({"version": 1, "confrim": True}, "confrim", id="a field misspelt"),
    ],
)
async def test_a_bad_body_is_refused_by_the_name_of_the_field(
    tmp_path: Path, body: dict[str, Any], named: str
) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        answer = await client.post(f"/v1/holds/{hold['id']}/approve", json=body)
        assert answer.status_code == 422
        assert named in answer.json()["detail"]


async def test_a_filter_finds_by_text_and_state(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        await held(client, here)
        assert len((await client.get("/v1/holds", params={"text": "真行"})).json()["items"]) == 1
        assert (await client.get("/v1/holds", params={"text": "查无此句"})).json()["items"] == []
        assert (await client.get("/v1/holds", params={"state": "approved"})).json()["items"] == []


async def test_an_uncertain_delivery_is_confirmed_by_a_person(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        hold = await held(client, here)
        await client.post(f"/v1/holds/{hold['id']}/approve", json={"version": 1})
        here.platform.answers = [FateUnknown(code="no-answer")]
        await here.courier.run_once()
        (doubted,) = (await client.get("/v1/deliveries", params={"state": "uncertain"})).json()["items"]
        assert doubted["why"] == "no-answer"
        path = f"/v1/deliveries/{doubted['id']}/confirm"
        assert (await client.post(path, json={"reason": "后台可见"})).json()["state"] == "delivered"
        assert (await client.post(path, json={"reason": "后台可见"})).status_code == 409


async def test_an_unanswered_message_is_listed_and_closed(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, here):
        here.bot.reply = BotTimeout()
        await here.relay.respond(message())
        listed = (await client.get("/v1/exchanges", params={"state": "unanswered"})).json()["items"]
        assert [(one["why"], one["message"]["text"]) for one in listed] == [
            ("bot-timeout", "办事大厅几点开门？")
        ]
        closed = await client.post(f"/v1/exchanges/{listed[0]['id']}/close", json={"reason": "已电话答复"})
        assert closed.json()["state"] == "closed"


async def test_check_judges_and_stores_nothing(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        verdict = (await client.post("/v1/check", json={"text": "呵呵，您真行。"})).json()
        assert verdict["disposition"] == "hold"
        unknown = await client.post("/v1/check", json={"text": "好", "channel": "nobody"})
        assert unknown.status_code == 422
        assert (await client.get("/v1/exchanges")).json()["items"] == []


async def test_many_texts_are_judged_in_their_order(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        items = [{"text": "九点开门。"}, {"text": "呵呵，您真行。"}, {"text": "九点。", "channel": "hall"}]
        answer = await client.post("/v1/check/batch", json={"items": items})
        assert [one["disposition"] for one in answer.json()["items"]] == ["release", "hold", "release"]
        assert (await client.post("/v1/check/batch", json={"items": []})).status_code == 422
        assert (await client.post("/v1/check/batch", json={"items": items * 50})).status_code == 422
