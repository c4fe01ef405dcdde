"""A policy as configured means what it says."""

from app.core.model import Severity
from app.loading.policies import check_policy
from app.settings import Policy


def test_the_words_of_the_file_become_the_checkers() -> None:
    policy = check_policy(
        Policy(hold_at="low", block_at="never", unreadable="allow", shadow=("tone.slang",), shadow_all=False)
    )
    assert (policy.hold_at, policy.block_at, policy.unreadable_holds) == (Severity.LOW, None, False)
    assert policy.shadows("tone.slang")
    assert not policy.shadows("tone.cold")
