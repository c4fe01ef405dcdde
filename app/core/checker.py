"""The check: a reply and its conversation in, a verdict with reasons out. Pure, and it never raises."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from app.core.evidence import Evidence
from app.core.lexicon import Lexicon, Lexicons, compile_lexicons
from app.core.model import Category, Conversation, Finding, Opaque, Reply, Severity, Verdict
from app.core.policy import CheckPolicy, decide
from app.core.rules import Rule, Ruleset
from app.core.scale import Scales
from app.core.sounds import Sound
from app.core.text import Folder
from app.core.wakes import Commonness, plan
from app.core.words import Cut


@dataclass(frozen=True, slots=True)
class Checker:
    """The whole judgement as one value: what it says depends on nothing else."""

    ruleset: Ruleset
    lexicons: Lexicons
    folder: Folder
    cut: Cut
    """Segments a folded text."""
    scales: Scales
    masks: Mapping[int, int]
    """Which bits wake which condition."""
    version: str
    """Content hash of rules, lexicons and dictionary."""

    @classmethod
    def of(
        cls,
        rules: Sequence[Rule],
        lists: Sequence[Lexicon],
        folder: Folder,
        cut: Cut,
        sound: Sound,
        commonness: Commonness,
        scales: Scales,
        version: str,
    ) -> "Checker":
        """`lists` folded already. `commonness` decides how soon a rule is left asleep, never a verdict."""
        planned = plan(rules, lists, commonness)
        lexicons = compile_lexicons(lists, sound, planned.wakes)
        return cls(
            Ruleset(tuple(rules), planned.needs), lexicons, folder, cut, scales, planned.masks, version
        )

    def check(self, reply: Reply, conversation: Conversation, policy: CheckPolicy) -> Verdict:
        """The same reply, conversation, policy and version give the same verdict for ever."""
        try:
            findings = tuple(self._findings(reply, conversation, policy))
        except Exception as error:
            findings = (_system("check-failed", Severity.HIGH, f"检查没有完成（{type(error).__name__}）"),)
        return Verdict(decide(findings, policy), findings, self._version_with(policy))

    def _findings(self, reply: Reply, conversation: Conversation, policy: CheckPolicy) -> Iterator[Finding]:
        yield from _unreadable(reply, policy)
        text = reply.text
        if not text:
            return
        message = self.evidence(conversation.message) if conversation.message else None
        evidence = self.evidence(text, message)
        for finding in (*self.ruleset.evaluate(evidence), *policy.made_up(evidence)):
            yield replace(finding, shadow=True) if policy.shadows(finding.rule) else finding
        if evidence.crowded or (evidence.message and evidence.message.crowded):
            yield _system("crowded", policy.sure_hold, "同样的说法堆得太多，没法逐一判断")

    def evidence(self, text: str, message: Evidence | None = None) -> Evidence:
        """What is known of a text, and of the message it answers."""
        return Evidence(self.folder.fold(text), self.lexicons, self.cut, self.scales, message, self.masks)

    def _version_with(self, policy: CheckPolicy) -> str:
        return _joint_version(self.version, policy.fingerprint)


@lru_cache(maxsize=256)
def _joint_version(version: str, fingerprint: str) -> str:
    return hashlib.sha256(f"{version}:{fingerprint}".encode()).hexdigest()[:16]


def _unreadable(reply: Reply, policy: CheckPolicy) -> Iterator[Finding]:
    """What no rule can judge. Shadow mode does not reach these: there is nothing to measure."""
    if any(isinstance(part, Opaque) for part in reply.parts):
        yield _system("opaque", Severity.HIGH, "回复里有无法识别的内容")
    elif reply.unreadable and policy.unreadable_holds:
        yield _system("unreadable", policy.sure_hold, "回复里有图片、语音、视频等无法检查的内容")
    if not reply.text and not reply.unreadable and not reply.parts:
        yield _system("empty", policy.sure_hold, "回复是空的")


def _system(name: str, severity: Severity, why: str) -> Finding:
    return Finding(f"system.{name}", Category.SYSTEM, severity, why)
