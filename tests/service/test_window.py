"""Who may still answer the webhook."""

from math import inf

import pytest

from app.service.window import LEAST_S, Window, remaining_s


def test_the_first_to_take_has_it() -> None:
    window = Window()
    assert [window.take(), window.take()] == [True, False]


def test_a_final_answer_cannot_be_closed_away() -> None:
    window = Window()
    assert window.take()
    assert window.finalise()
    assert not window.close()


def test_a_closed_window_makes_an_answer_late() -> None:
    window = Window()
    assert window.take()
    assert window.close()
    assert not window.finalise()
    assert window.closed


async def test_a_message_is_on_record_once_that_is_noted() -> None:
    window = Window()
    assert not await window.on_record(within_s=0.01)
    window.note_on_record()
    assert await window.on_record(within_s=0)


def test_the_time_left_is_endless_once_nobody_waits() -> None:
    window = Window(closes_at=104.5)
    assert window.left_s(100.0) == 4.5
    assert window.take()
    assert window.left_s(100.0) == inf


@pytest.mark.parametrize(
    ("late_s", "left_s"),
    [
        pytest.param(0.0, 0.3, id="in time"),
        pytest.param(0.1, 0.2, id="late: the deadline stays where it is"),
        pytest.param(9.0, 0.1, id="far too late: enough to put something down"),
    ],
)
def test_a_timer_that_comes_late_adds_nothing_to_the_time_after_it(late_s: float, left_s: float) -> None:
    assert Window(closes_at=50.0).grace_s(50.0 + late_s, 0.3) == pytest.approx(left_s)


def test_an_answer_may_come_on_record_once_it_is_being_written_or_another_push_was_first() -> None:
    fresh, writing, twin = Window(), Window(), Window()
    writing.take()
    twin.note_repeat()
    assert [one.may_be_answered for one in (fresh, writing, twin)] == [False, True, True]


@pytest.mark.parametrize(
    ("within_s", "waited_s", "left_s"),
    [
        pytest.param(4.5, 0.0, 4.5, id="read at once"),
        pytest.param(4.5, 1.5, 3.0, id="read later"),
        pytest.param(4.5, 4.45, LEAST_S, id="hardly any left"),
        pytest.param(4.5, 30.0, LEAST_S, id="the platform has long hung up"),
        pytest.param(0.05, 0.0, 0.05, id="never more than there was"),
    ],
)
def test_what_a_message_has_waited_is_taken_from_the_answers_time(
    within_s: float, waited_s: float, left_s: float
) -> None:
    assert remaining_s(within_s, waited_s) == left_s
