"""The administrator's page, and one's own account."""

import re

import pyotp
import pytest

from app.core.identity import Role
from tests.console.desk import Desk, Person


@pytest.fixture
async def root(here: Desk) -> Person:
    return await here.somebody("root", Role.ADMINISTRATOR)


async def test_somebody_new_gets_a_password_that_is_shown_once(here: Desk, root: Person) -> None:
    await root.open("/console/users")
    page = await root.submit("/console/users", name="li", role="duty_reviewer", channel="hall")
    shown = re.search(r"只显示这一次）：([a-z0-9-]+)", page.text)
    assert shown is not None
    assert shown[1] not in (await root.open("/console/users")).text
    li = here.nobody()
    await li.open("/console/sign-in")
    page = await li.submit("/console/sign-in", name="li", password=shown[1])
    assert page.url.path == "/console/password"
    assert (await here.signing_in.people.user("li")).channels == ("hall",)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"name": "李审核"}, "用户名是小写字母", id="a name for no address"),
        pytest.param({"name": "root"}, "已经有人用了", id="a name that is taken"),
        pytest.param({"name": "li", "channel": "nowhere"}, "没有这个频道", id="no such channel"),
    ],
)
async def test_what_cannot_be_added_is_told(root: Person, fields: dict[str, str], told: str) -> None:
    await root.open("/console/users")
    page = await root.submit("/console/users", **{"role": "duty_reviewer", **fields})
    assert page.status_code in (409, 422)
    assert told in page.text


async def test_who_is_disabled_is_out_at_once_and_may_be_let_in_again(here: Desk, root: Person) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    await root.open("/console/users")
    await root.submit("/console/users/li/disable")
    assert (await li.open("/console/queue")).url.path == "/console/sign-in"
    await root.submit("/console/users/li/enable")
    assert not (await here.signing_in.people.user("li")).disabled


async def test_the_administrator_does_not_lock_themselves_out(here: Desk, root: Person) -> None:
    await root.open("/console/users")
    assert (await root.submit("/console/users/root/disable")).status_code == 409
    assert not (await here.signing_in.people.user("root")).disabled


async def test_a_second_factor_is_enrolled_by_proving_it(here: Desk) -> None:
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    page = await li.open("/console/account")
    secret = re.search(r'name="secret" value="([A-Z2-7]+)"', page.text)
    assert secret is not None
    page = await li.submit("/console/account/totp", code="000000")
    assert page.status_code == 422
    assert (await here.signing_in.people.user("li")).totp_secret == ""
    code = pyotp.TOTP(secret[1]).at(here.stage.clock())
    await li.submit_bare("/console/account/totp", csrf=_csrf(page.text), secret=secret[1], code=code)
    assert (await here.signing_in.people.user("li")).totp_secret == secret[1]


async def test_one_ends_ones_own_sign_ins_and_nobody_elses(here: Desk) -> None:
    li, wang = await here.somebody("li", Role.LEADER), await here.somebody("wang", Role.LEADER)
    (theirs,) = await here.signing_in.sessions("wang")
    await li.open("/console/account")
    await li.submit(f"/console/account/sessions/{theirs.id_hash}/end")
    assert (await wang.open("/console/queue")).status_code == 200
    (own,) = await here.signing_in.sessions("li")
    await li.open("/console/account")
    page = await li.submit(f"/console/account/sessions/{own.id_hash}/end")
    assert page.url.path == "/console/sign-in"


async def test_too_many_tries_from_one_place_are_put_off(here: Desk) -> None:
    guesser = here.nobody()
    await guesser.open("/console/sign-in")
    answers = [
        (await guesser.submit_bare("/console/sign-in", name=f"user-{n}", password="x")).status_code
        for n in range(31)
    ]
    assert answers[-1] == 429
    assert set(answers[:30]) == {401}


async def test_each_role_lands_where_its_work_is(here: Desk, root: Person) -> None:
    assert (await root.open("/console/")).url.path == "/console/users"
    li = await here.somebody("li", Role.DUTY_REVIEWER)
    assert (await li.open("/console/")).url.path == "/console/queue"


def _csrf(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found is not None
    return found[1]
