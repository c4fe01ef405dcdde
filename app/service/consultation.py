"""A second opinion on replies that the rules release only just: when to ask, and what if none comes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from app.core.errors import OpinionError
from app.core.model import Reply, Verdict
from app.core.opinion import Opinion, is_close, judged_also_by, with_opinion, without_opinion
from app.core.policy import CheckPolicy
from app.core.records import Exchange
from app.ports import Observer, SecondOpinion


@dataclass(frozen=True, slots=True)
class Consultation:
    """One channel's."""

    judge: SecondOpinion
    policy: Callable[[], CheckPolicy | None]
    """None: nobody is asked."""
    score_at_least: int
    timeout_s: float
    hold_on_error: bool
    observer: Observer

    async def consult(self, exchange: Exchange, reply: Reply, verdict: Verdict, within_s: float) -> Verdict:
        """The verdict, with the opinion in it if one was asked for. A hold stays a hold.

        Takes at most `within_s` seconds, and never more than `timeout_s`.
        """
        policy = self.policy()
        if policy is None or not is_close(verdict, self.score_at_least):
            return verdict
        channel = exchange.message.channel
        started = perf_counter()
        try:
            opinion = await self._ask(exchange.message.text, reply, verdict, min(within_s, self.timeout_s))
        except OpinionError as error:
            self.observer.failed("opinion", error, channel=channel, exchange=exchange.id)
            answer = "failed"
            verdict = without_opinion(verdict, error.code, policy, hold=self.hold_on_error)
        else:
            answer = "doubtful" if opinion.doubtful else "fine"
            verdict = with_opinion(verdict, opinion, policy)
        self.observer.opinion_given(channel, answer, perf_counter() - started)
        return judged_also_by(verdict, self.judge.version)

    async def _ask(self, message: str, reply: Reply, verdict: Verdict, within_s: float) -> Opinion:
        try:
            async with asyncio.timeout(within_s):
                return await self.judge.ask(reply.text, message, verdict.findings)
        except TimeoutError as error:
            raise OpinionError("the second opinion did not come in time", code="timeout") from error
