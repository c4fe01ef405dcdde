"""What a person may do with a hold. The table is the state machine; what is not in it cannot be done."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.core.errors import (
    Conflict,
    Forbidden,
    IllegalTransition,
    Invalid,
    NeedsConfirmation,
    Undeliverable,
)
from app.core.model import Disposition, Reply, Severity, Verdict
from app.core.records import Decision, Draft, Hold, HoldState, Note

_OPEN = (HoldState.PENDING, HoldState.CLAIMED)

NEXT_STATE: Mapping[tuple[HoldState, Decision], HoldState] = {
    (HoldState.PENDING, Decision.CLAIM): HoldState.CLAIMED,
    (HoldState.CLAIMED, Decision.CLAIM): HoldState.CLAIMED,  # extends one's own, takes a lapsed one
    (HoldState.CLAIMED, Decision.RELEASE): HoldState.PENDING,
    **{(state, Decision.PROPOSE): HoldState.PENDING for state in _OPEN},
    **{(state, Decision.APPROVE): HoldState.APPROVED for state in _OPEN},
    **{(state, Decision.EDIT): HoldState.EDITED for state in _OPEN},
    **{(state, Decision.REJECT): HoldState.REJECTED for state in _OPEN},
    **{(state, Decision.TRANSFER): HoldState.TRANSFERRED for state in _OPEN},
    **{(state, Decision.EXPIRE): HoldState.EXPIRED for state in _OPEN},
    **{(state, Decision.NOTE): state for state in HoldState},
}

ENDS = frozenset(HoldState) - frozenset(_OPEN)
"""Nothing leads out of these; only notes are added."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """One person's decision on one version of a hold."""

    decision: Decision
    by: str
    version: int
    reason: str = ""
    reply: Reply | None = None
    """EDIT, PROPOSE: the text to send; REJECT: what to say in its place, if anything."""
    verdict: Verdict | None = None
    """What the checker says of `reply`."""
    confirm: bool = False
    """The person has seen the findings and stands by the text; needs a reason."""
    to: str = ""
    """TRANSFER: the department."""
    standing: bool = False
    """`reply` is a standing phrase: agreed on once, it needs no second person."""


def settle(
    hold: Hold,
    ruling: Ruling,
    now: datetime,
    claim_lease: timedelta,
    second_person_at: Severity | None = None,
) -> Hold:
    """The hold after a ruling, one version further.

    From `second_person_at` on, what one person would release becomes a draft until another releases the
    same text; what was merely proposed is nobody's release.

    Raises Conflict (somebody else was first, or holds the claim), IllegalTransition, NeedsConfirmation,
    Undeliverable, Forbidden (one's own draft), Invalid (a reason, text or department is missing).
    """
    state = _next_state(hold, ruling, now)
    if hold.version != ruling.version:
        raise Conflict(
            "the hold has changed since you read it",
            by=hold.decided_by or hold.claimed_by,
            state=hold.state.value,
        )
    _require_words(ruling)
    final = _final_reply(hold, ruling, now)
    _refuse_own_draft(hold, ruling, final)
    after = replace(hold, state=state, version=hold.version + 1)
    if final is not None and _waits_for_another(hold, ruling, final, second_person_at):
        return _drafted(after, Draft(now, ruling.by, final, ruling.reason, signed=True))
    match ruling.decision:
        case Decision.PROPOSE if ruling.reply is not None:
            return _drafted(after, Draft(now, ruling.by, ruling.reply, ruling.reason))
        case Decision.NOTE:
            return replace(after, notes=(*hold.notes, Note(now, ruling.by, ruling.reason)))
        case Decision.CLAIM:
            return replace(after, claimed_by=ruling.by, claimed_until=now + claim_lease)
        case Decision.RELEASE:
            return replace(after, claimed_by="", claimed_until=None)
    return replace(
        after,
        decided_by=ruling.by,
        decided_at=now,
        reason=ruling.reason,
        transferred_to=ruling.to,
        final=final,
    )


def _drafted(hold: Hold, draft: Draft) -> Hold:
    """Back in the queue, for somebody else."""
    return replace(hold, state=HoldState.PENDING, draft=draft, claimed_by="", claimed_until=None)


def _refuse_own_draft(hold: Hold, ruling: Ruling, final: Reply | None) -> None:
    """Raises Forbidden: who proposed a text is not who releases it, however it was changed since."""
    if final is not None and hold.draft is not None and hold.draft.by == ruling.by:
        raise Forbidden("自己拟的稿要由别人放行")


def _waits_for_another(hold: Hold, ruling: Ruling, final: Reply, second_person_at: Severity | None) -> bool:
    if ruling.standing or second_person_at is None or hold.verdict.severity < second_person_at:
        return False
    if ruling.decision is Decision.REJECT:
        raise Forbidden("这一条要两个人放行：请用“改后放行”提出文字，或选用规范用语，或只拦截")
    return hold.draft is None or not hold.draft.signed or hold.draft.reply != final


def claimed_by_another(hold: Hold, by: str, now: datetime) -> bool:
    return (
        hold.state is HoldState.CLAIMED
        and hold.claimed_by != by
        and hold.claimed_until is not None
        and hold.claimed_until > now
    )


def _next_state(hold: Hold, ruling: Ruling, now: datetime) -> HoldState:
    state = NEXT_STATE.get((hold.state, ruling.decision))
    if state is None:
        if hold.state in ENDS:
            raise Conflict("the hold is already decided", by=hold.decided_by, state=hold.state.value)
        raise IllegalTransition(hold.state, ruling.decision)
    if ruling.decision in {Decision.NOTE, Decision.EXPIRE}:
        return state
    if claimed_by_another(hold, ruling.by, now):
        raise Conflict("the hold is claimed by somebody else", by=hold.claimed_by, state=hold.state.value)
    return state


def _require_words(ruling: Ruling) -> None:
    needs_reason = {Decision.REJECT, Decision.TRANSFER, Decision.NOTE}
    if not ruling.reason.strip() and (ruling.decision in needs_reason or ruling.confirm):
        raise Invalid(f"{ruling.decision}: a reason is required")
    if ruling.decision is Decision.TRANSFER and not ruling.to.strip():
        raise Invalid("transfer: name the department in `to`")
    if ruling.decision in {Decision.EDIT, Decision.PROPOSE} and (
        ruling.reply is None or not ruling.reply.text.strip()
    ):
        raise Invalid(f"{ruling.decision}: the text is empty")


def _final_reply(hold: Hold, ruling: Ruling, now: datetime) -> Reply | None:
    """What is to be sent, if anything, once everything that forbids it has been looked at."""
    match ruling.decision:
        case Decision.APPROVE:
            if not hold.reply.parts:
                raise Invalid("approve: there is no draft")
            final, verdict = hold.reply, hold.verdict
            needs_confirmation = verdict.disposition is Disposition.BLOCK
        case Decision.EDIT | Decision.REJECT if ruling.reply is not None:
            final, verdict = ruling.reply, ruling.verdict or hold.verdict
            needs_confirmation = verdict.disposition is not Disposition.RELEASE
        case _:
            return None
    if not hold.reaches(now):
        raise Undeliverable(
            "its submitter wants it no more"
            if hold.message.submitted
            else "the platform's window for this follower is closed"
        )
    if needs_confirmation and not ruling.confirm:
        raise NeedsConfirmation(verdict)
    return final
