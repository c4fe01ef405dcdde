"""Who may still answer the webhook."""

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
