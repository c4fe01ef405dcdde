"""Signing in: who gets in, who is kept out, and what a stolen or forged request can do."""

from datetime import timedelta

import httpx
import pyotp
import pytest

from app.core.errors import Invalid, Unauthenticated
from app.core.identity import Role
from app.core.records import HoldState
from app.storage.people import SqlPeople
from app.web.console.signing import own
from tests.console.desk import Desk


async def trail(here: Desk) -> list[str]:
    return [entry.action async for entry in here.stage.store.audit_trail()]


async def test_a_page_asks_who_is_there_and_comes_back_to_it(here: Desk) -> None:
    _, password = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    li = here.nobody()
    page = await li.open("/console/queue?box=mine")
    assert page.url.path == "/console/sign-in"
    page = await li.submit("/console/sign-in", name="li", password=password)
    assert page.url.path == "/console/password"  # a password somebody else has seen opens nothing else
    li = await here.somebody("wang", Role.DUTY_REVIEWER)
    assert (await li.open("/console/queue")).status_code == 200


async def test_every_way_in_and_out_is_in_the_audit_trail(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await li.open("/console/queue")
    await li.submit("/console/sign-out")
    assert await trail(here) == ["user.add", "user.sign-in", "user.password", "user.sign-in", "user.sign-out"]
    assert (await li.open("/console/queue")).url.path == "/console/sign-in"


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("li", "wrong", id="a wrong password"),
        pytest.param("nobody", "wrong", id="a name nobody has"),
        pytest.param("li", "x" * 1_000_000, id="a megabyte"),
        pytest.param("", "", id="nothing"),
    ],
)
async def test_who_guesses_learns_nothing(here: Desk, name: str, password: str) -> None:
    await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    page = await here.nobody().submit_bare("/console/sign-in", name=name, password=password)
    assert page.status_code == 401
    assert "用户名、密码或动态码不对，或账号暂时锁定" in page.text


async def test_after_four_wrong_guesses_the_right_password_waits_too(here: Desk) -> None:
    _, password = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    for _ in range(4):
        with pytest.raises(Unauthenticated):
            await here.signing_in.sign_in("li", "wrong", "")
    with pytest.raises(Unauthenticated):
        await here.signing_in.sign_in("li", password, "")
    here.stage.clock.forward(seconds=61)
    await here.signing_in.sign_in("li", password, "")
    assert (await SqlPeople(here.database).user("li")).failures == 0


async def test_a_code_is_taken_once(here: Desk) -> None:
    user, password = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test", totp=True)
    code = pyotp.TOTP(user.totp_secret).at(here.stage.clock.now)
    with pytest.raises(Unauthenticated):
        await here.signing_in.sign_in("li", password, "")
    await here.signing_in.sign_in("li", password, code)
    with pytest.raises(Unauthenticated):
        await here.signing_in.sign_in("li", password, code)
    here.stage.clock.forward(seconds=90)
    await here.signing_in.sign_in("li", password, pyotp.TOTP(user.totp_secret).at(here.stage.clock.now))


@pytest.mark.parametrize(
    "away", [pytest.param({"minutes": 31}, id="idle"), pytest.param({"hours": 13}, id="all day")]
)
async def test_a_session_ends_by_itself(here: Desk, away: dict[str, float]) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    here.stage.clock.forward(**away)
    assert (await li.open("/console/queue")).url.path == "/console/sign-in"


async def test_a_session_that_is_used_lives_on(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    for _ in range(4):
        here.stage.clock.forward(minutes=20)
        assert (await li.open("/console/queue")).url.path == "/console/queue"


@pytest.mark.parametrize("act", ["reset", "disable"])
async def test_an_administrators_act_ends_every_session(here: Desk, act: str) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await getattr(here.signing_in, act)("li", "test")
    assert (await li.open("/console/queue")).url.path == "/console/sign-in"


async def test_the_session_id_is_new_with_every_sign_in(here: Desk) -> None:
    _, password = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    ids = {(await here.signing_in.sign_in("li", password, ""))[0] for _ in range(3)}
    assert len(ids) == 3
    found = await here.signing_in.visitor("fixed-by-an-attacker")
    assert found is None


async def test_a_form_without_the_sessions_secret_does_nothing(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    held = await here.held()
    for fields in ({}, {"csrf": "guess"}):
        page = await li.submit_bare(f"/console/holds/{held.id}/approve", version="1", **fields)
        assert page.status_code == 403
    assert (await here.hold(held.id)).state is HoldState.PENDING


async def test_another_sites_form_is_refused_before_anything_is_read(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    answer = await li.http.post("/console/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "/console//evil.example",
        "/console/\\evil.example",
        "/v1/holds",
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(url: str) -> None:
    assert own(url) == "/console/"


async def test_every_page_forbids_what_is_not_ours(here: Desk) -> None:
    page = await here.nobody().open("/console/sign-in")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text
    assert "<script>" not in page.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(here: Desk) -> None:
    _, password = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    transport = httpx.ASGITransport(here.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://guard") as http:
        answer = await http.post("/console/sign-in", data={"name": "li", "password": password})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("__host-shenyan-session=")
    for part in ("httponly", "secure", "samesite=strict", "path=/"):
        assert part in cookie


@pytest.mark.parametrize(
    ("new", "told"),
    [
        pytest.param("short", "至少 12", id="short"),
        pytest.param("li-is-the-best-of-all", "用户名", id="the name"),
        pytest.param("aaaaaaaaaaaaaaaa", "重复", id="one letter"),
        pytest.param("x" * 300, "至多 256", id="endless"),
    ],
)
async def test_a_poor_password_is_refused_with_the_reason(here: Desk, new: str, told: str) -> None:
    user, old = await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    with pytest.raises(Invalid, match=told):
        await here.signing_in.change_password(user, old, new)


async def test_guesses_side_by_side_are_all_counted(here: Desk) -> None:
    await here.signing_in.add("li", Role.DUTY_REVIEWER, "test")
    people = SqlPeople(here.database)
    for _ in range(12):
        await people.count_failure("li", here.stage.clock.now)
    user = await people.user("li")
    assert user.failures == 12
    assert user.locked_until == here.stage.clock.now + timedelta(hours=1)
