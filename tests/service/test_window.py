"""Who may still answer the webhook."""

from math import inf

from app.service.window import Window


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
