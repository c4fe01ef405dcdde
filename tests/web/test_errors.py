"""Every error of ours has a status of its own, and a body a program can read."""

import inspect

import pytest

from app.core import errors
from app.core.errors import Conflict, GuardError, NeedsConfirmation
from app.web.errors import STATUS, problem_of, status_of
from tests.values import MOCKED

OURS = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, GuardError)]


@pytest.mark.parametrize("cls", OURS)
def test_every_error_stands_in_the_table(cls: type[GuardError]) -> None:
    assert cls in STATUS


def test_a_conflict_says_who_was_first() -> None:
    problem = problem_of(Conflict("decided", by="李审核", state="approved"))
    assert (problem.error, problem.decided_by, problem.state) == ("conflict", "李审核", "approved")


def test_a_question_for_confirmation_carries_the_verdict() -> None:
    problem = problem_of(NeedsConfirmation(MOCKED))
    assert problem.verdict is not None
    assert [finding.rule for finding in problem.verdict.findings] == ["mockery.x"]


def test_a_subclass_nobody_listed_gets_its_parents_status() -> None:
    class Unheard(errors.PlatformBusy):
        pass

    assert status_of(Unheard()) == STATUS[errors.PlatformBusy]
