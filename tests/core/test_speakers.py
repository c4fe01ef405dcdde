"""How who may speak differs from what was confirmed."""

from dataclasses import replace

import pytest

from app.core.speakers import Registry, Speaker, SpeakerKind, alarming, changes, digest
from tests.values import NOON

BOT = Speaker(SpeakerKind.BOT, "vendor", "webhook 10.0.0.5:8000 2.1")
MOVED = replace(BOT, detail="webhook 203.0.113.9 2.1")
ACME = Speaker(SpeakerKind.VENDOR, "acme", "send")
LI = Speaker(SpeakerKind.PERSON, "li", "duty_reviewer")
CONFIRMED = Registry("registry-1", "hall", NOON, (BOT, LI), confirmed_by="wang")
FIRST = replace(CONFIRMED, confirmed_by="")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param((BOT, LI), [], id="as confirmed"),
        pytest.param((LI, BOT), [], id="in another order"),
        pytest.param((MOVED, LI), ["bot:vendor"], id="the bot answers from another host"),
        pytest.param((BOT, ACME, LI), ["vendor:acme"], id="one more vendor"),
        pytest.param((BOT,), [], id="somebody has gone"),
        pytest.param(
            (BOT, replace(LI, detail="leader")), ["person:li"], id="somebody may release in another role"
        ),
        pytest.param((BOT, LI, replace(LI, name="zhao")), ["person:zhao"], id="somebody more may release"),
    ],
)
def test_who_is_new_or_another_is_told(now: tuple[Speaker, ...], told: list[str]) -> None:
    assert [one.name for one in alarming(CONFIRMED, now)] == told


def test_before_anybody_has_confirmed_reviewers_come_and_bots_do_not() -> None:
    now = (MOVED, LI, replace(LI, name="zhao"))
    assert [one.name for one in alarming(FIRST, now)] == ["bot:vendor"]


def test_who_has_gone_is_a_change_all_the_same() -> None:
    (gone,) = changes((BOT, LI), (BOT,))
    assert (gone.name, gone.before, gone.now) == ("person:li", LI, None)


def test_a_digest_is_of_everything_and_of_no_order() -> None:
    assert digest((BOT, LI)) == digest((LI, BOT))
    assert len({digest(one) for one in ((BOT, LI), (MOVED, LI), (BOT,), ())}) == 4
