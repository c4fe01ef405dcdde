"""What a person may do with a hold."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from app.core.errors import (
    Conflict,
    Forbidden,
    IllegalTransition,
    Invalid,
    NeedsConfirmation,
    Undeliverable,
)
from app.core.model import Reply, Severity
from app.core.records import Decision, Hold, HoldState
from app.core.review import ENDS, NEXT_STATE, Ruling, settle
from tests.values import BLOCKED, MOCKED, NOON, RELEASED, hold

LEASE = timedelta(minutes=10)
OPEN = [HoldState.PENDING, HoldState.CLAIMED]


def ruled(a_hold: Hold, decision: Decision, by: str = "李审核", **more: Any) -> Hold:
    second_person_at = more.pop("second_person_at", None)
    ruling = Ruling(decision, by, more.pop("version", a_hold.version), **more)
    return settle(a_hold, ruling, NOON, LEASE, second_person_at)


def complete(decision: Decision) -> dict[str, Any]:
    """All words a decision asks for."""
    wants: dict[Decision, dict[str, Any]] = {
        Decision.EDIT: {"reply": Reply.of("您好，已收到。"), "verdict": RELEASED},
        Decision.PROPOSE: {"reply": Reply.of("您好，已收到。"), "verdict": RELEASED},
        Decision.REJECT: {"reason": "语气不当"},
        Decision.TRANSFER: {"reason": "属城管职责", "to": "城管局"},
        Decision.NOTE: {"reason": "已电话联系"},
    }
    return wants.get(decision, {})


@pytest.mark.parametrize(("state", "decision"), list(product(HoldState, Decision)))
def test_only_what_stands_in_the_table_can_be_done(state: HoldState, decision: Decision) -> None:
    before = hold(state=state, decided_by="王审核" if state in ENDS else "")
    if (state, decision) in NEXT_STATE:
        after = ruled(before, decision, **complete(decision))
        assert after.state is NEXT_STATE[state, decision]
        assert after.version == before.version + 1
    else:
        with pytest.raises((Conflict, IllegalTransition)):
            ruled(before, decision, **complete(decision))


def test_no_step_leads_out_of_an_end() -> None:
    assert {NEXT_STATE[s, d] for s, d in NEXT_STATE if s in ENDS and d is not Decision.NOTE} == set()


@pytest.mark.parametrize(
    ("decision", "missing"),
    [
        pytest.param(Decision.REJECT, {"reason": " "}, id="rejects without a reason"),
        pytest.param(Decision.TRANSFER, {"reason": "属城管职责", "to": ""}, id="transfers to nobody"),
        pytest.param(Decision.NOTE, {"reason": ""}, id="notes nothing"),
        pytest.param(Decision.EDIT, {"reply": Reply.of("  ")}, id="edits to nothing"),
        pytest.param(Decision.APPROVE, {"confirm": True}, id="confirms without a reason"),
    ],
)
def test_words_are_asked_for(decision: Decision, missing: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        ruled(hold(), decision, **missing)


def test_of_two_moderators_one_wins_and_the_other_learns_who() -> None:
    first = ruled(hold(), Decision.APPROVE, by="李审核")
    with pytest.raises(Conflict) as lost:
        ruled(first, Decision.REJECT, by="王审核", version=1, reason="语气不当")
    assert (lost.value.by, lost.value.state) == ("李审核", "approved")


def test_a_live_claim_keeps_others_out() -> None:
    claimed = ruled(hold(), Decision.CLAIM, by="李审核")
    with pytest.raises(Conflict) as refused:
        ruled(claimed, Decision.APPROVE, by="王审核")
    assert refused.value.by == "李审核"


def test_a_lapsed_claim_keeps_nobody_out() -> None:
    claimed = hold(state=HoldState.CLAIMED, claimed_by="李审核", claimed_until=NOON)
    assert ruled(claimed, Decision.APPROVE, by="王审核").decided_by == "王审核"


def test_claiming_again_extends_ones_own_claim() -> None:
    claimed = hold(state=HoldState.CLAIMED, claimed_by="李审核", claimed_until=NOON + timedelta(minutes=1))
    assert ruled(claimed, Decision.CLAIM, by="李审核").claimed_until == NOON + LEASE


@pytest.mark.parametrize("decision", [Decision.APPROVE, Decision.EDIT])
def test_nothing_is_approved_past_the_window(decision: Decision) -> None:
    closed = hold(deliver_by=NOON)
    with pytest.raises(Undeliverable):
        ruled(closed, decision, **complete(decision))


def test_a_rejection_without_substitute_needs_no_window() -> None:
    assert ruled(hold(deliver_by=None), Decision.REJECT, reason="语气不当").final is None


@pytest.mark.parametrize(
    ("before", "decision", "words"),
    [
        pytest.param(hold(verdict=BLOCKED), Decision.APPROVE, {}, id="a blocked draft as it stands"),
        pytest.param(
            hold(), Decision.EDIT, {"reply": Reply.of("呵呵"), "verdict": MOCKED}, id="an edit with findings"
        ),
        pytest.param(
            hold(),
            Decision.REJECT,
            {"reply": Reply.of("呵呵"), "verdict": MOCKED, "reason": "不妥"},
            id="a substitute with findings",
        ),
    ],
)
def test_what_the_checker_minds_goes_out_only_confirmed_and_with_a_reason(
    before: Hold, decision: Decision, words: dict[str, Any]
) -> None:
    with pytest.raises(NeedsConfirmation):
        ruled(before, decision, **words)
    confirmed = ruled(before, decision, **{**words, "confirm": True, "reason": "引用原文"})
    assert confirmed.final == (words.get("reply") or before.reply)


def test_an_approved_draft_goes_out_as_it_stands() -> None:
    before = hold()
    assert ruled(before, Decision.APPROVE).final == before.reply


# --- two people -------------------------------------------------------------------------------

POLITE: dict[str, Any] = {"reply": Reply.of("您好，已收到。"), "verdict": RELEASED}


@pytest.mark.parametrize(
    "reply", [POLITE["reply"], Reply.of("您好，我又改了一个字。")], ids=["same", "changed"]
)
def test_nobody_releases_their_own_draft_however_they_change_it(reply: Reply) -> None:
    drafted = ruled(hold(), Decision.PROPOSE, by="外包小王", **POLITE)
    with pytest.raises(Forbidden):
        ruled(drafted, Decision.EDIT, by="外包小王", reply=reply, verdict=RELEASED)
    with pytest.raises(Forbidden):
        ruled(drafted, Decision.APPROVE, by="外包小王")


def test_another_person_releases_a_draft() -> None:
    drafted = ruled(hold(), Decision.PROPOSE, by="外包小王", **POLITE)
    after = ruled(drafted, Decision.EDIT, by="李审核", **POLITE)
    assert (after.state, after.final, after.decided_by) == (HoldState.EDITED, POLITE["reply"], "李审核")


def test_a_proposed_draft_gives_the_hold_back_to_the_queue() -> None:
    claimed = ruled(hold(), Decision.CLAIM, by="外包小王")
    drafted = ruled(claimed, Decision.PROPOSE, by="外包小王", **POLITE)
    assert (drafted.state, drafted.claimed_by) == (HoldState.PENDING, "")


def test_what_one_person_releases_waits_for_a_second_where_the_policy_says_so() -> None:
    severity = hold().verdict.severity
    first = ruled(hold(), Decision.EDIT, by="李审核", second_person_at=severity, **POLITE)
    assert (first.state, first.final) == (HoldState.PENDING, None)
    assert first.draft is not None
    assert (first.draft.by, first.draft.reply) == ("李审核", POLITE["reply"])
    second = ruled(first, Decision.EDIT, by="王主任", second_person_at=severity, **POLITE)
    assert (second.state, second.final, second.decided_by) == (HoldState.EDITED, POLITE["reply"], "王主任")


def test_a_second_person_who_changes_the_text_needs_a_third_or_the_first() -> None:
    severity = hold().verdict.severity
    first = ruled(hold(), Decision.APPROVE, by="李审核", second_person_at=severity)
    changed = ruled(first, Decision.EDIT, by="王主任", second_person_at=severity, **POLITE)
    assert changed.state is HoldState.PENDING
    assert changed.draft is not None
    assert changed.draft.by == "王主任"
    assert ruled(changed, Decision.EDIT, by="李审核", second_person_at=severity, **POLITE).final is not None


def test_below_that_severity_one_person_is_enough() -> None:
    assert hold().verdict.severity < Severity.HIGH
    assert ruled(hold(), Decision.APPROVE, second_person_at=Severity.HIGH).final is not None


def test_a_rejection_needs_no_second_person_but_a_substitute_does() -> None:
    severity = hold().verdict.severity
    rejected = ruled(hold(), Decision.REJECT, reason="语气不当", second_person_at=severity)
    assert rejected.state is HoldState.REJECTED
    with pytest.raises(Forbidden):
        ruled(hold(), Decision.REJECT, reason="语气不当", second_person_at=severity, **POLITE)


def test_a_vendors_proposal_is_no_release_so_two_more_people_are_needed() -> None:
    severity = hold().verdict.severity
    drafted = ruled(hold(), Decision.PROPOSE, by="外包小王", **POLITE)
    first = ruled(drafted, Decision.EDIT, by="李审核", second_person_at=severity, **POLITE)
    assert (first.state, first.final) == (HoldState.PENDING, None)
    second = ruled(first, Decision.EDIT, by="王主任", second_person_at=severity, **POLITE)
    assert (second.final, second.decided_by) == (POLITE["reply"], "王主任")
