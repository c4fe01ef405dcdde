"""The audit chain finds every change."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.core.audit import START, Link, broken_link, fits, link, seal
from app.core.records import AuditEntry
from tests.values import NOON


def chain(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    end = START
    for number in range(length):
        entries.append(
            seal(AuditEntry(NOON, "张", "hold.approve", f"hold:{number}", "待审", "放行", "无误"), end)
        )
        end = link(entries[-1])
    return entries


def test_a_sealed_entry_is_numbered_and_chained() -> None:
    first, second = chain(2)
    assert (first.seq, first.previous_hash) == (1, "")
    assert (second.seq, second.previous_hash) == (2, first.hash)
    assert len(first.hash) == 64


def test_the_hash_stays_what_it_was_in_earlier_versions() -> None:
    """Written down once: were it to change, every trail written before would look forged."""
    (entry,) = chain(1)
    assert entry.hash == "5614f207cf287e1ba976572dd627af4b6dad44a4b79e5a9699e2dcb1875da622"


def test_an_untouched_chain_is_whole() -> None:
    assert broken_link(chain(5)) is None
    assert broken_link([]) is None


CHANGES: dict[str, Any] = {
    "at": NOON + timedelta(microseconds=1),
    "actor": "李",
    "action": "hold.reject",
    "subject": "hold:9",
    "before": "",
    "after": "拦截",
    "reason": "无误 ",
    "seq": 7,
    "previous_hash": "0" * 64,
    "hash": "0" * 64,
}


@pytest.mark.parametrize("field", [field.name for field in fields(AuditEntry)])
@pytest.mark.parametrize("position", [0, 2, 4])
def test_a_change_of_any_field_is_found(field: str, position: int) -> None:
    entries = chain(5)
    entries[position] = replace(entries[position], **{field: CHANGES[field]})
    assert broken_link(entries) is entries[position]


def test_words_that_moved_to_the_next_field_are_a_change() -> None:
    (entry,) = chain(1)
    moved = replace(entry, before=entry.before + entry.after, after="")
    assert broken_link([moved]) is moved


def test_a_forger_who_hashes_anew_must_forge_all_that_follows() -> None:
    entries = chain(3)
    forged = seal(replace(entries[0], reason="另有隐情"), START)
    assert broken_link([forged, *entries[1:]]) is entries[1]


def test_what_is_missing_doubled_or_out_of_order_is_found() -> None:
    one, two, three = chain(3)
    assert broken_link([one, three]) is three
    assert broken_link([two, three]) is two
    assert broken_link([one, one]) is one
    assert broken_link([one, three, two]) is three


def test_a_chain_can_be_checked_from_any_place_on() -> None:
    entries = chain(4)
    assert broken_link(entries[2:], link(entries[1])) is None
    assert fits(entries[2], link(entries[1]))
    assert not fits(entries[2], Link(2, ""))


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(NOON.astimezone(timezone(timedelta(hours=8))), id="in another zone"),
        pytest.param(datetime(2026, 3, 2, 4, tzinfo=UTC), id="written differently"),
    ],
)
def test_one_instant_has_one_hash(at: datetime) -> None:
    (entry,) = chain(1)
    assert seal(replace(entry, at=at), START) == entry
